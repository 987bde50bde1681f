import type { Config } from "../../config.ts";
import type { AuditLogStore } from "./audit-log.ts";
import type { AvailabilityStore } from "./availability.ts";
import type { Clock } from "./clock.ts";
import type { CustomerStore } from "./customers.ts";
import type { DnsSetupStore } from "./dns-setup.ts";
import type { DomainStore } from "./domains.ts";
import type { IdempotencyStore } from "./idempotency.ts";
import type { InvoiceStore } from "./invoices.ts";
import type { JwtVerifier } from "./jwt.ts";
import type { Log } from "./log.ts";
import type { MetricsStore } from "./metrics.ts";
import type { PolicyStore } from "./policies.ts";
import type { Random } from "./random.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { Readiness } from "./readiness.ts";
import type { Resolver } from "./resolver.ts";
import type { RoutingStore } from "./routing.ts";
import type { ServiceStore } from "./services.ts";
import type { StormStore } from "./storms.ts";
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
  readonly services: ServiceStore;
  readonly domains: DomainStore;
  readonly dnsSetup: DnsSetupStore;
  readonly policies: PolicyStore;
  readonly storms: StormStore;
  readonly routing: RoutingStore;
  readonly usage: UsageStore;
  readonly invoices: InvoiceStore;
  readonly availability: AvailabilityStore;
  readonly auditLog: AuditLogStore;
  readonly metrics: MetricsStore;
  readonly resolver: Resolver;
  readonly rateLimits: RateLimits;
  /** By what a client is told apart from others, where the platform vouches for it. */
  clientAddress(headers: Headers): string;
  /** Names of the CDNs whose bytes an adapter measures. */
  readonly measuredCdns: readonly string[];
  /** Lets work go on after the answer was sent; a failure is logged. */
  background(work: Promise<unknown>): void;
}
