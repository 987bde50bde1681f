import { partitionOf } from "../domain/aws-partition.ts";
import { dnsSealingContext } from "./db/dns-accounts.ts";
import { createDnsRefusal } from "./dns-log.ts";
import type { Clock } from "./ports/clock.ts";
import type { DnsAccess, DnsDirectory } from "./ports/dns-access.ts";
import type { SealedDnsAccount } from "./ports/dns-accounts.ts";
import type { Secrets } from "./ports/secrets.ts";
import type { Role } from "./route53/role.ts";
import type { Credentials, KeySource } from "./route53/send.ts";

type Place = { readonly endpoint: string; readonly region: string };

export type DirectoryOptions = {
  readonly operator: DnsAccess;
  /** Every live account, in one round trip. @throws where the database does not answer */
  readonly accounts: () => Promise<readonly SealedDnsAccount[]>;
  readonly secrets: Secrets | null;
  readonly clock: Clock;
  readonly connect: (place: Place, credentials: Credentials | KeySource) => DnsAccess;
  /** How a role is assumed, at STS in its own region; null: the operator has no credentials to do it with. */
  readonly assume: ((place: Place, role: Role) => KeySource) | null;
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
    const { customerId, accessKeyId, sealedSecret, region, roleArn, externalId } = account;
    const partition = partitionOf(region);
    if (partition === null) return createDnsRefusal(`the customer's DNS account names an unknown region, ${region}`, false);
    const { endpoint, signingRegion } = partition.route53;
    const place = { endpoint: options.endpoint ?? endpoint, region: signingRegion };
    if (roleArn !== null && externalId !== null) {
      if (options.assume === null) return createDnsRefusal(`the role ${roleArn} cannot be assumed: the operator has no AWS credentials`, false);
      const sts = { endpoint: `https://sts.${region}.${partition.dnsSuffix}`, region };
      return options.connect(place, options.assume(sts, { roleArn, externalId }));
    }
    if (secrets === null) return createDnsRefusal("the customer's DNS account cannot be used: SECRETS_KEY is not set", false);
    try {
      if (accessKeyId === null || sealedSecret === null) throw new TypeError("neither a key nor a role");
      const secretAccessKey = await secrets.open(sealedSecret, dnsSealingContext(customerId, accessKeyId));
      return options.connect(place, { accessKeyId, secretAccessKey });
    } catch {
      return createDnsRefusal("the secret of the customer's DNS account cannot be unsealed: store it anew", false);
    }
  };

  const kept = (customerId: number, key: string): Known | null => {
    const own = known?.get(customerId);
    return own?.key === key ? own : null;
  };

  const refresh = async (): Promise<void> => {
    const atMs = clock.nowMs();
    const entries = (await options.accounts()).map(async (account): Promise<[number, Known]> => {
      const key = JSON.stringify([account.id, account.region, account.sealedSecret]);
      return [account.customerId, kept(account.customerId, key) ?? { key, access: await accessFor(account) }];
    });
    // Where somebody else has been faster, theirs stays: an account has one access, and with it one pace and one session.
    known = new Map((await Promise.all(entries)).map(([customerId, own]) => [customerId, kept(customerId, own.key) ?? own]));
    readAtMs = atMs;
  };

  return {
    operator,
    of: async (customerId) => {
      if (known === null || clock.nowMs() - readAtMs >= ttlMs) {
        try {
          await refresh();
        } catch {
          // Never the operator's account for lack of an answer: it may be that the customer has one.
          if (known === null) return createDnsRefusal("the database did not say whose DNS account is to be used", true);
        }
      }
      return known?.get(customerId)?.access ?? operator;
    },
  };
};
