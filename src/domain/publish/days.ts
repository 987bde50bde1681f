import { percentOf } from "../slo/figures.ts";
import { isInsufficient } from "../slo/status.ts";

/** Days of which a bar is shown, the present one included. UTC. */
export const shownDays = 90;

const dayUs = 86_400_000_000;

/** What was measured of a service on a UTC day, as objectives count it: corrections are taken out of all but `correctedUs`. Microseconds. */
export type MeasuredDay = {
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly measuredUs: number;
  readonly downUs: number;
  /** Time that a correction takes out, since the service was first measured. */
  readonly correctedUs: number;
};

/** `none`: not measured, or under 90 percent of it and no downtime seen; a little: less than 5 percent of what was measured. */
export type DayLevel = "none" | "full" | "little" | "much";

export type DayBar = {
  readonly day: number;
  readonly level: DayLevel;
  /** Of the measured time, in percent, rounded down at the fifth decimal; null: nothing was measured. */
  readonly percent: number | null;
  readonly downUs: number;
  /** What was not measured of the day so far, since the service was first measured. */
  readonly unmeasuredUs: number;
};

export type Uptime = {
  /** Ascending; the last one is the present day. */
  readonly bars: readonly DayBar[];
  /** Of all that was measured in these days. */
  readonly percent: number | null;
  readonly downUs: number;
  /** Days of which nothing, or too little, was measured. */
  readonly daysWithout: number;
};

const levelOf = (measuredUs: number, downUs: number, elapsedUs: number): DayLevel => {
  // Downtime that was seen is shown, however little was measured beside it.
  if (downUs > 0) return downUs * 20 < measuredUs ? "little" : "much";
  return measuredUs <= 0 || isInsufficient({ measuredUs, elapsedUs }) ? "none" : "full";
};

/**
 * The bars of a service. What was not measured is never shown as good.
 * @param measured in any order; a day without an entry was not measured
 * @param trackedUs when the service was first measured, microseconds since the epoch; null: never
 */
export const uptimeOf = (measured: readonly MeasuredDay[], trackedUs: number | null, nowUs: number): Uptime => {
  const byDay = new Map(measured.map((one) => [one.day, one]));
  const today = Math.floor(nowUs / dayUs);
  const total = { measuredUs: 0, downUs: 0 };
  const bars = Array.from({ length: shownDays }, (_, nth): DayBar => {
    const day = today - shownDays + 1 + nth;
    const { measuredUs = 0, downUs = 0, correctedUs = 0 } = byDay.get(day) ?? {};
    const sinceUs = Math.max(day * dayUs, trackedUs ?? Number.POSITIVE_INFINITY);
    const elapsedUs = Math.max(0, Math.min((day + 1) * dayUs, nowUs) - sinceUs - correctedUs);
    total.measuredUs += measuredUs;
    total.downUs += downUs;
    return {
      day,
      level: levelOf(measuredUs, downUs, elapsedUs),
      percent: percentOf(measuredUs - downUs, measuredUs),
      downUs,
      unmeasuredUs: Math.max(0, elapsedUs - measuredUs),
    };
  });
  return {
    bars,
    percent: percentOf(total.measuredUs - total.downUs, total.measuredUs),
    downUs: total.downUs,
    daysWithout: bars.filter(({ level }) => level === "none").length,
  };
};
