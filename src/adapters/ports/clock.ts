/** Time, as an argument: the one way in which anything below `deps.ts` learns what time it is or waits. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /**
   * Resolves after at least `ms` milliseconds; at once for zero or less.
   * @param until wakes the sleeper early. A timer that nobody needs any more keeps an invocation alive, which costs.
   */
  sleep(ms: number, until?: AbortSignal): Promise<void>;
}
