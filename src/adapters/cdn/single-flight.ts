import { unlessAborted } from "./deadline.ts";

/** Deduplicates concurrent calls for the same work. */
export type SingleFlight<T> = {
  /**
   * Joins the work in flight, or starts it. A caller waits until its own signal aborts; the work goes on.
   * @throws what the work throws, or what `late` makes
   */
  readonly join: (start: () => Promise<T>, signal: AbortSignal, late: () => Error) => Promise<T>;
};

/**
 * @param patienceMs how long work is joined after its start: an invocation that ends takes its requests with it, and work
 *   that will never end must not keep the next invocation waiting
 */
export const createSingleFlight = <T>(now: () => number, patienceMs: number): SingleFlight<T> => {
  let flight: { readonly work: Promise<T>; readonly startedAtMs: number } | null = null;
  return {
    join: (start, signal, late) => {
      if (flight === null || now() >= flight.startedAtMs + patienceMs) {
        const work = start();
        const own = { work, startedAtMs: now() };
        flight = own;
        const land = (): void => {
          if (flight === own) flight = null;
        };
        work.then(land, land);
      }
      return unlessAborted(flight.work, signal, late);
    },
  };
};
