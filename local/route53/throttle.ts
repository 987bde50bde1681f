export interface TokenBucket {
  /** Takes one token; false when there is none, which does not delay the refill. */
  take(): boolean;
}

/** The account-wide request limit of Route 53: `burst` requests at once, refilled at `ratePerSecond`. */
export function createTokenBucket(options: { ratePerSecond: number; burst: number; now: () => number }): TokenBucket {
  const { ratePerSecond, burst, now } = options;
  let tokens = burst;
  let refilledAtMs = now();
  return {
    take() {
      const atMs = now();
      tokens = Math.min(burst, tokens + (Math.max(0, atMs - refilledAtMs) * ratePerSecond) / 1000);
      refilledAtMs = atMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
