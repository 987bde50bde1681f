import type { Config } from "../../config.ts";
import type { AdminTokenStore } from "./admin-tokens.ts";
import type { AuditLogStore } from "./audit-log.ts";
import type { AvailabilityStore } from "./availability.ts";
import type { BillingProfileStore } from "./billing-profiles.ts";
import type { BillingTermsStore } from "./billing-terms.ts";
import type { CdnAccountStore } from "./cdn-accounts.ts";
import type { Clock } from "./clock.ts";
import type { CustomerStore } from "./customers.ts";
import type { Shard } from "./dispatcher.ts";
import type { DnsDirectory } from "./dns-access.ts";
import type { DnsAccountStore } from "./dns-accounts.ts";
import type { DnsSetupStore } from "./dns-setup.ts";
import type { DomainStore } from "./domains.ts";
import type { EvidenceStore } from "./evidence.ts";
import type { FreezeStore } from "./freeze.ts";
import type { IdempotencyStore } from "./idempotency.ts";
import type { InvoiceDocumentStore } from "./invoice-documents.ts";
import type { InvoiceLinkStore, LinkTokens } from "./invoice-links.ts";
import type { InvoicePreviewStore } from "./invoice-preview.ts";
import type { InvoiceStore } from "./invoices.ts";
import type { Jobs } from "./jobs.ts";
import type { JwtVerifier } from "./jwt.ts";
import type { LeaseStore } from "./lease.ts";
import type { LineFactsStore } from "./line-facts.ts";
import type { Log } from "./log.ts";
import type { MetricsStore } from "./metrics.ts";
import type { PolicyStore } from "./policies.ts";
import type { Prober } from "./probe.ts";
import type { QuotaStore } from "./quotas.ts";
import type { Random } from "./random.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { Readiness } from "./readiness.ts";
import type { RecordedTraces } from "./recorded-trace.ts";
import type { Lookup, Resolver } from "./resolver.ts";
import type { RoutingStore } from "./routing.ts";
import type { ServiceStore } from "./services.ts";
import type { StandingStore } from "./standing.ts";
import type { StatusStore } from "./status.ts";
import type { StormStore } from "./storms.ts";
import type { TargetStore } from "./targets.ts";
import type { TelemetryStore } from "./telemetry.ts";
import type { TokenStore } from "./tokens.ts";
import type { UsageStore } from "./usage-store.ts";

/** Everything that the HTTP API needs of the world, constructed by `deps.ts`. */
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
  readonly dnsSetup: DnsSetupStore;
  readonly dnsDirectory: DnsDirectory;
  readonly dnsAccounts: DnsAccountStore;
  readonly standing: StandingStore;
  readonly leases: LeaseStore;
  readonly prober: Prober;
  readonly quotas: QuotaStore;
  readonly targets: TargetStore;
  readonly policies: PolicyStore;
  readonly storms: StormStore;
  readonly evidence: EvidenceStore;
  readonly routing: RoutingStore;
  readonly freeze: FreezeStore;
  readonly usage: UsageStore;
  readonly cdnAccounts: CdnAccountStore;
  readonly billingTerms: BillingTermsStore;
  readonly billingProfiles: BillingProfileStore;
  readonly invoices: InvoiceStore;
  readonly invoicePreview: InvoicePreviewStore;
  readonly invoiceDocuments: InvoiceDocumentStore;
  readonly invoiceLinks: InvoiceLinkStore;
  /** Null: without SECRETS_KEY no link is made, and none opens anything. */
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
  /** What visitors are answered. */
  readonly lookup: Lookup;
  readonly rateLimits: RateLimits;
  /** Names of the keys that open kept secrets, the newest first, which seals; none: no secrets are kept. */
  sealKeys(): Promise<readonly string[]>;
  /** By what a client is told apart from others, where the platform vouches for it. */
  clientAddress(headers: Headers): string;
  /** Names of the CDNs whose bytes an adapter measures. */
  readonly measuredCdns: readonly string[];
  /** The rounds of one shard for one minute. @throws where every round failed */
  runShard(shard: Shard, scheduledAtMs: number): Promise<void>;
  /** Lets work go on after the answer was sent; a failure is logged. */
  background(work: Promise<unknown>): void;
}
