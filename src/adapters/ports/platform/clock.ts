/** Time, as an argument: below `deps.ts` the only way to read the clock or to sleep. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /**
   * Resolves after at least `ms` milliseconds; at once for zero or less.
   * @param until wakes the sleeper early. A leftover timer keeps an invocation alive, which costs.
   */
  sleep(ms: number, until?: AbortSignal): Promise<void>;
}

/** Receives readings of the database's clock, between two readings of this machine's timer. All are milliseconds. */
export interface TimeKeeper {
  /** The timer: monotonic, unaffected by changes of the machine's clock, with an arbitrary origin. */
  timerMs(): number;
  /** @param databaseMs epoch milliseconds, requested and answered at these readings of the timer */
  heard(databaseMs: number, askedTimerMs: number, answeredTimerMs: number): void;
  /** Samples with a time in the future were rejected. */
  refused(samples: number): void;
}

/** A clock synchronised to the database's: both providers then number slots alike. */
export interface SharedClock extends Clock {
  /** Synchronises where the last reading is old. Never fails, nor takes longer than 2 s. */
  sync(): Promise<void>;
  /** The platform's own time at a time of this clock: for alarms that the platform runs. */
  toPlatform(ms: number): number;
  /** The sum of all adjustments of this clock so far: to translate earlier times. */
  correctedMs(): number;
  /** By how much the platform's clock is ahead of the database's; null: not measured. */
  skewMs(): number | null;
}
