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

/** Is told what the database's clock said between two moments on a timer of this machine. All are milliseconds. */
export interface TimeKeeper {
  /** The timer: it runs evenly, whatever is done to the machine's clock, and begins anywhere. */
  timerMs(): number;
  /** @param databaseMs epoch milliseconds, asked for and answered at these moments of the timer */
  heard(databaseMs: number, askedTimerMs: number, answeredTimerMs: number): void;
  /** Samples were refused that claimed to come from the future. */
  refused(samples: number): void;
}

/** A clock that goes by the database's once it has heard that: both providers then mean the same slot by the same number. */
export interface SharedClock extends Clock {
  /** Hears what time it is where nobody has for a while. Never fails, nor takes longer than 2 s. */
  sync(): Promise<void>;
  /** The platform's own time at a moment of this clock: what the platform is to do something by. */
  toPlatform(ms: number): number;
  /** By how much this clock has been put forward so far, all together: what was a moment of it before is another one since. */
  correctedMs(): number;
  /** By how much the platform's clock is ahead of the database's; null: not measured. */
  skewMs(): number | null;
}
