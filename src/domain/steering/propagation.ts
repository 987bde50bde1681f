import type { Obstacle } from "./backup-reach.ts";
import { reachOf } from "./backup-reach.ts";
import type { AnsweringRecord, Health, Share } from "./dns-answers.ts";
import { mayAnswer } from "./dns-answers.ts";

/** A half of a pair so far as the public DNS can show it. */
export type PublishedRecord = Omit<AnsweringRecord, "setIdentifier"> & {
  readonly setIdentifier: string;
  /** Seconds; absent on alias records. */
  readonly ttl?: number;
};

/** What is around the pair. */
export type Around = { readonly neighbours: readonly AnsweringRecord[]; readonly health: Health };

const nothingAround: Around = { neighbours: [], health: {} };

export type PublishedWeights = { readonly primary: number; readonly backup: number };

/** What a resolver may answer for a name from now on: one of `values` (canonical). */
export type Expectation = { readonly type: "A" | "AAAA" | "CNAME"; readonly values: readonly string[] };

/**
 * What one resolver, or one of the zone's own name servers, answered for the name itself, canonical; null: it could not be asked.
 * `source` is absent where it is a resolver.
 */
export type Observation = { readonly resolver: string; readonly answers: readonly string[] | null; readonly source?: "authoritative" };

/** `confirmed`: every resolver that answered gives what is expected; `other`: one does not; `silent`: none answered. */
export type PropagationVerdict = "confirmed" | "other" | "silent";

/** Route 53 answers for an alias with at most so many seconds; also where a TTL is not known. */
const aliasTtlSeconds = 60;

/** How long a resolver may go on giving an answer from before a change. Seconds. */
export const cachedForSeconds = (records: readonly PublishedRecord[]): number =>
  records.reduce((longest, { ttl = aliasTtlSeconds }) => Math.max(longest, ttl), 0);

/** Names in lower case without the last dot, addresses in lower case. What Postgres cannot hold shows as U+FFFD. */
export const canonicalAnswer = (text: string): string =>
  text.toWellFormed().replaceAll("\0", "\uFFFD").trim().toLowerCase().replace(/\.$/, "");

const queryable = ["CNAME", "A", "AAAA"] as const;

const weighted = (records: readonly PublishedRecord[], to: PublishedWeights): readonly AnsweringRecord[] =>
  records.map((record) => ({ ...record, weight: record.setIdentifier.toLowerCase() === "primary" ? to.primary : to.backup }));

/**
 * What the public DNS has to answer at these weights, and for which type to ask; null where it cannot be told, which is an
 * alias: its answer is made elsewhere. What is around the pair answers as well.
 */
export const expectationOf = (records: readonly PublishedRecord[], to: PublishedWeights, around: Around = nothingAround): Expectation | null => {
  const type = queryable.find((one) => records.some((record) => record.type === one));
  const own = [...weighted(records, to), ...around.neighbours].filter((record) => record.type === type);
  if (type === undefined || own.some(({ values }) => values === undefined)) return null;
  const answering = mayAnswer(own, around.health);
  const values = [...new Set(answering.flatMap((record) => record.values ?? []).map(canonicalAnswer))].toSorted();
  return values.length === 0 ? null : { type, values };
};

/** A resolver that answers with nothing has not got the record: that is another answer. */
const judgeAlike = ({ values }: Expectation, observations: readonly Observation[]): PropagationVerdict => {
  const heard = observations.flatMap(({ answers }) => (answers === null ? [] : [answers]));
  if (heard.length === 0) return "silent";
  const expected = (answers: readonly string[]) => answers.length > 0 && answers.every((answer) => values.includes(answer));
  return heard.every(expected) ? "confirmed" : "other";
};

export type Propagation = {
  readonly verdict: PropagationVerdict;
  /** What the zone's own name servers answer, by itself. */
  readonly zone: PropagationVerdict;
  /**
   * All of the zone's name servers that answered give what is expected, and resolvers at most what records of the name hold that
   * are no longer answered. Any other answer, none included, is from no cache of this zone.
   */
  readonly cached: boolean;
};

/**
 * Visitors ask resolvers: what those answer decides, and that the zone's name servers confirm it does not make up for their
 * silence. But where the zone itself gives another answer, resolvers will as well.
 * @param records of the pair
 */
export const judgePropagation = (expectation: Expectation, observations: readonly Observation[], records: readonly PublishedRecord[] = []): Propagation => {
  const zone = judgeAlike(expectation, observations.filter(({ source }) => source === "authoritative"));
  const ofResolvers = observations.filter(({ source }) => source !== "authoritative");
  const resolvers = judgeAlike(expectation, ofResolvers);
  const held = [...expectation.values, ...records.filter(({ type }) => type === expectation.type).flatMap(({ values = [] }) => values.map(canonicalAnswer))];
  const cacheable = judgeAlike({ ...expectation, values: held }, ofResolvers) === "confirmed";
  return { verdict: zone === "other" ? "other" : resolvers, zone, cached: zone === "confirmed" && resolvers === "other" && cacheable };
};

/**
 * Whether visitors follow a switch. `observed`: they were seen to, and nothing is expected to keep any from it; `diverged`: they
 * were not, or are not expected to; `unknown`: nobody could see it.
 */
export type SwitchProof = {
  readonly proof: "observed" | "diverged" | "unknown";
  /** Why they do not: `answers`, or what is in the way. */
  readonly reason: "answers" | Obstacle["reason"] | null;
  readonly detail: string | null;
  /** Of the answers, the share that the side switched to is expected to have; null: a switch that shares them out. */
  readonly expectedShare: Share | null;
};

const cachedDetail = "the zone's name servers answer what is expected, and resolvers still what is in their caches";

/**
 * What a switch has come to, from what is expected of all records of the name and from what was answered.
 * @param heard of the answers; null: none could be judged
 */
export const proveSwitch = (records: readonly PublishedRecord[], to: PublishedWeights, around: Around | null, heard: Propagation | null): SwitchProof => {
  const side = to.primary === 0 ? "backup" : to.backup === 0 ? "primary" : null;
  const { neighbours, health } = around ?? nothingAround;
  const reach = side === null ? null : reachOf(side, [...weighted(records, to), ...neighbours], health);
  const base = { expectedShare: reach?.share ?? null };
  const verdict = heard?.verdict ?? null;
  if (verdict === "other" && heard?.cached !== true) {
    const who = heard?.zone === "other" ? "the zone's name servers" : "resolvers";
    return { ...base, proof: "diverged", reason: "answers", detail: `${who} answer what no record that may be answered holds` };
  }
  if (reach !== null && reach.obstacle !== null && records.length > 0) {
    return { ...base, proof: "diverged", reason: reach.obstacle.reason, detail: reach.obstacle.detail };
  }
  return { ...base, proof: verdict === "confirmed" ? "observed" : "unknown", reason: null, detail: heard?.cached === true ? cachedDetail : null };
};
