import type { Clock } from "../adapters/ports/platform/clock.ts";

/**
 * Waits for work, but no longer than that; it is not stopped, and what becomes of it later is not told.
 * @param ms milliseconds
 * @returns `otherwise` where it takes longer
 * @throws what the work throws in time
 */
export const patiently = async <T, Otherwise>(clock: Clock, work: Promise<T>, ms: number, otherwise: Otherwise): Promise<T | Otherwise> => {
  const done = new AbortController();
  // Aborted only once the race is decided: a sleep cut short by the work's own end must not win it.
  try {
    return await Promise.race([work, clock.sleep(ms, done.signal).then(() => otherwise)]);
  } finally {
    done.abort();
  }
};
