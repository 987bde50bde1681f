import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import type { Deps } from "./adapters/ports/deps.ts";
import { guards as createGuards } from "./auth/guards.ts";
import { createTokenCaches } from "./auth/token-cache.ts";
import { AppError, problemResponse } from "./errors.ts";
import { declaredBodyCap } from "./http/body.ts";
import { cors } from "./http/cors.ts";
import type { App, AppContext, AppEnv } from "./http/env.ts";
import { unrouted } from "./http/methods.ts";
import { addressLimit } from "./http/rate-limit.ts";
import { requestFrame } from "./http/request-id.ts";
import { requestLog } from "./http/request-log.ts";
import { refuseInvalid } from "./http/validation.ts";
import { registerAdminTokens } from "./routes/tenants/admin-tokens.ts";
import { registerAuditLog } from "./routes/tenants/audit-log.ts";
import { registerAvailability } from "./routes/detection/availability.ts";
import { registerBacktest } from "./routes/detection/backtest.ts";
import { registerCron } from "./routes/platform/cron.ts";
import { registerBillingProfile } from "./routes/billing/billing-profile.ts";
import { registerBillingTerms } from "./routes/billing/billing-terms.ts";
import { registerCdnAccounts } from "./routes/metering/cdn-accounts.ts";
import { registerCustomers } from "./routes/tenants/customers.ts";
import { registerDnsAccounts } from "./routes/steering/dns-accounts.ts";
import { registerDocs } from "./routes/platform/docs.ts";
import { registerDomainDisputes } from "./routes/tenants/domain-disputes.ts";
import { registerDomains } from "./routes/tenants/domains.ts";
import { registerDrift } from "./routes/steering/drift.ts";
import { registerEvidence } from "./routes/evidence/evidence.ts";
import { registerEvidenceAnchors } from "./routes/evidence/evidence-anchors.ts";
import { registerEvidenceKeys } from "./routes/evidence/evidence-keys.ts";
import { registerFreeze } from "./routes/steering/freeze.ts";
import { registerHealth } from "./routes/platform/health.ts";
import { registerIamPolicy } from "./routes/steering/iam-policy.ts";
import { registerInternalShards } from "./routes/platform/internal-shards.ts";
import { registerInvoiceExplain } from "./routes/billing/invoice-explain.ts";
import { registerInvoiceLinks } from "./routes/billing/invoice-links.ts";
import { registerInvoicePage } from "./routes/billing/invoice-page.ts";
import { registerInvoicePreview } from "./routes/billing/invoice-preview.ts";
import { registerInvoices } from "./routes/billing/invoices.ts";
import { registerIssuer } from "./routes/billing/issuer.ts";
import { registerMetrics } from "./routes/platform/metrics.ts";
import { registerOpenApi } from "./routes/platform/openapi.ts";
import { registerOverride } from "./routes/steering/override.ts";
import { registerProbing } from "./routes/detection/probing.ts";
import { registerProvision } from "./routes/steering/provision.ts";
import { registerQuotas } from "./routes/tenants/quotas.ts";
import { registerReadiness } from "./routes/steering/readiness.ts";
import { registerRouting } from "./routes/steering/routing.ts";
import { registerServices } from "./routes/tenants/services.ts";
import { registerSharedInvoice } from "./routes/billing/shared-invoice.ts";
import { registerStandingFailover } from "./routes/steering/standing-failover.ts";
import { registerStatus } from "./routes/platform/status.ts";
import { registerStormPolicies } from "./routes/detection/storm-policies.ts";
import { registerStorms } from "./routes/detection/storms.ts";
import { registerTelemetry } from "./routes/platform/telemetry.ts";
import { registerTokens } from "./routes/tenants/tokens.ts";
import { registerCorrections } from "./routes/metering/corrections.ts";
import { registerUsage } from "./routes/metering/usage.ts";
import { registerVerification } from "./routes/tenants/verification.ts";
import { registerZoneGrants } from "./routes/steering/zone-grants.ts";

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
  app.use(addressLimit(deps), declaredBodyCap);
  app.onError(render);
  app.notFound(unrouted(app));

  registerHealth(app, deps);
  registerCustomers(app, deps, guards);
  registerTokens(app, deps, guards, caches);
  registerAdminTokens(app, deps, guards, caches);
  registerQuotas(app, deps, guards);
  registerServices(app, deps, guards);
  registerDomains(app, deps, guards);
  registerVerification(app, deps, guards);
  registerProbing(app, deps, guards);
  registerDomainDisputes(app, deps, guards);
  registerStormPolicies(app, deps, guards);
  registerBacktest(app, deps, guards);
  registerAvailability(app, deps, guards);
  registerStorms(app, deps, guards);
  registerEvidence(app, deps, guards);
  registerEvidenceKeys(app, deps);
  registerEvidenceAnchors(app, deps, guards);
  registerRouting(app, deps, guards);
  registerOverride(app, deps, guards);
  registerFreeze(app, deps, guards);
  registerDrift(app, deps, guards);
  registerIamPolicy(app, deps, guards);
  registerDnsAccounts(app, deps, guards);
  registerZoneGrants(app, deps, guards);
  registerReadiness(app, deps, guards);
  registerProvision(app, deps, guards);
  registerStandingFailover(app, deps, guards);
  registerUsage(app, deps, guards);
  registerCorrections(app, deps, guards);
  registerCdnAccounts(app, deps, guards);
  registerBillingTerms(app, deps, guards);
  registerBillingProfile(app, deps, guards);
  registerIssuer(app, deps, guards);
  // Before the route that would parse "preview" as an id.
  registerInvoicePreview(app, deps, guards);
  registerInvoices(app, deps, guards);
  registerInvoiceExplain(app, deps, guards);
  registerInvoicePage(app, deps, guards);
  registerInvoiceLinks(app, deps, guards);
  registerSharedInvoice(app, deps);
  registerAuditLog(app, deps, guards);
  registerMetrics(app, deps);
  registerStatus(app, deps, guards);
  registerTelemetry(app, deps);
  registerCron(app, deps);
  registerInternalShards(app, deps);
  registerOpenApi(app);
  registerDocs(app);
  return app;
};
