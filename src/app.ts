import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import type { Deps } from "./adapters/ports/deps.ts";
import { guards as createGuards } from "./auth/guards.ts";
import { createSessions } from "./auth/sessions.ts";
import { createTokenCaches } from "./auth/token-cache.ts";
import { consoleFrame } from "./console/frame.ts";
import { mountConsole } from "./console/mount.ts";
import { AppError, problemResponse } from "./errors.ts";
import { declaredBodyCap } from "./http/body.ts";
import { cors } from "./http/cors.ts";
import type { App, AppContext, AppEnv } from "./http/env.ts";
import { literalPaths, unrouted } from "./http/methods.ts";
import { addressLimit } from "./http/rate-limit.ts";
import { requestFrame } from "./http/request-id.ts";
import { requestLog } from "./http/request-log.ts";
import { refuseInvalid } from "./http/validation.ts";
import { mountAccounts } from "./routes/accounts/mount.ts";
import { mountBilling } from "./routes/billing/mount.ts";
import { mountCost } from "./routes/cost/mount.ts";
import { mountDetection } from "./routes/detection/mount.ts";
import { registerProbing } from "./routes/detection/probing.ts";
import { mountEvidence } from "./routes/evidence/mount.ts";
import { mountMetering } from "./routes/metering/mount.ts";
import { registerHealth } from "./routes/platform/health.ts";
import { mountNotify } from "./routes/notify/mount.ts";
import { mountPlatform } from "./routes/platform/mount.ts";
import { mountPublish } from "./routes/publish/mount.ts";
import { mountSlo } from "./routes/slo/mount.ts";
import { mountSteering } from "./routes/steering/mount.ts";
import { registerAuditLog } from "./routes/tenants/audit-log.ts";
import { registerDomainDisputes } from "./routes/tenants/domain-disputes.ts";
import { registerSessions } from "./routes/tenants/sessions.ts";
import { mountTenants } from "./routes/tenants/mount.ts";

/** SQLSTATEs of a statement that lost against another or took too long: a retry may succeed. */
const transient = new Set(["40001", "40P01", "55P03", "57014"]);

const isTransient = (thrown: unknown): boolean =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && transient.has(thrown.code);

/** Maps errors of Hono's validators and of a busy database to AppErrors. */
const asAppError = (thrown: unknown): unknown => {
  if (isTransient(thrown)) {
    return new AppError("unavailable", "the database is busy", { headers: { "retry-after": "1" }, cause: thrown, kind: "busy" });
  }
  if (!(thrown instanceof HTTPException)) return thrown;
  if (thrown.status === 415) return new AppError("unsupported_media_type", "the body must be application/json");
  return thrown.status < 500 ? new AppError("bad_request", "the request is not valid") : thrown;
};

/** The HTTP API. Independent of the provider: it never uses a request's environment or execution context. */
export const createApp = (deps: Deps): App => {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  const caches = createTokenCaches(deps.clock);
  const guards = createGuards(deps, caches);
  const sessions = createSessions(deps);

  const render = (thrown: unknown, c: AppContext): Response => {
    const error = asAppError(thrown);
    const { requestId } = c.var;
    if (!(error instanceof AppError) || error.code === "internal") {
      deps.log.error("request_failed", error, { requestId, method: c.req.method });
    } else if (error.code === "unavailable") {
      deps.log.error("request_unserved", error, { requestId, method: c.req.method });
    }
    return problemResponse(error, requestId);
  };

  app.use(requestLog(deps), requestFrame(deps.random, render), cors(deps.config.corsOrigins));
  app.use("/console/*", consoleFrame(deps));
  app.use(addressLimit(deps), declaredBodyCap, literalPaths(app));
  app.onError(render);
  app.notFound(unrouted(app));

  // The OpenAPI document has the routes in the order in which they are mounted. It is kept stable for those who compare documents: that
  // is why a few are not mounted with the rest of their room.
  registerHealth(app, deps);
  mountTenants(app, deps, guards, caches);
  registerProbing(app, deps, guards);
  registerDomainDisputes(app, deps, guards);
  mountDetection(app, deps, guards);
  mountEvidence(app, deps, guards);
  mountSteering(app, deps, guards);
  mountMetering(app, deps, guards);
  mountBilling(app, deps, guards);
  registerAuditLog(app, deps, guards);
  mountPlatform(app, deps, guards);
  mountNotify(app, deps, guards);
  mountSlo(app, deps, guards);
  mountCost(app, deps, guards);
  registerSessions(app, sessions, guards);
  mountAccounts(app, deps, guards);
  mountPublish(app, deps, guards);
  mountConsole(app, deps, sessions, caches);
  return app;
};
