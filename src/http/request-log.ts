import { matchedRoutes } from "hono/route";
import type { Deps } from "../adapters/ports/deps.ts";
import type { AppContext, AppMiddleware } from "./env.ts";

/** The path as it was registered: what a client typed may hold anything. */
const routePattern = (c: AppContext): string =>
  matchedRoutes(c).findLast(({ method }) => method !== "ALL")?.path ?? "unrouted";

const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** One line a request: who asked for what, how it went, how long it took. No header, query or body goes in. */
export const requestLog =
  (deps: Pick<Deps, "log" | "clock">): AppMiddleware =>
  async (c, next) => {
    const startedAtMs = deps.clock.nowMs();
    await next();
    deps.log.info("request", {
      requestId: c.var.requestId,
      method: knownMethods.has(c.req.method) ? c.req.method : "other",
      route: routePattern(c),
      status: c.res.status,
      durationMs: deps.clock.nowMs() - startedAtMs,
      customerId: c.var.customerId,
    });
  };
