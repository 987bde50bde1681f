/** Time, as an argument: the one way in which anything below `deps.ts` learns what time it is or waits. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Resolves after at least `ms` milliseconds; at once for zero or less. */
  sleep(ms: number): Promise<void>;
}
