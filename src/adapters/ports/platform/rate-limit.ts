/** Counts requests by key; accuracy and scope (isolate, location) depend on the platform. */
export interface RateLimiter {
  /**
   * Counts one request, or the cost of one.
   * @param cost whole number, 1 or more
   * @returns null while that is within the limit, else the seconds of Retry-After
   */
  take(key: string, cost?: number): Promise<number | null>;
}

export type RateLimits = {
  /** Every request of a client address, before authentication. */
  readonly perAddress: RateLimiter;
  /** Requests of a verified credential; and the costs of a customer's expensive ones, across its credentials. */
  readonly perCredential: RateLimiter;
  /** Refused credentials of a client address. */
  readonly refusals: RateLimiter;
  /** Install telemetry of a client address. */
  readonly sessions: RateLimiter;
};
