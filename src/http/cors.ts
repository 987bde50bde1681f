import type { AppMiddleware } from "./env.ts";

const allowedHeaders = "Authorization, X-API-Key, X-Customer-ID, Idempotency-Key, Content-Type, X-Request-Id";
const exposedHeaders = "Link, X-Request-Id, Idempotency-Replayed, Retry-After";
const preflightSeconds = "600";

/**
 * Lets pages of exactly these origins read the answers (Fetch Standard, CORS protocol). Credentials are headers that
 * a page sets itself, so cookies are not involved. With no origins nothing is added.
 */
export const cors = (origins: readonly string[]): AppMiddleware => {
  const allowed = new Set(origins);
  return async (c, next) => {
    await next();
    if (allowed.size === 0) return;
    const { headers } = c.res;
    headers.append("vary", "Origin");
    const origin = c.req.header("origin");
    if (origin === undefined || !allowed.has(origin)) return;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", exposedHeaders);
    const methods = headers.get("allow");
    if (c.req.method !== "OPTIONS" || methods === null) return;
    headers.set("access-control-allow-methods", methods);
    headers.set("access-control-allow-headers", allowedHeaders);
    headers.set("access-control-max-age", preflightSeconds);
  };
};
