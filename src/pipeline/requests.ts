import { confirmations } from "../domain/detection/probe.ts";
import { fairShare } from "../domain/detection/turns.ts";
import type { Connections } from "./connection-slots.ts";

/** Reserve per round besides probes and what `Connections` counts: some for the database, and a few for work begun meanwhile. */
const besidesProbes = 50;

/** The reserve for a later round, by its paths: each once, and some confirmations. */
const keptOfPaths = 1.1;

/** The remaining requests of one invocation: a platform refuses any beyond its limit (Workers: 10,000, on the free plan 50). */
export type RequestPool = { readonly left: () => number; readonly note: () => void };

/** @param limit requests of an invocation that begins now */
export const createRequestPool = (limit: number, connections: Pick<Connections, "begun">): RequestPool => {
  const before = connections.begun();
  let probes = 0;
  return { left: () => limit - probes - (connections.begun() - before), note: () => void (probes += 1) };
};

/** The allocator of one shard's rounds. */
export type RequestAccount = {
  /**
   * How many probes the round that begins now may send, with so many paths: its share of the rest, or more where
   * enough is left for later rounds. Confirmations now have priority over possible failures later.
   */
  readonly share: (paths: number) => number;
  /** Takes one of them. @returns false where others have used up the pool meanwhile */
  readonly take: () => boolean;
};

/**
 * @param roundsLeft rounds of this shard still to come in the invocation, the next one included
 * @param abreast how many shards share it: each begins a round when this one does
 */
export const createRequestAccount = (pool: RequestPool, roundsLeft: () => number, abreast = 1): RequestAccount => ({
  share: (paths) => {
    const left = pool.left() / abreast;
    const rounds = Math.max(1, roundsLeft());
    const kept = (rounds - 1) * (keptOfPaths * paths + besidesProbes);
    return Math.max(0, Math.floor(Math.max(left / rounds, left - kept)) - besidesProbes);
  },
  take: () => {
    if (pool.left() <= besidesProbes) return false;
    pool.note();
    return true;
  },
});

/** Without a limit. */
export const unlimited: RequestAccount = { share: () => Number.POSITIVE_INFINITY, take: () => true };

/** The probes of one round, within its share. */
export type ProbeAllowance = {
  /** Whether the first probe of a path of this customer's may be sent. */
  readonly first: (customerId: number) => boolean;
  /** Releases the reserve of a path that is not probed for another reason. */
  readonly skip: (customerId: number) => void;
  /** Whether a probe may be sent that confirms a failure of this customer's. */
  readonly confirmation: (customerId: number) => boolean;
  /** Probes that were not sent for lack of a share. */
  readonly refused: () => number;
};

const sumOf = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((sum, count) => sum + count, 0);

/**
 * Max-min fair: a customer that needs no more than an equal share, with all failures confirmed, gets all of it. Of the others every
 * path is probed before any failure is confirmed, and each has an equal part of the confirmations: one whose paths all fail at
 * once, which takes three requests each, or with very many paths, does not affect the detection of the rest.
 * @param pathsOf how many there are to probe, by customer
 */
export const createProbeAllowance = (account: RequestAccount, pathsOf: ReadonlyMap<number, number>): ProbeAllowance => {
  const firsts = new Map(pathsOf);
  let [left, refused] = [account.share(sumOf(firsts)), 0];
  const mostOf = (paths: number): number => (1 + confirmations) * paths;
  const share = fairShare([...pathsOf.values()].map(mostOf), left);
  const small = new Set([...pathsOf].flatMap(([customerId, paths]) => (mostOf(paths) <= share ? [customerId] : [])));
  const keptFor = new Map([...pathsOf].map(([customerId, paths]) => [customerId, small.has(customerId) ? confirmations * paths : 0]));
  const part = Math.max(0, Math.floor((left - sumOf(firsts) - sumOf(keptFor)) / Math.max(1, pathsOf.size - small.size)));
  for (const [customerId, paths] of pathsOf) if (!small.has(customerId)) keptFor.set(customerId, Math.min(part, confirmations * paths));
  let [firstsOfAll, kept] = [sumOf(firsts), sumOf(keptFor)];
  /** The remaining need of the small ones. */
  let neededBySmall = [...small].reduce((sum, customerId) => sum + mostOf(pathsOf.get(customerId) ?? 0), 0);
  const take = (forOthers: number): boolean => {
    if (left > forOthers && account.take()) {
      left -= 1;
      return true;
    }
    refused += 1;
    return false;
  };
  const skip = (customerId: number): void => {
    firstsOfAll -= 1;
    if (small.has(customerId)) neededBySmall -= 1;
  };
  return {
    first: (customerId) => {
      skip(customerId);
      return take(small.has(customerId) ? 0 : neededBySmall);
    },
    skip,
    confirmation: (customerId) => {
      const own = keptFor.get(customerId) ?? 0;
      if (own > 0) {
        keptFor.set(customerId, own - 1);
        kept -= 1;
        if (small.has(customerId)) neededBySmall -= 1;
      }
      if (small.has(customerId) && own > 0) return take(0);
      return take(own > 0 ? firstsOfAll : firstsOfAll + kept);
    },
    refused: () => refused,
  };
};
