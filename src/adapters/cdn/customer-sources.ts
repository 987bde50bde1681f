import type { Database } from "../db/platform/client.ts";
import { noteReadings, sealedAccounts, sealingContext } from "../db/metering/cdn-accounts.ts";
import type { SealedAccount } from "../db/metering/cdn-accounts.ts";
import type { CustomerSource, CustomerSources } from "../ports/metering/cdn-accounts.ts";
import type { Breakers } from "../ports/platform/breakers.ts";
import type { Secrets } from "../ports/platform/secrets.ts";
import { UsageSourceError } from "../ports/metering/usage.ts";
import type { UsageSource } from "../ports/metering/usage.ts";
import { guardedFetch } from "../platform/guarded-fetch.ts";
import { createCloudflareUsage } from "./cloudflare/cloudflare-usage.ts";
import { createFastlyUsage } from "./fastly/fastly-usage.ts";

/** What every source needs, whosever token it reads with. */
export type SourceWorld = {
  readonly fetch: typeof fetch;
  readonly breakers: Pick<Breakers, "line">;
  readonly sleep: (ms: number, until?: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly now: () => number;
  readonly cloudflareEndpoint: string;
  readonly fastlyEndpoint: string;
};

/**
 * Reads the customers' own accounts. A token is unsealed at the first reading of the source that `open` returned and kept as long as
 * that, so that the readings of one run share their listings and their quota.
 */
export const createCustomerSources = (db: Database, secrets: Secrets | null, world: SourceWorld): CustomerSources => {
  const sourceOf = ({ id: accountId, customerId, cdn, accountRef }: SealedAccount, apiToken: string): UsageSource => {
    const line = world.breakers.line({ kind: "cdn", customerId, accountId });
    const calls = { ...world, fetch: guardedFetch(world.fetch, line, { nowMs: world.now }), apiToken };
    return cdn === "fastly"
      ? createFastlyUsage({ ...calls, endpoint: world.fastlyEndpoint })
      : createCloudflareUsage({ ...calls, accountId: accountRef ?? "", graphqlEndpoint: world.cloudflareEndpoint });
  };

  const unseal = async (account: SealedAccount): Promise<string> => {
    if (secrets === null) throw new UsageSourceError("SECRETS_KEY is not set", false);
    try {
      return await secrets.open(account.sealedToken, sealingContext(account.customerId, account.cdn));
    } catch (error) {
      throw new UsageSourceError("the token can not be unsealed: store it anew", false, { cause: error });
    }
  };

  const lazily = (account: SealedAccount): UsageSource => {
    let opened: Promise<UsageSource> | null = null;
    return {
      cdn: account.cdn,
      read: async (query) => {
        opened ??= unseal(account).then((apiToken) => sourceOf(account, apiToken));
        return await (await opened).read(query);
      },
    };
  };

  return {
    open: async () =>
      (await sealedAccounts(db)).map((account): CustomerSource => ({
        accountId: account.id,
        customerId: account.customerId,
        cdn: account.cdn,
        source: lazily(account),
      })),
    note: (fence, outcomes, readAtMs) => noteReadings(db, fence, outcomes, readAtMs),
  };
};
