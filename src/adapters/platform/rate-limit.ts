import type { Clock } from "../ports/platform/clock.ts";
import type { Log } from "../ports/platform/log.ts";
import type { RateLimiter, RateLimits } from "../ports/platform/rate-limit.ts";

const minuteMs = 60_000;

/** Keys with a counter of their own, per minute. */
const ownCounts = 10_000;

/** Counters for the keys beyond those, shared by hash. */
const sharedCounts = 4_096;

/** What the platform binds under `[[ratelimits]]` (Cloudflare: rate limiting binding). */
type Binding = { limit(options: { key: string }): Promise<{ success: boolean }> };

const isBinding = (value: unknown): value is Binding =>
  typeof value === "object" && value !== null && typeof (value as { limit?: unknown }).limit === "function";

/** The binding does not report when its minute ends. */
const bindingRetrySeconds = 60;

/** A failing limiter must not block requests: it fails open, and logs it. */
export const boundLimiter = (binding: Binding, log: Log): RateLimiter => ({
  take: async (key, cost = 1) => {
    try {
      // It counts calls only: a higher cost is that many calls.
      for (let counted = 0; counted < cost; counted += 1) if (!(await binding.limit({ key })).success) return bindingRetrySeconds;
      return null;
    } catch (error) {
      log.error("rate_limit_failed", error);
      return null;
    }
  },
});

/** The shared counter of a key without one of its own (FNV-1a). */
const placeOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % sharedCounts;
};

/**
 * Fixed one-minute windows in the memory of one isolate. No counter is evicted before its minute is over, however many other
 * keys come: the first ones of a minute have a counter each, and those beyond share some, so that in a flood of keys a new
 * one may be limited too early, and none too late.
 * @param limit requests a minute for each key; 0: no limit
 */
export const memoryLimiter = (limit: number, clock: Clock): RateLimiter => {
  let minute = -1;
  const counts = new Map<string, number>();
  const shared = new Float64Array(sharedCounts);
  const add = (key: string, cost: number): number => {
    const own = counts.get(key);
    if (own !== undefined || counts.size < ownCounts) {
      counts.set(key, (own ?? 0) + cost);
      return (own ?? 0) + cost;
    }
    const place = placeOf(key);
    shared[place] = (shared[place] ?? 0) + cost;
    return shared[place];
  };
  return {
    take: async (key, cost = 1) => {
      if (limit === 0) return null;
      const nowMs = clock.nowMs();
      const current = Math.floor(nowMs / minuteMs);
      if (current !== minute) {
        counts.clear();
        shared.fill(0);
      }
      minute = current;
      // A cost above the limit takes a whole minute.
      return add(key, Math.min(cost, limit)) <= limit ? null : Math.max(1, Math.ceil(((current + 1) * minuteMs - nowMs) / 1_000));
    },
  };
};

/**
 * The platform's rate limiter where it is bound, else this isolate's.
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
