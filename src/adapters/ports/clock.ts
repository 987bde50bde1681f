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

/** Is told what the database's clock said between two moments on this machine's own. All are epoch milliseconds. */
export interface TimeKeeper {
  /** This machine's own time. */
  localMs(): number;
  heard(databaseMs: number, askedLocalMs: number, answeredLocalMs: number): void;
  /** Samples were refused that claimed to come from the future. */
  refused(samples: number): void;
}
