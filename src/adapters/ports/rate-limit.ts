/** Counts what one key does; how exactly, and over how many machines, is the platform's. */
export interface RateLimiter {
  /** Counts one more. @returns null while that is within the limit, else the seconds after which to come again */
  take(key: string): Promise<number | null>;
}

export type RateLimits = {
  /** Every request of a client address, before anybody asks who it is. */
  readonly perAddress: RateLimiter;
  /** Requests of a verified credential. */
  readonly perCredential: RateLimiter;
  /** Credentials of a client address that were refused. */
  readonly refusals: RateLimiter;
  /** Install telemetry of a client address. */
  readonly sessions: RateLimiter;
};
