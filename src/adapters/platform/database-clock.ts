import { tolerableSkewMs } from "../../domain/coordination/clock-skew.ts";
import type { Clock, SharedClock, TimeKeeper } from "../ports/platform/clock.ts";
import type { Log } from "../ports/platform/log.ts";

/** How often a clock that is off is logged. */
const tellAgainMs = 600_000;

/** The maximum age of a reading: an older one is refreshed before something is begun. */
const staleMs = 60_000;

/** The longest wait for the time. */
const patienceMs = 2_000;

export type DatabaseClockOptions = {
  /** The machine's clock, used until the database has been read. */
  readonly platform: Clock;
  /** A monotonic timer, such as `performance.now`. */
  readonly timerMs: () => number;
  /** Reads the database's clock. */
  readonly ask: () => Promise<number>;
  readonly log: Pick<Log, "warn">;
};

/**
 * The database's clock, advanced by the machine's timer between readings. As long as a reading lies between request
 * and response by this clock, it is not adjusted: so it does not jitter with the latency of readings.
 */
export const createDatabaseClock = ({ platform, timerMs, ask, log }: DatabaseClockOptions): SharedClock & TimeKeeper => {
  /** The time when the timer stood at 0. */
  let originMs: number | null = null;
  let heardAtTimerMs = Number.NEGATIVE_INFINITY;
  let toldAtTimerMs = Number.NEGATIVE_INFINITY;
  let skewMs: number | null = null;
  let correctedMs = 0;

  const at = (timer: number): number => (originMs === null ? platform.nowMs() - (timerMs() - timer) : originMs + timer);

  const heard = (databaseMs: number, askedTimerMs: number, answeredTimerMs: number): void => {
    if (!Number.isFinite(databaseMs)) return;
    const betweenMs = (askedTimerMs + answeredTimerMs) / 2;
    skewMs = Math.round(platform.nowMs() - (timerMs() - betweenMs) - databaseMs);
    // A millisecond on either side: the database's time is truncated to whole ones.
    const isPlausible = databaseMs >= at(askedTimerMs) - 1 && databaseMs <= at(answeredTimerMs) + 1;
    const wasMs = at(answeredTimerMs);
    originMs = isPlausible ? at(answeredTimerMs) - answeredTimerMs : databaseMs - betweenMs;
    correctedMs += at(answeredTimerMs) - wasMs;
    heardAtTimerMs = answeredTimerMs;
    if (Math.abs(skewMs) <= tolerableSkewMs || answeredTimerMs - toldAtTimerMs < tellAgainMs) return;
    toldAtTimerMs = answeredTimerMs;
    log.warn("clock_skew", { seconds: skewMs / 1_000 });
  };

  const nowMs = (): number => Math.floor(at(timerMs()));

  return {
    nowMs,
    sleep: platform.sleep,
    timerMs,
    heard,
    refused: (samples) => log.warn("samples_refused", { samples, reason: "their time is beyond the database's" }),
    skewMs: () => skewMs,
    correctedMs: () => correctedMs,
    toPlatform: (ms) => Math.ceil(platform.nowMs() + ms - at(timerMs())),
    sync: async () => {
      const askedMs = timerMs();
      if (askedMs - heardAtTimerMs < staleMs) return;
      const done = new AbortController();
      const answer = ask().then(
        (databaseMs) => heard(databaseMs, askedMs, timerMs()),
        () => undefined,
      );
      await Promise.race([answer, platform.sleep(patienceMs, done.signal)]);
      done.abort();
    },
  };
};
