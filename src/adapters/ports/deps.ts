import type { Config } from "../../config.ts";
import type { AdjustmentStore } from "./billing/adjustments.ts";
import type { FindingStore } from "./billing/findings.ts";
import type { ShardControl } from "./coordination/shard-control.ts";
import type { Resealer } from "./platform/reseal.ts";
import type { AccountStore } from "./tenants/accounts.ts";
import type { AdminTokenStore } from "./tenants/admin-tokens.ts";
import type { AuditLogStore } from "./tenants/audit-log.ts";
import type { AvailabilityStore } from "./detection/availability.ts";
import type { BillingProfileStore } from "./billing/billing-profiles.ts";
import type { BillingTermsStore } from "./billing/billing-terms.ts";
import type { Channels } from "./notify/channel.ts";
import type { ChannelStore } from "./notify/channels.ts";
import type { NotifyHistory } from "./notify/history.ts";
import type { CostBoardStore } from "./cost/board.ts";
import type { AnomalyStore } from "./cost/anomalies.ts";
import type { DeadLetterStore } from "./cost/dead-letters.ts";
import type { CostModeStore } from "./cost/modes.ts";
import type { CostRateStore } from "./cost/rates.ts";
import type { SeriesStore } from "./cost/series.ts";
import type { CostSummaryStore } from "./cost/summary.ts";
import type { ZombieStore } from "./cost/zombies.ts";
import type { CdnAccountStore } from "./metering/cdn-accounts.ts";
import type { BreakerStore } from "./platform/breakers.ts";
import type { Clock } from "./platform/clock.ts";
import type { Archive } from "./cost/archive.ts";
import type { CallerIdentity } from "./cost/caller-identity.ts";
import type { TrailFiles } from "./cost/trail-files.ts";
import type { CostEventStore } from "./cost/ingest.ts";
import type { CorrectionStore } from "./metering/corrections.ts";
import type { CustomerStore } from "./tenants/customers.ts";
import type { Shard } from "./coordination/shards.ts";
import type { DowntimeAvoidedStore } from "./slo/downtime-avoided.ts";
import type { DnsDirectory, RoleTrustCheck } from "./steering/dns-access.ts";
import type { CostDirectory } from "./cost/access.ts";
import type { CostAccountStore } from "./cost/accounts.ts";
import type { DnsAccountStore } from "./steering/dns-accounts.ts";
import type { DnsSetupStore } from "./steering/dns-setup.ts";
import type { DomainStore } from "./tenants/domains.ts";
import type { EvidenceStore } from "./evidence/evidence.ts";
import type { EvidenceAnchorStore } from "./evidence/evidence-anchors.ts";
import type { EvidenceSigner } from "./evidence/evidence-signer.ts";
import type { FleetStore } from "./steering/fleet.ts";
import type { CustomerFreezeStore, FreezeStore } from "./steering/freeze.ts";
import type { PanicStore } from "./steering/panic.ts";
import type { IdempotencyStore } from "./tenants/idempotency.ts";
import type { InvoiceDocumentStore } from "./billing/invoice-documents.ts";
import type { InvoiceLinkStore, LinkTokens } from "./billing/invoice-links.ts";
import type { InvoicePreviewStore } from "./billing/invoice-preview.ts";
import type { InvoiceStore } from "./billing/invoices.ts";
import type { Jobs } from "./coordination/job-runs.ts";
import type { JwtVerifier, TokenStore } from "./tenants/tokens.ts";
import type { LeaseStore } from "./coordination/lease.ts";
import type { LineFactsStore } from "./billing/line-facts.ts";
import type { Mailer } from "./platform/mailer.ts";
import type { Passwords } from "./platform/passwords.ts";
import type { Log } from "./platform/log.ts";
import type { MetricsStore } from "./coordination/metrics.ts";
import type { OwnershipStore } from "./tenants/ownership.ts";
import type { PolicyStore } from "./detection/policies.ts";
import type { ProbeAgentStore } from "./detection/probe-agents.ts";
import type { Prober } from "./detection/probe.ts";
import type { PublishedPages, StatusIncidentStore, StatusPageStore } from "./publish/status-pages.ts";
import type { QuotaStore } from "./tenants/quotas.ts";
import type { Random } from "./platform/random.ts";
import type { RateLimits } from "./platform/rate-limit.ts";
import type { Readiness, StatusStore } from "./coordination/status.ts";
import type { RecordedTraces } from "./detection/recorded-trace.ts";
import type { Lookup, Resolver } from "./steering/resolver.ts";
import type { RoutingStore } from "./steering/routing.ts";
import type { ObjectiveMeasures, ObjectiveStore } from "./slo/objectives.ts";
import type { ServiceStore } from "./tenants/services.ts";
import type { SessionStore, SessionTokens } from "./tenants/sessions.ts";
import type { SloCorrectionStore } from "./slo/corrections.ts";
import type { SloHistory, SloProgress } from "./slo/history.ts";
import type { StandingStore } from "./steering/standing.ts";
import type { ServiceAxis } from "./detection/service-axis.ts";
import type { StormStore } from "./detection/storms.ts";
import type { TargetStore } from "./detection/targets.ts";
import type { TelemetryStore } from "./platform/telemetry.ts";
import type { UsageStore } from "./metering/usage-store.ts";
import type { ZoneBindings, ZoneGrantStore } from "./steering/zone-grants.ts";

/** What every route needs. */
export interface PlatformDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly telemetry: TelemetryStore;
  readonly breakerStore: BreakerStore;
  readonly rateLimits: RateLimits;
  /** Names of the keys that open kept secrets, the newest first, which seals; none: no secrets are kept. */
  sealKeys(): Promise<readonly string[]>;
  /** Null: without SECRETS_KEY no secrets are kept. */
  readonly resealer: Resealer | null;
  /** The key by which clients are distinguished, where the platform provides a trusted address. */
  clientAddress(headers: Headers): string;
  /** Continues work after the answer was sent; a failure is logged. */
  background(work: Promise<unknown>): void;
}

/** How people are told. */
export interface NotifyDeps {
  readonly channels: Channels;
  readonly channelStore: ChannelStore;
  readonly notifyHistory: NotifyHistory;
}

/** Customers, credentials and rights, services and their names. */
export interface TenantDeps {
  /** Null: JSON Web Tokens are not configured. */
  readonly jwt: JwtVerifier | null;
  /** Null: without SECRETS_KEY nobody signs in to the console. */
  readonly sessionTokens: SessionTokens | null;
  readonly sessionStore: SessionStore;
  /** Null: this deployment has no local accounts, and people sign in by tokens alone. */
  readonly accounts: AccountStore | null;
  /** Null: without local accounts. */
  readonly passwords: Passwords | null;
  /** Null: no mail is sent from here. */
  readonly mailer: Mailer | null;
  readonly idempotency: IdempotencyStore;
  readonly customers: CustomerStore;
  readonly tokens: TokenStore;
  readonly adminTokens: AdminTokenStore;
  readonly quotas: QuotaStore;
  readonly services: ServiceStore;
  readonly domains: DomainStore;
  readonly ownership: OwnershipStore;
  readonly auditLog: AuditLogStore;
}

/** Probing and detection. */
export interface DetectionDeps {
  readonly prober: Prober;
  readonly targets: TargetStore;
  readonly policies: PolicyStore;
  readonly storms: StormStore;
  readonly availability: AvailabilityStore;
  readonly serviceAxis: ServiceAxis;
  readonly recordedTraces: RecordedTraces;
  readonly probeAgents: ProbeAgentStore;
}

/** DNS: desired and live records, and the credentials for changes. */
export interface SteeringDeps {
  readonly routing: RoutingStore;
  readonly freeze: FreezeStore;
  readonly customerFreeze: CustomerFreezeStore;
  readonly panic: PanicStore;
  readonly fleet: FleetStore;
  readonly standing: StandingStore;
  readonly dnsSetup: DnsSetupStore;
  readonly dnsDirectory: DnsDirectory;
  readonly dnsAccounts: DnsAccountStore;
  readonly zoneGrants: ZoneGrantStore;
  readonly zoneBindings: ZoneBindings;
  /** Null: the operator has no AWS credentials that a role could trust. */
  readonly roleTrust: RoleTrustCheck | null;
  readonly resolver: Resolver;
  /** What visitors get from the public DNS. */
  readonly lookup: Lookup;
}

/** Usage by CDN. */
export interface MeteringDeps {
  readonly usage: UsageStore;
  readonly corrections: CorrectionStore;
  readonly cdnAccounts: CdnAccountStore;
  /** Names of the CDNs whose bytes an adapter measures. */
  readonly measuredCdns: readonly string[];
}

/** Billing and its documents. */
export interface BillingDeps {
  readonly billingTerms: BillingTermsStore;
  readonly billingProfiles: BillingProfileStore;
  readonly invoices: InvoiceStore;
  readonly invoicePreview: InvoicePreviewStore;
  readonly invoiceDocuments: InvoiceDocumentStore;
  readonly invoiceLinks: InvoiceLinkStore;
  /** Null: without SECRETS_KEY no link is made, and none is valid. */
  readonly linkTokens: LinkTokens | null;
  readonly lineFacts: LineFactsStore;
  readonly findings: FindingStore;
  readonly adjustments: AdjustmentStore;
}

/** Evidence of decisions. */
export interface EvidenceDeps {
  readonly evidence: EvidenceStore;
  readonly evidenceAnchors: EvidenceAnchorStore;
  /** Null: without EVIDENCE_SIGNING_KEY nothing is signed. */
  readonly evidenceSigner: EvidenceSigner | null;
}

/** What visitors got, and what was promised of it. */
export interface SloDeps {
  readonly downtimeAvoided: DowntimeAvoidedStore;
  readonly objectives: ObjectiveStore;
  readonly objectiveMeasures: ObjectiveMeasures;
  readonly sloCorrections: SloCorrectionStore;
  readonly sloHistory: SloHistory;
  readonly sloProgress: SloProgress;
}

/** What the CDNs and the cloud behind them cost, what is odd of it, and what idles. */
export interface CostDeps {
  readonly costAnomalies: AnomalyStore;
  readonly costSeries: SeriesStore;
  readonly zombies: ZombieStore;
  readonly costRates: CostRateStore;
  readonly costModes: CostModeStore;
  readonly costDeadLetters: DeadLetterStore;
  readonly costSummary: CostSummaryStore;
  readonly costBoard: CostBoardStore;
  readonly costEvents: CostEventStore;
  /** Null: without ARCHIVE_URL nothing is archived. */
  readonly archive: Archive | null;
  readonly costAccounts: CostAccountStore;
  readonly costDirectory: CostDirectory;
  readonly trailFiles: TrailFiles;
  readonly callerIdentity: CallerIdentity;
}

/** What customers publish. */
export interface PublishDeps {
  readonly statusPages: StatusPageStore;
  readonly statusIncidents: StatusIncidentStore;
  readonly publishedPages: PublishedPages;
}

/** Leases, jobs and their status. */
export interface CoordinationDeps {
  readonly leases: LeaseStore;
  readonly shardControl: ShardControl;
  readonly readiness: Readiness;
  readonly status: StatusStore;
  readonly metrics: MetricsStore;
}

/** The work that a request may start in its own invocation. */
export interface RunDeps {
  /** Has events scored that were just stored, in the background. Never throws. */
  scoreSoon(): void;
  /** Has people told of what was just stored, in the background. Never throws. */
  tell(): void;
  readonly jobs: Jobs;
  /** The rounds of one shard for one minute. @throws where every round failed */
  runShard(shard: Shard, scheduledAtMs: number): Promise<void>;
}

/** All dependencies of the HTTP API, by capability; constructed by `deps.ts`. */
export interface Deps
  extends
    PlatformDeps,
    TenantDeps,
    DetectionDeps,
    SteeringDeps,
    MeteringDeps,
    BillingDeps,
    EvidenceDeps,
    SloDeps,
    CostDeps,
    PublishDeps,
    CoordinationDeps,
    NotifyDeps,
    RunDeps {}
