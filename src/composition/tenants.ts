import type { Signing } from "../adapters/db/detection/end-storms.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import { createAccountStore } from "../adapters/db/tenants/accounts.ts";
import { createMailer } from "../adapters/channels/mailer.ts";
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
import type { Connect } from "../adapters/ports/platform/connect.ts";
import type { Passwords } from "../adapters/ports/platform/passwords.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { SessionTokens } from "../adapters/ports/tenants/sessions.ts";
import type { Config } from "../config.ts";
import { ConfigError } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  /** Null: the end of a deleted service's storms is not signed. */
  readonly signing: Signing | null;
  /** Null: this runtime has not what it takes to hash passwords. */
  readonly passwords: Passwords | null;
  /** Null: no sockets here, and no SMTP. */
  readonly connect: Connect | null;
};

/** @throws ConfigError where this runtime cannot have what the configuration wants */
const localAccounts = ({ config, db, passwords }: Needs): Pick<TenantDeps, "accounts" | "passwords"> => {
  if (!config.auth.localAccounts) return { accounts: null, passwords: null };
  if (passwords !== null) return { accounts: createAccountStore(db), passwords };
  throw new ConfigError(
    "configuration refused: LOCAL_ACCOUNTS is on, and this runtime cannot hash passwords: set it to off, or run it self-hosted",
  );
};

const sessionTokens = ({ secretsKeys: [first, ...older] }: Config): SessionTokens | null =>
  first === undefined ? null : createSessionTokens([first, ...older]);

const others = ({
  config,
  db,
  clock,
  fetch,
  connect,
  signing,
}: Needs): Omit<TenantDeps, "accounts" | "passwords"> & Pick<JobDeps, "requireProof"> => ({
  mailer: createMailer({ fetch, connect, mail: config.mail }),
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

/** Customers, credentials and rights, services and their names. */
export const buildTenants = (needs: Needs): TenantDeps & Pick<JobDeps, "requireProof"> => ({
  ...localAccounts(needs),
  ...others(needs),
});
