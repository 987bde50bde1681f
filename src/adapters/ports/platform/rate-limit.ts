/** Counts what one key does; how exactly, and over how many machines, is the platform's. */
export interface RateLimiter {
  /**
   * Counts one more, or as many as something is worth.
   * @param cost whole number, 1 or more
   * @returns null while that is within the limit, else the seconds after which to come again
   */
  take(key: string, cost?: number): Promise<number | null>;
}

export type RateLimits = {
  /** Every request of a client address, before anybody asks who it is. */
  readonly perAddress: RateLimiter;
  /** Requests of a verified credential; and what expensive ones of a customer are worth, whosever of its credentials they come with. */
  readonly perCredential: RateLimiter;
  /** Credentials of a client address that were refused. */
  readonly refusals: RateLimiter;
  /** Install telemetry of a client address. */
  readonly sessions: RateLimiter;
};
