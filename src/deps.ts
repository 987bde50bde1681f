import { createCallCounter } from "./adapters/call-counter.ts";
import { createCloudflareUsage } from "./adapters/cdn/cloudflare.ts";
import { createClientAddress } from "./adapters/client-address.ts";
import { createAuditLogStore } from "./adapters/db/audit-log.ts";
import { createAvailabilityStore } from "./adapters/db/availability.ts";
import { createBillingStore } from "./adapters/db/billing.ts";
import type { Database } from "./adapters/db/client.ts";
import { connect } from "./adapters/db/client.ts";
import { createCustomerStore } from "./adapters/db/customers.ts";
import { createDnsSetupStore } from "./adapters/db/dns-setup.ts";
import { createDomainStore } from "./adapters/db/domains.ts";
import { createIdempotencyStore } from "./adapters/db/idempotency.ts";
import { createIngestStore } from "./adapters/db/ingest.ts";
import { createInvoiceStore } from "./adapters/db/invoices.ts";
import { createJobRunStore } from "./adapters/db/job-runs.ts";
import { createLeaseStore } from "./adapters/db/leases.ts";
import { createMetricsStore } from "./adapters/db/metrics.ts";
import { createObservationStore } from "./adapters/db/observations.ts";
import { createPolicyStore } from "./adapters/db/policies.ts";
import { createReadiness } from "./adapters/db/readiness.ts";
import { createRoundStore } from "./adapters/db/rounds.ts";
import { createRoutingStore } from "./adapters/db/routing.ts";
import { createServiceStore } from "./adapters/db/services.ts";
import { createSettingsStore } from "./adapters/db/settings.ts";
import { createStormStore } from "./adapters/db/storms.ts";
import { createTokenStore } from "./adapters/db/tokens.ts";
import { createUsageStore } from "./adapters/db/usage-store.ts";
import { systemClock } from "./adapters/clock.ts";
import { createDnsLog } from "./adapters/dns-log.ts";
import { createJwtVerifier } from "./adapters/jwt.ts";
import { createConsoleLog } from "./adapters/log.ts";
import type { Clock } from "./adapters/ports/clock.ts";
import type { Deps } from "./adapters/ports/deps.ts";
import type { Log } from "./adapters/ports/log.ts";
import type { Random } from "./adapters/ports/random.ts";
import { createProber } from "./adapters/prober.ts";
import { systemRandom } from "./adapters/random.ts";
import { createRateLimits } from "./adapters/rate-limit.ts";
import { createResolver } from "./adapters/resolver.ts";
import { createRoute53 } from "./adapters/route53/route53.ts";
import type { Config } from "./config.ts";
import type { JobDeps } from "./cron/schedule.ts";

/** What a provider, or a test, brings along instead of the platform's own. */
export type Runtime = {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Keeps the invocation alive until the promise settles. Without it background work is not awaited. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /** What the platform binds beside variables, by name: rate limiters. */
  readonly bindings?: Readonly<Record<string, unknown>>;
};

const send: typeof fetch = (input, init) => fetch(input, init);

/** As it stands in the connection string, and decoded where it can be. */
const passwordsIn = (databaseUrl: string): readonly string[] => {
  const raw = /^[^:]+:\/\/[^:@/]+:([^@]*)@/.exec(databaseUrl)?.[1] ?? "";
  return /%(?![0-9a-f]{2})/i.test(raw) ? [raw] : [raw, decodeURIComponent(raw)];
};

/** What must never stand in a log line, wherever it came from. */
const secretsOf = (config: Config): readonly string[] => {
  const { auth, route53, cloudflare } = config;
  const keys = route53.credentials;
  return [
    auth.adminToken, auth.jwtSecret, config.metricsToken, config.cronSecret, keys?.secretAccessKey, keys?.sessionToken,
    cloudflare?.apiToken, ...passwordsIn(config.databaseUrl),
  ].filter((text) => typeof text === "string");
};

/** What runs the jobs beside the API. Without credentials DNS is only logged, and no CDN is measured. */
const buildJobDeps = (config: Config, db: Database, clock: Clock, random: Random, log: Log): JobDeps => {
  const chance = () => Math.random();
  const { credentials, ...route53 } = config.route53;
  const dnsCalls = createCallCounter("route53_calls");
  return {
    clock,
    random,
    log,
    provider: config.provider,
    vantage: config.provider,
    leases: createLeaseStore(db),
    jobRuns: createJobRunStore(db),
    settings: createSettingsStore(db),
    rounds: createRoundStore(db),
    ingest: createIngestStore(db),
    billingStore: createBillingStore(db),
    prober: createProber(send, clock.nowMs),
    observations: createObservationStore(db),
    lookup: createResolver(config.dohEndpoints, send),
    dns:
      credentials === null
        ? createDnsLog({ log: (line) => log.info("dns_log", { line }) })
        : createRoute53({ ...route53, credentials, fetch: send, clock, random: chance, onCall: dnsCalls.add }),
    takeDnsCalls: dnsCalls.take,
    usageSources:
      config.cloudflare === null
        ? []
        : [createCloudflareUsage({ ...config.cloudflare, fetch: send, sleep: clock.sleep, random: chance, now: clock.nowMs })],
    slowPaths: new Set(),
    probe: config.probe,
    driftCheckMs: config.driftCheckMs,
    usageWindows: config.usage,
    billing: config.billing,
  };
};

/** Constructs every adapter. Nothing is connected or asked yet. */
export const buildDeps = (config: Config, runtime: Runtime = {}): Deps & JobDeps => {
  const clock = runtime.clock ?? systemClock;
  const log = runtime.log ?? createConsoleLog(clock, { provider: config.provider }, secretsOf(config));
  const random = runtime.random ?? systemRandom;
  const db = connect(config.databaseUrl, config.neonFetchEndpoint);
  return {
    ...buildJobDeps(config, db, clock, random, log),
    config,
    readiness: createReadiness(db, clock, config.usage.windowMs / 1_000),
    jwt: createJwtVerifier(config.auth, clock),
    idempotency: createIdempotencyStore(db),
    customers: createCustomerStore(db),
    tokens: createTokenStore(db),
    services: createServiceStore(db),
    domains: createDomainStore(db),
    dnsSetup: createDnsSetupStore(db),
    policies: createPolicyStore(db),
    storms: createStormStore(db),
    routing: createRoutingStore(db),
    usage: createUsageStore(db),
    invoices: createInvoiceStore(db),
    availability: createAvailabilityStore(db),
    auditLog: createAuditLogStore(db),
    metrics: createMetricsStore(db),
    resolver: createResolver(config.dohEndpoints, send),
    rateLimits: createRateLimits(config.rateLimits, runtime.bindings ?? {}, clock, log),
    clientAddress: createClientAddress(config.provider),
    measuredCdns: config.cloudflare === null ? [] : ["cloudflare"],
    background: (work) => {
      const settled = work.catch((error: unknown) => log.error("background_failed", error));
      runtime.waitUntil?.(settled);
    },
  };
};
