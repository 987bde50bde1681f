import type { Database } from "../db/platform/client.ts";
import { noteReadings, sealedAccounts, sealingContext } from "../db/metering/cdn-accounts.ts";
import type { SealedAccount } from "../db/metering/cdn-accounts.ts";
import type { CustomerSource, CustomerSources } from "../ports/metering/cdn-accounts.ts";
import type { Secrets } from "../ports/platform/secrets.ts";
import { UsageSourceError } from "../ports/metering/usage.ts";
import type { UsageSource } from "../ports/metering/usage.ts";
import { createCloudflareUsage } from "./cloudflare/cloudflare-usage.ts";
import { createFastlyUsage } from "./fastly/fastly-usage.ts";

/** What every source needs, whosever token it reads with. */
export type SourceWorld = {
  readonly fetch: typeof fetch;
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
  const sourceOf = (account: SealedAccount, apiToken: string): UsageSource =>
    account.cdn === "fastly"
      ? createFastlyUsage({ ...world, apiToken, endpoint: world.fastlyEndpoint })
      : createCloudflareUsage({ ...world, apiToken, accountId: account.accountRef ?? "", graphqlEndpoint: world.cloudflareEndpoint });

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
