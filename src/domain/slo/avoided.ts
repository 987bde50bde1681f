import { rfc3339, startOfMonth } from "../platform/calendar.ts";

/** A stretch of time, half-open; integer microseconds since 1970. */
export type Stretch = { readonly fromUs: number; readonly toUs: number };

/** The parts of these stretches that lie within the bounds, in the order of time; empty ones are left out. */
export const within = (stretches: readonly Stretch[], bounds: Stretch): readonly Stretch[] =>
  stretches
    .map(({ fromUs, toUs }) => ({ fromUs: Math.max(fromUs, bounds.fromUs), toUs: Math.min(toUs, bounds.toUs) }))
    .filter(({ fromUs, toUs }) => toUs > fromUs)
    .sort((a, b) => a.fromUs - b.fromUs);

/** The sum of their lengths, microseconds. Stretches that overlap count twice. */
export const lengthUs = (stretches: readonly Stretch[]): number => stretches.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);

/** What visitors got in a storm, as recorded (decision 66). Microseconds. */
export type StormDowntime = {
  /** In which the primary was down, and visitors got the backup, which was up. */
  readonly avoidedUs: number;
  readonly downUs: number;
  /** In which nobody knew what visitors got. */
  readonly unmeasuredUs: number;
  /** The downtime by who is to blame, at most `blamedListed` of them, the most first; null: the service itself. */
  readonly blamed: readonly { readonly upstreamCdn: string | null; readonly us: number }[];
  /** What a minute of downtime costs, as the service states it; null: it does not. */
  readonly centsPerMinute: number | null;
  /** Of the customer's terms (ISO 4217). */
  readonly currency: string;
};

export const blamedListed = 10;

/** The greatest amount that has an exact number. */
const most = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * What so much downtime costs, in minor units of the customer's currency: multiplied first, divided once, halves away from zero.
 * @param us microseconds, 0 or more
 * @param centsPerMinute 0 or more; null: the service does not state it, and nothing is known of money
 * @throws RangeError where `us` or `centsPerMinute` is no integer
 */
export const downtimeCents = (us: number, centsPerMinute: number | null): number | null => {
  if (centsPerMinute === null) return null;
  const cents = (BigInt(us) * BigInt(centsPerMinute) + 30_000_000n) / 60_000_000n;
  return Number(cents < most ? cents : most);
};

/** A time as text, exact: `2026-11-27T15:04:05.123456Z`. @param us microseconds since 1970, below 2^53: up to the year 2255 */
export const microsecondText = (us: number): string => {
  const ms = Math.floor(us / 1_000);
  return `${rfc3339(ms).slice(0, -1)}${String(us - ms * 1_000).padStart(3, "0")}Z`;
};

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z$/;

/** @returns the microseconds of such a text; null: it is none */
export const microsecondsOf = (text: string): number | null => {
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, us = 0] = (shape.exec(text) ?? []).slice(1).map(Number);
  const inDay = (hours * 60 + minutes) * 60 + seconds;
  const found = (startOfMonth(0, (year - 1970) * 12 + month - 1) + ((day - 1) * 86_400 + inDay) * 1_000) * 1_000 + us;
  return Number.isSafeInteger(found) && found >= 0 && microsecondText(found) === text ? found : null;
};
