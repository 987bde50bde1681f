import type { Clock } from "../adapters/ports/platform/clock.ts";

/**
 * Waits for work with a time-out; the work is not stopped, and its later result is ignored.
 * @param ms milliseconds
 * @returns `otherwise` where it takes longer
 * @throws what the work throws in time
 */
export const patiently = async <T, Otherwise>(clock: Clock, work: Promise<T>, ms: number, otherwise: Otherwise): Promise<T | Otherwise> => {
  const done = new AbortController();
  // Aborted only after the race is decided: a sleep aborted by the work's end must not win it.
  try {
    return await Promise.race([work, clock.sleep(ms, done.signal).then(() => otherwise)]);
  } finally {
    done.abort();
  }
};
