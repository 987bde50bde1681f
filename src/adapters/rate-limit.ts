import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { RateLimiter, RateLimits } from "./ports/rate-limit.ts";

const minuteMs = 60_000;
const maxKeys = 10_000;

/** What the platform binds under `[[ratelimits]]` (Cloudflare: rate limiting binding). */
type Binding = { limit(options: { key: string }): Promise<{ success: boolean }> };

const isBinding = (value: unknown): value is Binding =>
  typeof value === "object" && value !== null && typeof (value as { limit?: unknown }).limit === "function";

/** The binding does not say when its minute is over. */
const bindingRetrySeconds = 60;

/** A limiter that is out of order must not close the door: it lets pass, and says so. */
export const boundLimiter = (binding: Binding, log: Log): RateLimiter => ({
  take: async (key) => {
    try {
      return (await binding.limit({ key })).success ? null : bindingRetrySeconds;
    } catch (error) {
      log.error("rate_limit_failed", error);
      return null;
    }
  },
});

/**
 * Whole minutes in the memory of one isolate.
 * @param limit requests a minute for each key; 0: no limit
 */
export const memoryLimiter = (limit: number, clock: Clock): RateLimiter => {
  let minute = -1;
  const counts = new Map<string, number>();
  return {
    take: async (key) => {
      if (limit === 0) return null;
      const nowMs = clock.nowMs();
      const current = Math.floor(nowMs / minuteMs);
      // Forgetting everybody costs one minute's accuracy; remembering everybody would cost the memory.
      if (current !== minute || counts.size >= maxKeys) counts.clear();
      minute = current;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return count <= limit ? null : Math.max(1, Math.ceil(((current + 1) * minuteMs - nowMs) / 1_000));
    },
  };
};

/**
 * The platform's own counting where it is bound, else this isolate's.
 * @param bindings the environment of the Worker: `LIMIT_ADDRESS`, `LIMIT_CREDENTIAL`, `LIMIT_REFUSALS`, `LIMIT_SESSIONS`
 *   (wrangler.toml)
 */
export const createRateLimits = (
  limits: { readonly perAddress: number; readonly perCredential: number; readonly refusals: number; readonly sessions: number },
  bindings: Readonly<Record<string, unknown>>,
  clock: Clock,
  log: Log,
): RateLimits => {
  const limiter = (name: string, limit: number): RateLimiter => {
    const binding = bindings[name];
    return isBinding(binding) ? boundLimiter(binding, log) : memoryLimiter(limit, clock);
  };
  return {
    perAddress: limiter("LIMIT_ADDRESS", limits.perAddress),
    perCredential: limiter("LIMIT_CREDENTIAL", limits.perCredential),
    refusals: limiter("LIMIT_REFUSALS", limits.refusals),
    sessions: limiter("LIMIT_SESSIONS", limits.sessions),
  };
};
