import type { Config } from "../../config.ts";
import type { AdminTokenStore } from "./tenants/admin-tokens.ts";
import type { AuditLogStore } from "./tenants/audit-log.ts";
import type { AvailabilityStore } from "./detection/availability.ts";
import type { BillingProfileStore } from "./billing/billing-profiles.ts";
import type { BillingTermsStore } from "./billing/billing-terms.ts";
import type { CdnAccountStore } from "./metering/cdn-accounts.ts";
import type { Clock } from "./platform/clock.ts";
import type { CorrectionStore } from "./metering/corrections.ts";
import type { CustomerStore } from "./tenants/customers.ts";
import type { Shard } from "./coordination/dispatcher.ts";
import type { DnsDirectory } from "./steering/dns-access.ts";
import type { DnsAccountStore } from "./steering/dns-accounts.ts";
import type { DnsSetupStore } from "./steering/dns-setup.ts";
import type { DomainStore } from "./tenants/domains.ts";
import type { EvidenceStore } from "./evidence/evidence.ts";
import type { EvidenceAnchorStore } from "./evidence/evidence-anchors.ts";
import type { EvidenceSigner } from "./evidence/evidence-signer.ts";
import type { FreezeStore } from "./steering/freeze.ts";
import type { IdempotencyStore } from "./tenants/idempotency.ts";
import type { InvoiceDocumentStore } from "./billing/invoice-documents.ts";
import type { InvoiceLinkStore, LinkTokens } from "./billing/invoice-links.ts";
import type { InvoicePreviewStore } from "./billing/invoice-preview.ts";
import type { InvoiceStore } from "./billing/invoices.ts";
import type { Jobs } from "./coordination/jobs.ts";
import type { JwtVerifier } from "./tenants/jwt.ts";
import type { LeaseStore } from "./coordination/lease.ts";
import type { LineFactsStore } from "./billing/line-facts.ts";
import type { Log } from "./platform/log.ts";
import type { MetricsStore } from "./coordination/metrics.ts";
import type { OwnershipStore } from "./tenants/ownership.ts";
import type { PolicyStore } from "./detection/policies.ts";
import type { Prober } from "./detection/probe.ts";
import type { QuotaStore } from "./tenants/quotas.ts";
import type { Random } from "./platform/random.ts";
import type { RateLimits } from "./platform/rate-limit.ts";
import type { Readiness } from "./coordination/readiness.ts";
import type { RecordedTraces } from "./detection/recorded-trace.ts";
import type { Lookup, Resolver } from "./steering/resolver.ts";
import type { RoutingStore } from "./steering/routing.ts";
import type { ServiceStore } from "./tenants/services.ts";
import type { StandingStore } from "./steering/standing.ts";
import type { StatusStore } from "./coordination/status.ts";
import type { StormStore } from "./detection/storms.ts";
import type { TargetStore } from "./detection/targets.ts";
import type { TelemetryStore } from "./platform/telemetry.ts";
import type { TokenStore } from "./tenants/tokens.ts";
import type { RoleTrustCheck } from "./steering/role-trust.ts";
import type { UsageStore } from "./metering/usage-store.ts";
import type { ZoneBindings, ZoneGrantStore } from "./steering/zone-grants.ts";

/** All dependencies of the HTTP API, constructed by `deps.ts`. */
export interface Deps {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly readiness: Readiness;
  /** Null: JSON Web Tokens are not configured. */
  readonly jwt: JwtVerifier | null;
  readonly idempotency: IdempotencyStore;
  readonly customers: CustomerStore;
  readonly tokens: TokenStore;
  readonly adminTokens: AdminTokenStore;
  readonly services: ServiceStore;
  readonly domains: DomainStore;
  readonly ownership: OwnershipStore;
  readonly dnsSetup: DnsSetupStore;
  readonly dnsDirectory: DnsDirectory;
  readonly dnsAccounts: DnsAccountStore;
  readonly zoneGrants: ZoneGrantStore;
  readonly zoneBindings: ZoneBindings;
  /** Null: the operator has no AWS credentials that a role could trust. */
  readonly roleTrust: RoleTrustCheck | null;
  readonly standing: StandingStore;
  readonly leases: LeaseStore;
  readonly prober: Prober;
  readonly quotas: QuotaStore;
  readonly targets: TargetStore;
  readonly policies: PolicyStore;
  readonly storms: StormStore;
  readonly evidence: EvidenceStore;
  readonly evidenceAnchors: EvidenceAnchorStore;
  /** Null: without EVIDENCE_SIGNING_KEY nothing is signed. */
  readonly evidenceSigner: EvidenceSigner | null;
  readonly routing: RoutingStore;
  readonly freeze: FreezeStore;
  readonly usage: UsageStore;
  readonly corrections: CorrectionStore;
  readonly cdnAccounts: CdnAccountStore;
  readonly billingTerms: BillingTermsStore;
  readonly billingProfiles: BillingProfileStore;
  readonly invoices: InvoiceStore;
  readonly invoicePreview: InvoicePreviewStore;
  readonly invoiceDocuments: InvoiceDocumentStore;
  readonly invoiceLinks: InvoiceLinkStore;
  /** Null: without SECRETS_KEY no link is made, and none is valid. */
  readonly linkTokens: LinkTokens | null;
  readonly lineFacts: LineFactsStore;
  readonly availability: AvailabilityStore;
  readonly recordedTraces: RecordedTraces;
  readonly auditLog: AuditLogStore;
  readonly metrics: MetricsStore;
  readonly status: StatusStore;
  readonly telemetry: TelemetryStore;
  readonly jobs: Jobs;
  readonly resolver: Resolver;
  /** What visitors get from the public DNS. */
  readonly lookup: Lookup;
  readonly rateLimits: RateLimits;
  /** Names of the keys that open kept secrets, the newest first, which seals; none: no secrets are kept. */
  sealKeys(): Promise<readonly string[]>;
  /** The key by which clients are distinguished, where the platform provides a trusted address. */
  clientAddress(headers: Headers): string;
  /** Names of the CDNs whose bytes an adapter measures. */
  readonly measuredCdns: readonly string[];
  /** The rounds of one shard for one minute. @throws where every round failed */
  runShard(shard: Shard, scheduledAtMs: number): Promise<void>;
  /** Continues work after the answer was sent; a failure is logged. */
  background(work: Promise<unknown>): void;
}
