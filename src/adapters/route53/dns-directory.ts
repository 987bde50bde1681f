import { partitionOf } from "../../domain/steering/aws-partition.ts";
import { dnsSealingContext } from "../db/steering/dns-accounts.ts";
import { createDnsRefusal } from "./dns-log.ts";
import type { Clock } from "../ports/platform/clock.ts";
import type { DnsAccess, DnsDirectory } from "../ports/steering/dns-access.ts";
import type { SealedDnsAccount } from "../ports/steering/dns-accounts.ts";
import type { ZoneBindings } from "../ports/steering/zone-grants.ts";
import { boundToZones } from "./zone-bindings.ts";
import type { Secrets } from "../ports/platform/secrets.ts";
import type { Role } from "./role.ts";
import type { Credentials, KeySource } from "../aws/keys.ts";

type Place = { readonly endpoint: string; readonly region: string };

export type DirectoryOptions = {
  readonly operator: DnsAccess;
  /** The live accounts of these customers, in one round trip. @throws where the database does not answer */
  readonly accounts: (customerIds: readonly number[]) => Promise<readonly SealedDnsAccount[]>;
  readonly secrets: Secrets | null;
  /** Which customers the operator's own zones serve; absent: all. */
  readonly bindings?: ZoneBindings;
  readonly clock: Clock;
  readonly connect: (place: Place, credentials: Credentials | KeySource) => DnsAccess;
  /** How a role is assumed, at STS in its own region; null: the operator has no credentials to do it with. */
  readonly assume: ((place: Place, role: Role) => KeySource) | null;
  /** Replaces every partition's endpoint; null: the partition's. */
  readonly endpoint: string | null;
};

/** How long a new or removed account may go unnoticed. */
const ttlMs = 30_000;
/** Most cached accounts; beyond that the least recently used are evicted. */
const mostKnown = 20_000;
/** The longest wait for a concurrent reading: the invocation that began it may have ended (workerd). */
const sharedMs = 3_000;

/**
 * A cached account of a customer. `key`: what the access was built from; while unchanged the access is kept, with
 * its cache of zones. `access` null: the customer has no account.
 */
type Known = { readonly key: string | null; readonly access: DnsAccess | null; readonly readAtMs: number };

/**
 * Customers' own accounts, each read from the database at most every half minute, and all of one request
 * in one query. Where the database does not answer, the cache is used.
 */
export const createDnsDirectory = (options: DirectoryOptions): DnsDirectory => {
  const { operator, clock, secrets } = options;
  /** In the order of last use. */
  const known = new Map<number, Known>();
  /** Customers with a reading in flight, so that none is read twice at once. */
  const underway = new Map<number, Promise<void>>();

  const accessFor = async (account: SealedDnsAccount): Promise<DnsAccess> => {
    const { customerId, accessKeyId, sealedSecret, region, roleArn, externalId } = account;
    const partition = partitionOf(region);
    if (partition === null) return createDnsRefusal(`the customer's DNS account names an unknown region, ${region}`, false);
    const { endpoint, signingRegion } = partition.route53;
    const place = { endpoint: options.endpoint ?? endpoint, region: signingRegion };
    if (roleArn !== null && externalId !== null) {
      if (options.assume === null)
        return createDnsRefusal(`the role ${roleArn} cannot be assumed: the operator has no AWS credentials`, false);
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

  const learn = async (customerId: number, account: SealedDnsAccount | undefined, readAtMs: number): Promise<void> => {
    const key = account === undefined ? null : JSON.stringify([account.id, account.region, account.sealedSecret]);
    const before = known.get(customerId);
    const isSame = before !== undefined && before.key === key;
    const access = isSame ? before.access : account === undefined ? null : await accessFor(account);
    // A concurrent reading that was faster wins: an account has one access, and with it one rate limit and one session.
    const now = known.get(customerId);
    known.set(customerId, { key, access: now !== undefined && now.key === key ? now.access : access, readAtMs });
  };

  const read = async (customerIds: readonly number[]): Promise<void> => {
    const readAtMs = clock.nowMs();
    const accounts = new Map((await options.accounts(customerIds)).map((account) => [account.customerId, account]));
    await Promise.all(customerIds.map(async (customerId) => await learn(customerId, accounts.get(customerId), readAtMs)));
  };

  const isFresh = (customerId: number): boolean => {
    const own = known.get(customerId);
    return own !== undefined && clock.nowMs() - own.readAtMs < ttlMs;
  };

  const patiently = async (work: Promise<unknown>): Promise<void> => {
    const done = new AbortController();
    await Promise.race([work, clock.sleep(sharedMs, done.signal)]);
    done.abort();
  };

  /** One query for all that are missing or stale, except those with a reading in flight. Never throws. */
  const refresh = async (customerIds: readonly number[]): Promise<void> => {
    const stale = customerIds.filter((customerId) => !isFresh(customerId));
    const shared = [...new Set(stale.flatMap((customerId) => underway.get(customerId) ?? []))];
    const own = stale.filter((customerId) => !underway.has(customerId));
    if (own.length > 0) {
      // Where the database is unreachable, the cache is used.
      const reading = read(own)
        .catch(() => undefined)
        .finally(() => {
          for (const customerId of own) if (underway.get(customerId) === reading) underway.delete(customerId);
        });
      for (const customerId of own) underway.set(customerId, reading);
      await reading;
    }
    if (shared.length === 0) return;
    await patiently(Promise.all(shared));
    const unread = customerIds.filter((customerId) => !isFresh(customerId) && !own.includes(customerId));
    if (unread.length > 0) await read(unread).catch(() => undefined);
  };

  const forgetMost = (): void => {
    for (const customerId of known.keys()) {
      if (known.size <= mostKnown) return;
      known.delete(customerId);
    }
  };

  const ofAll: DnsDirectory["ofAll"] = async (customerIds) => {
    const wanted = [...new Set(customerIds)];
    await Promise.all([refresh(wanted), options.bindings?.refresh()]);
    const found = wanted.flatMap((customerId): [number, DnsAccess][] => {
      const own = known.get(customerId);
      // Never the operator's account for lack of an answer: the customer may have one.
      if (own === undefined) return [[customerId, createDnsRefusal("the database did not say whose DNS account is to be used", true)]];
      known.delete(customerId);
      known.set(customerId, own);
      return own.access === null ? [] : [[customerId, own.access]];
    });
    forgetMost();
    return new Map(found);
  };

  const operatorFor = (ownerOf: (name: string) => number): DnsAccess =>
    options.bindings === undefined ? operator : boundToZones(operator, options.bindings, ownerOf);

  return {
    operator,
    operatorFor,
    ofAll,
    of: async (customerId) => (await ofAll([customerId])).get(customerId) ?? operatorFor(() => customerId),
  };
};
