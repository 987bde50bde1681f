import { unlessAborted } from "./deadline.ts";

/** Work that many may ask for at once and that is done once. */
export type SingleFlight<T> = {
  /**
   * Joins the work under way, or starts it. Who waits does so until its own signal aborts, and the work goes on.
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
