import type { Signing } from "../adapters/db/detection/end-storms.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import { createAdminTokenStore } from "../adapters/db/tenants/admin-tokens.ts";
import { createAuditLogStore } from "../adapters/db/tenants/audit-log.ts";
import { createCustomerStore } from "../adapters/db/tenants/customers.ts";
import { createDomainStore } from "../adapters/db/tenants/domains.ts";
import { createIdempotencyStore } from "../adapters/db/tenants/idempotency.ts";
import { createOwnershipStore } from "../adapters/db/tenants/ownership.ts";
import { createQuotaStore } from "../adapters/db/tenants/quotas.ts";
import { createServiceStore } from "../adapters/db/tenants/services.ts";
import { createSessionStore } from "../adapters/db/tenants/sessions.ts";
import { createTokenStore } from "../adapters/db/tenants/tokens.ts";
import { createJwtVerifier } from "../adapters/platform/jwt.ts";
import { createSessionTokens } from "../adapters/platform/session-tokens.ts";
import type { TenantDeps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { SessionTokens } from "../adapters/ports/tenants/sessions.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  /** Null: the end of a deleted service's storms is not signed. */
  readonly signing: Signing | null;
};

const sessionTokens = ({ secretsKeys: [first, ...older] }: Config): SessionTokens | null =>
  first === undefined ? null : createSessionTokens([first, ...older]);

/** Customers, credentials and rights, services and their names. */
export const buildTenants = ({ config, db, clock, fetch, signing }: Needs): TenantDeps & Pick<JobDeps, "requireProof"> => ({
  jwt: createJwtVerifier(config.auth, clock, fetch),
  sessionTokens: sessionTokens(config),
  sessionStore: createSessionStore(db),
  idempotency: createIdempotencyStore(db),
  customers: createCustomerStore(db),
  tokens: createTokenStore(db, config.quotas),
  adminTokens: createAdminTokenStore(db),
  quotas: createQuotaStore(db, config.quotas, config.domainVerification),
  services: createServiceStore(db, config.quotas, signing),
  domains: createDomainStore(db, config.quotas),
  ownership: createOwnershipStore(db),
  requireProof: config.domainVerification,
  auditLog: createAuditLogStore(db),
});
