import { partitionOf } from "../domain/aws-partition.ts";
import { dnsSealingContext } from "./db/dns-accounts.ts";
import { createDnsRefusal } from "./dns-log.ts";
import type { Clock } from "./ports/clock.ts";
import type { DnsAccess, DnsDirectory } from "./ports/dns-access.ts";
import type { SealedDnsAccount } from "./ports/dns-accounts.ts";
import type { Secrets } from "./ports/secrets.ts";
import type { Credentials } from "./route53/send.ts";

export type DirectoryOptions = {
  readonly operator: DnsAccess;
  /** Every live account, in one round trip. @throws where the database does not answer */
  readonly accounts: () => Promise<readonly SealedDnsAccount[]>;
  readonly secrets: Secrets | null;
  readonly clock: Clock;
  readonly connect: (place: { readonly endpoint: string; readonly region: string }, credentials: Credentials) => DnsAccess;
  /** In the place of every partition's own endpoint; null: theirs. */
  readonly endpoint: string | null;
};

/** How long a new or removed account may go unnoticed. */
const ttlMs = 30_000;

/** `key`: what it was made of. An account that has not changed keeps its access, and with it what that knows of zones. */
type Known = { readonly key: string; readonly access: DnsAccess };

/**
 * Customers' own accounts, read from the database at most every half minute whoever asks, so that a round costs no more for
 * them. Where the database does not answer, what was known stands.
 */
export const createDnsDirectory = (options: DirectoryOptions): DnsDirectory => {
  const { operator, clock, secrets } = options;
  let known: ReadonlyMap<number, Known> | null = null;
  let readAtMs = 0;

  const accessFor = async (account: SealedDnsAccount): Promise<DnsAccess> => {
    const { customerId, accessKeyId, sealedSecret, region } = account;
    const partition = partitionOf(region);
    if (partition === null) return createDnsRefusal(`the customer's DNS account names an unknown region, ${region}`, false);
    if (secrets === null) return createDnsRefusal("the customer's DNS account cannot be used: SECRETS_KEY is not set", false);
    try {
      const secretAccessKey = await secrets.open(sealedSecret, dnsSealingContext(customerId, accessKeyId));
      const { endpoint, signingRegion } = partition.route53;
      return options.connect({ endpoint: options.endpoint ?? endpoint, region: signingRegion }, { accessKeyId, secretAccessKey });
    } catch {
      return createDnsRefusal("the secret of the customer's DNS account cannot be unsealed: store it anew", false);
    }
  };

  const refresh = async (): Promise<ReadonlyMap<number, Known>> => {
    const before = known ?? new Map<number, Known>();
    const entries = (await options.accounts()).map(async (account): Promise<[number, Known]> => {
      const key = JSON.stringify([account.id, account.region, account.sealedSecret]);
      const kept = before.get(account.customerId);
      return [account.customerId, kept?.key === key ? kept : { key, access: await accessFor(account) }];
    });
    return new Map(await Promise.all(entries));
  };

  return {
    operator,
    of: async (customerId) => {
      if (known === null || clock.nowMs() - readAtMs >= ttlMs) {
        try {
          const atMs = clock.nowMs();
          known = await refresh();
          readAtMs = atMs;
        } catch {
          // Never the operator's account for lack of an answer: it may be that the customer has one.
          if (known === null) return createDnsRefusal("the database did not say whose DNS account is to be used", true);
        }
      }
      return known.get(customerId)?.access ?? operator;
    },
  };
};
