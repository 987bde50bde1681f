import { createCallCounter } from "./adapters/platform/call-counter.ts";
import { createCloudflareUsage } from "./adapters/cdn/cloudflare/cloudflare-usage.ts";
import { createCustomerSources } from "./adapters/cdn/customer-sources.ts";
import { createFastlyUsage } from "./adapters/cdn/fastly/fastly-usage.ts";
import { createClientAddress } from "./adapters/platform/client-address.ts";
import { createAdminTokenStore } from "./adapters/db/tenants/admin-tokens.ts";
import { createAuditLogStore } from "./adapters/db/tenants/audit-log.ts";
import { createAvailabilityStore } from "./adapters/db/detection/availability.ts";
import { createBillingStore } from "./adapters/db/billing/billing.ts";
import { createBillingProfileStore } from "./adapters/db/billing/billing-profiles.ts";
import { createBillingTermsStore } from "./adapters/db/billing/billing-terms.ts";
import { createCdnAccountStore } from "./adapters/db/metering/cdn-accounts.ts";
import type { Database } from "./adapters/db/platform/client.ts";
import { connect, databaseTime } from "./adapters/db/platform/client.ts";
import { createCorroborationStore } from "./adapters/db/detection/corroboration.ts";
import { createCustomerStore } from "./adapters/db/tenants/customers.ts";
import { createDnsAccountStore, sealedDnsAccounts } from "./adapters/db/steering/dns-accounts.ts";
import { createDnsSetupStore } from "./adapters/db/steering/dns-setup.ts";
import { createDomainStore } from "./adapters/db/tenants/domains.ts";
import { createEvidenceAnchorStore } from "./adapters/db/evidence/evidence-anchors.ts";
import { createEvidenceStore } from "./adapters/db/evidence/evidence.ts";
import { createFreezeStore } from "./adapters/db/steering/freeze.ts";
import { createIdempotencyStore } from "./adapters/db/tenants/idempotency.ts";
import { createIngestStore } from "./adapters/db/metering/ingest.ts";
import { createInvoiceDocumentStore } from "./adapters/db/billing/invoice-documents.ts";
import { createInvoiceLinkStore } from "./adapters/db/billing/invoice-links.ts";
import { createInvoicePreviewStore } from "./adapters/db/billing/invoice-preview.ts";
import { createInvoiceStore } from "./adapters/db/billing/invoices.ts";
import { createJobRunStore } from "./adapters/db/coordination/job-runs.ts";
import { createLeaseStore } from "./adapters/db/coordination/leases.ts";
import { createLineFactsStore } from "./adapters/db/billing/line-facts.ts";
import { createMetricsStore } from "./adapters/db/coordination/metrics.ts";
import { createObservationStore } from "./adapters/db/steering/observations.ts";
import { createZoneGrantStore } from "./adapters/db/steering/zone-grants.ts";
import { createZoneBindings } from "./adapters/route53/zone-bindings.ts";
import { createRoleTrust } from "./adapters/route53/trust.ts";
import { defaultPartition, partitionOf } from "./domain/steering/aws-partition.ts";
import { createOwnershipStore } from "./adapters/db/tenants/ownership.ts";
import { createPolicyStore } from "./adapters/db/detection/policies.ts";
import { createPruneStore } from "./adapters/db/coordination/prune.ts";
import { createQuotaStore } from "./adapters/db/tenants/quotas.ts";
import { createReadiness } from "./adapters/db/coordination/readiness.ts";
import { createRecordedTraces } from "./adapters/db/detection/recorded-traces.ts";
import { createRetentionStore } from "./adapters/db/coordination/retention.ts";
import { createRollupStore } from "./adapters/db/detection/rollups.ts";
import { createReconciliationStore } from "./adapters/db/billing/reconciliation.ts";
import { createRoundStore } from "./adapters/db/round/rounds.ts";
import { createRoutingStore } from "./adapters/db/steering/routing.ts";
import { createServiceStore } from "./adapters/db/tenants/services.ts";
import { createSettingsStore } from "./adapters/db/coordination/settings.ts";
import { createStandingStore } from "./adapters/db/steering/standing.ts";
import { createStatusStore } from "./adapters/db/coordination/status.ts";
import { createStormStore } from "./adapters/db/detection/storms.ts";
import { createTargetStore } from "./adapters/db/detection/targets.ts";
import { createTelemetryStore } from "./adapters/db/platform/telemetry.ts";
import { createTickRunStore } from "./adapters/db/coordination/tick-runs.ts";
import { createTokenStore } from "./adapters/db/tenants/tokens.ts";
import { createCorrectionStore } from "./adapters/db/metering/usage-requests.ts";
import { createUsageStore } from "./adapters/db/metering/usage-store.ts";
import { systemClock } from "./adapters/platform/clock.ts";
import { createDatabaseClock } from "./adapters/platform/database-clock.ts";
import { createDnsDirectory } from "./adapters/route53/dns-directory.ts";
import { createDnsLog } from "./adapters/route53/dns-log.ts";
import { createDurableShards, isShardNamespace } from "./adapters/providers/durable-shards.ts";
import { createHttpShards } from "./adapters/providers/http-shards.ts";
import { createJwtVerifier } from "./adapters/platform/jwt.ts";
import { createLinkTokens } from "./adapters/platform/link-tokens.ts";
import { createConsoleLog } from "./adapters/platform/log.ts";
import { createEvidenceSigner } from "./adapters/evidence/evidence-signer.ts";
import { createNameServers } from "./adapters/dns/name-servers.ts";
import { createPeer } from "./adapters/providers/peer.ts";
import { createColo, fixedPlace } from "./adapters/providers/probe-location.ts";
import type { EvidenceSigner } from "./adapters/ports/evidence/evidence-signer.ts";
import type { Clock, SharedClock, TimeKeeper } from "./adapters/ports/platform/clock.ts";
import type { Deps } from "./adapters/ports/deps.ts";
import type { Dispatcher } from "./adapters/ports/coordination/dispatcher.ts";
import type { LinkTokens } from "./adapters/ports/billing/invoice-links.ts";
import type { Log } from "./adapters/ports/platform/log.ts";
import type { Connect } from "./adapters/ports/steering/name-servers.ts";
import type { Random } from "./adapters/ports/platform/random.ts";
import type { Secrets } from "./adapters/ports/platform/secrets.ts";
import { createProber } from "./adapters/probing/prober.ts";
import { systemRandom } from "./adapters/platform/random.ts";
import { createRateLimits } from "./adapters/platform/rate-limit.ts";
import { createResolver } from "./adapters/dns/resolver.ts";
import { createSecrets } from "./adapters/platform/secrets.ts";
import { createConsentReader } from "./adapters/probing/target-consent.ts";
import { createRole } from "./adapters/route53/role.ts";
import { createRoute53 } from "./adapters/route53/route53.ts";
import { createTimestamps } from "./adapters/evidence/timestamps.ts";
import type { Config } from "./config.ts";
import { runShard } from "./cron/rounds/dispatch.ts";
import type { JobDeps } from "./cron/schedule.ts";
import { createFirstProofs } from "./pipeline/steering/first-proofs.ts";
import { isJobName, runJob } from "./cron/schedule.ts";
import { toHex } from "./domain/platform/hex.ts";

/** What a provider, or a test, supplies instead of the platform's defaults. */
export type Runtime = {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Keeps the invocation alive until the promise settles. Without it background work is not kept alive. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /** The platform's bindings besides variables, by name: rate limiters, the shard objects. */
  readonly bindings?: Readonly<Record<string, unknown>>;
  /** Opens TCP connections. Without it a zone's name servers are not queried. */
  readonly connect?: Connect;
};

const send: typeof fetch = (input, init) => fetch(input, init);

/** As written in the connection string, and decoded where it can be. */
const passwordsIn = (databaseUrl: string): readonly string[] => {
  const raw = /^[^:]+:\/\/[^:@/]+:([^@]*)@/.exec(databaseUrl)?.[1] ?? "";
  return /%(?![0-9a-f]{2})/i.test(raw) ? [raw] : [raw, decodeURIComponent(raw)];
};

/** Texts that must never be in a log line. */
const secretsOf = (config: Config): readonly string[] => {
  const { auth, route53, cloudflare } = config;
  const keys = route53.credentials;
  return [
    auth.adminToken, auth.jwtSecret, auth.gatewaySecret, config.metricsToken, config.cronSecret, config.wauReadToken, keys?.secretAccessKey, keys?.sessionToken,
    cloudflare?.apiToken, config.fastly?.apiToken, ...config.secretsKeys, config.evidence.signingKey, ...passwordsIn(config.databaseUrl),
  ].filter((text) => typeof text === "string");
};

/** Starts invocations for shards; null: all run in the cron invocation. */
const dispatcherOf = ({ selfUrl, cronSecret }: Config, bindings: Readonly<Record<string, unknown>>): Dispatcher | null => {
  const namespace = bindings["SHARDS"];
  if (isShardNamespace(namespace)) return createDurableShards(namespace);
  return selfUrl === null || cronSecret === null ? null : createHttpShards({ selfUrl, cronSecret, fetch: send });
};

const secretBox = ({ secretsKeys: [first, ...older] }: Config, random: Random): Secrets | null =>
  first === undefined ? null : createSecrets([first, ...older], random);

const evidenceSigner = ({ evidence: { signingKey, publicKeys } }: Config): EvidenceSigner | null =>
  signingKey === null ? null : createEvidenceSigner(signingKey, publicKeys);

const linkTokens = ({ secretsKeys: [first, ...older] }: Config): LinkTokens | null =>
  first === undefined ? null : createLinkTokens([first, ...older]);
/** The database's clock, advanced by the machine's timer. */
const databaseClock = (db: Database, log: Log): SharedClock & TimeKeeper =>
  createDatabaseClock({
    platform: systemClock,
    timerMs: () => performance.now(),
    ask: async () => (await db.rows<{ nowMs: number }>(databaseTime))[0]?.nowMs ?? Number.NaN,
    log,
  });

/** Time-out of STS. */
const stsTimeoutMs = 5_000;

/** The dependencies of the jobs. Without credentials DNS is only logged, and no CDN is measured. */
const buildJobDeps = (
  config: Config, db: Database, clock: Clock, time: (SharedClock & TimeKeeper) | null, random: Random, log: Log, dispatcher: Dispatcher | null,
  signer: EvidenceSigner | null, open: Connect | null,
): JobDeps & Pick<Deps, "dnsDirectory" | "zoneGrants" | "zoneBindings" | "roleTrust"> => {
  const chance = () => Math.random();
  const world = { fetch: send, sleep: clock.sleep, random: chance, now: clock.nowMs };
  const { credentials, endpoint, region, stsEndpoint } = config.route53;
  const dnsCalls = createCallCounter("route53_calls");
  const ownership = createOwnershipStore(db);
  const resolver = createResolver(config.dohEndpoints, send);
  const zoneGrants = createZoneGrantStore(db);
  const zoneBindings = createZoneBindings(zoneGrants, clock);
  const stsOf = (at: string) => stsEndpoint ?? `https://sts.${at}.${(partitionOf(at) ?? defaultPartition).dnsSuffix}`;
  const strangeId = () => `tranche-nobody-${toHex(random.bytes(16))}`;
  const roleTrust =
    credentials === null ? null : createRoleTrust({ home: { endpoint: stsOf(region), region }, endpointOf: stsOf, credentials, fetch: send, clock, timeoutMs: stsTimeoutMs, strangeId });
  const operatorDns =
    credentials === null
      ? createDnsLog({ log: (line) => log.info("dns_log", { line }) })
      : createRoute53({ endpoint, region, credentials, fetch: send, clock, random: chance, onCall: dnsCalls.add });
  return {
    clock,
    ...(time !== null && { sharedClock: time }),
    random,
    log,
    provider: config.provider,
    vantage: config.provider,
    place: config.provider === "cloudflare" ? createColo(send, clock) : fixedPlace(config.region),
    preferredProvider: config.preferredProvider,
    handBackAfterMs: config.handBackAfterMs,
    peer: createPeer({ url: config.peerUrl, provider: config.provider === "cloudflare" ? "vercel" : "cloudflare", fetch: send, nowMs: clock.nowMs }),
    leases: createLeaseStore(db, config.leaseTtlMs),
    jobRuns: createJobRunStore(db),
    jobHistory: createJobRunStore(db),
    tickRuns: createTickRunStore(db),
    overtimeMs: config.overtimeMs,
    settings: createSettingsStore(db),
    dispatcher,
    rounds: createRoundStore(db, config.leaseTtlMs, time, config.domainVerification),
    ingest: createIngestStore(db),
    billingStore: createBillingStore(db),
    reconciliation: createReconciliationStore(db),
    rollups: createRollupStore(db),
    pruning: createPruneStore(db),
    retention: createRetentionStore(db),
    auditRetentionMs: config.auditRetentionMs,
    sampleRetentionMs: config.sampleRetentionMs,
    sessionTtlMs: config.sessionTtlMs,
    prober: createProber(send, () => performance.now()),
    observations: createObservationStore(db),
    standing: createStandingStore(db, config.domainVerification),
    ownership,
    resolver,
    zoneGrants,
    zoneBindings,
    roleTrust,
    requireProof: config.domainVerification,
    ...(config.domainVerification && { firstProofs: createFirstProofs({ ownership, resolver, clock }) }),
    lookup: resolver,
    nameServers: open && createNameServers(open, random, config.nameServersEndpoint),
    targets: createTargetStore(db, config.domainVerification),
    consent: createConsentReader(send),
    checksTargets: !config.allowPrivateTargets,
    dns: operatorDns,
    dnsDirectory: createDnsDirectory({
      operator: operatorDns,
      accounts: (customerIds) => sealedDnsAccounts(db, customerIds),
      secrets: secretBox(config, random),
      clock,
      endpoint: config.route53.customEndpoint,
      bindings: zoneBindings,
      assume:
        credentials === null || roleTrust === null
          ? null
          : (place, role) =>
              roleTrust.foreignOnly(role.roleArn, createRole({ ...place, ...role, endpoint: stsEndpoint ?? place.endpoint, credentials, fetch: send, clock, timeoutMs: stsTimeoutMs })),
      connect: (place, keys) => createRoute53({ ...place, credentials: keys, fetch: send, clock, random: chance, onCall: dnsCalls.add }),
    }),
    takeDnsCalls: dnsCalls.take,
    usageSources: [
      ...(config.cloudflare === null ? [] : [createCloudflareUsage({ ...config.cloudflare, ...world })]),
      ...(config.fastly === null ? [] : [createFastlyUsage({ ...config.fastly, endpoint: config.fastlyEndpoint, ...world })]),
    ],
    customerSources: createCustomerSources(db, secretBox(config, random), {
      ...world, cloudflareEndpoint: config.cloudflareEndpoint, fastlyEndpoint: config.fastlyEndpoint,
    }),
    slowPaths: new Set(),
    probe: config.probe,
    requestLimit: config.requestLimit,
    driftCheckMs: config.driftCheckMs,
    evidenceSigner: signer,
    evidenceAnchors: createEvidenceAnchorStore(db),
    timestamps: config.evidence.timestampUrl === null ? null : createTimestamps(config.evidence.timestampUrl, send, random),
    usageWindows: config.usage,
    billing: config.billing,
    credit: config.credit,
    corroboration: createCorroborationStore(db, config.domainVerification),
    canaries: config.corroboration.canaries,
    minWitnesses: config.corroboration.minWitnesses,
  };
};

/** Constructs every adapter. Nothing is connected or queried yet. */
export const buildDeps = (config: Config, runtime: Runtime = {}): Deps & JobDeps => {
  const log = runtime.log ?? createConsoleLog(runtime.clock ?? systemClock, { provider: config.provider }, secretsOf(config));
  const random = runtime.random ?? systemRandom;
  const db = connect(config.databaseUrl, config.neonFetchEndpoint);
  // A supplied clock is used unchanged.
  const time = runtime.clock === undefined ? databaseClock(db, log) : null;
  const clock = runtime.clock ?? time ?? systemClock;
  const status = createStatusStore(db);
  const signer = evidenceSigner(config);
  const signing = signer && { signer, clock };
  const jobDeps = buildJobDeps(config, db, clock, time, random, log, dispatcherOf(config, runtime.bindings ?? {}), signer, runtime.connect ?? null);
  return {
    ...jobDeps,
    config,
    runShard: (shard, scheduledAtMs) => runShard(jobDeps, shard, scheduledAtMs),
    readiness: createReadiness(db, clock, config.usage.windowMs / 1_000, status),
    status,
    jwt: createJwtVerifier(config.auth, clock, send),
    idempotency: createIdempotencyStore(db),
    customers: createCustomerStore(db),
    tokens: createTokenStore(db, config.quotas),
    adminTokens: createAdminTokenStore(db),
    services: createServiceStore(db, config.quotas, signing),
    domains: createDomainStore(db, config.quotas),
    dnsSetup: createDnsSetupStore(db, config.domainVerification),
    dnsAccounts: createDnsAccountStore(db, secretBox(config, random)),
    quotas: createQuotaStore(db, config.quotas, config.domainVerification),
    policies: createPolicyStore(db, config.quotas, signing),
    storms: createStormStore(db, signing),
    evidence: createEvidenceStore(db),
    evidenceSigner: signer,
    routing: createRoutingStore(db),
    freeze: createFreezeStore(db),
    usage: createUsageStore(db),
    corrections: createCorrectionStore(db),
    cdnAccounts: createCdnAccountStore(db, secretBox(config, random)),
    billingTerms: createBillingTermsStore(db),
    billingProfiles: createBillingProfileStore(db),
    invoices: createInvoiceStore(db),
    invoicePreview: createInvoicePreviewStore(db),
    invoiceDocuments: createInvoiceDocumentStore(db),
    invoiceLinks: createInvoiceLinkStore(db),
    linkTokens: linkTokens(config),
    lineFacts: createLineFactsStore(db),
    availability: createAvailabilityStore(db),
    recordedTraces: createRecordedTraces(db),
    auditLog: createAuditLogStore(db),
    metrics: createMetricsStore(db),
    telemetry: createTelemetryStore(db),
    jobs: { run: (job, scheduledAtMs, onRound) => (isJobName(job) ? runJob({ ...jobDeps, onRound }, job, scheduledAtMs) : null) },
    sealKeys: async () => (await secretBox(config, random)?.keyIds()) ?? [],
    rateLimits: createRateLimits(config.rateLimits, runtime.bindings ?? {}, clock, log),
    clientAddress: createClientAddress(config.provider),
    measuredCdns: (["cloudflare", "fastly"] as const).filter((cdn) => config[cdn] !== null),
    background: (work) => {
      const settled = work.catch((error: unknown) => log.error("background_failed", error));
      runtime.waitUntil?.(settled);
    },
  };
};
