import { matchedRoutes } from "hono/route";
import type { Deps } from "../adapters/ports/deps.ts";
import type { AppContext, AppMiddleware } from "./env.ts";

/** The path as registered: what a client sent is untrusted. */
const routePattern = (c: AppContext): string => matchedRoutes(c).findLast(({ method }) => method !== "ALL")?.path ?? "unrouted";

const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

const reads = new Set(["GET", "HEAD", "OPTIONS"]);
const slowMs = 1_000;

/**
 * One line for every write, refusal, failure and slow answer: caller, route, result, duration. A successful
 * read is left to the platform's own request log: a second line would cost more than the answer. No
 * header but the caller's own request id, no query and no body is logged.
 */
export const requestLog =
  (deps: Pick<Deps, "log" | "clock">): AppMiddleware =>
  async (c, next) => {
    const startedAtMs = deps.clock.nowMs();
    await next();
    const durationMs = deps.clock.nowMs() - startedAtMs;
    if (reads.has(c.req.method) && c.res.status < 400 && durationMs < slowMs) return;
    deps.log.info("request", {
      requestId: c.var.requestId,
      ...(c.var.clientRequestId !== undefined && { clientRequestId: c.var.clientRequestId }),
      method: knownMethods.has(c.req.method) ? c.req.method : "other",
      route: routePattern(c),
      status: c.res.status,
      durationMs,
      customerId: c.var.customerId,
    });
  };
