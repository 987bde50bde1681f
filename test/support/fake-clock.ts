import type { Clock } from "../../src/adapters/ports/platform/clock.ts";

type Sleeper = { readonly atMs: number; readonly wake: () => void };

export type FakeClock = Clock & {
  /** Moves time on, waking sleepers in their order and letting each do its work. */
  advance(ms: number): Promise<void>;
  /**
   * Waits for work by moving time on whenever nothing else is left to do. Nobody sleeps for real.
   * @throws Error where the work waits for something that will never come
   */
  run<T>(work: Promise<T>): Promise<T>;
};

/** Lets everything that is ready now happen: promises, and the answers of fakes. */
const turns = async (): Promise<void> => {
  for (let count = 0; count < 4; count += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** @param busy true while real work (a query) is under way, during which time must stand */
export const createFakeClock = (startMs = Date.parse("2026-11-18T11:20:00Z"), busy: () => boolean = () => false): FakeClock => {
  let nowMs = startMs;
  let sleepers: Sleeper[] = [];

  const wakeNext = (untilMs: number): boolean => {
    const next = sleepers.reduce<Sleeper | null>((first, one) => (first === null || one.atMs < first.atMs ? one : first), null);
    if (next === null || next.atMs > untilMs) return false;
    sleepers = sleepers.filter((one) => one !== next);
    nowMs = Math.max(nowMs, next.atMs);
    next.wake();
    return true;
  };

  return {
    nowMs: () => nowMs,
    sleep: (ms, until) => {
      if (ms <= 0 || until?.aborted === true) return Promise.resolve();
      return new Promise((wake) => {
        const sleeper = { atMs: nowMs + ms, wake };
        sleepers.push(sleeper);
        until?.addEventListener("abort", () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          wake();
        });
      });
    },
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await turns();
      while (wakeNext(untilMs)) await turns();
      nowMs = untilMs;
    },
    run: async <T>(work: Promise<T>) => {
      let settled = false;
      const note = () => {
        settled = true;
      };
      work.then(note, note);
      for (let idle = 0; ;) {
        await turns();
        if (settled) return await work;
        if (busy()) await new Promise((resolve) => setTimeout(resolve, 0));
        else idle = wakeNext(Number.POSITIVE_INFINITY) ? 0 : idle + 1;
        if (idle > 1_000) throw new Error("the work waits for something that will never come");
      }
    },
  };
};
