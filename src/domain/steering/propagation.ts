import type { Obstacle } from "./backup-reach.ts";
import { reachOf } from "./backup-reach.ts";
import type { AnsweringRecord, Health, Share } from "./dns-answers.ts";
import { mayAnswer } from "./dns-answers.ts";

/** A half of a pair as far as the public DNS can show it. */
export type PublishedRecord = Omit<AnsweringRecord, "setIdentifier"> & {
  readonly setIdentifier: string;
  /** Seconds; absent on alias records. */
  readonly ttl?: number;
};

/** The surroundings of the pair. */
export type Around = { readonly neighbours: readonly AnsweringRecord[]; readonly health: Health };

const nothingAround: Around = { neighbours: [], health: {} };

export type PublishedWeights = { readonly primary: number; readonly backup: number };

/** The answers allowed for a name from now on: one of `values` (canonical). */
export type Expectation = { readonly type: "A" | "AAAA" | "CNAME"; readonly values: readonly string[] };

/**
 * The canonical answer of one resolver, or one of the zone's own name servers, for the name itself; null: it was silent.
 * `source` is absent for a resolver.
 */
export type Observation = { readonly resolver: string; readonly answers: readonly string[] | null; readonly source?: "authoritative" };

/** `confirmed`: every resolver that answered gives an expected answer; `other`: one does not; `silent`: none answered. */
export type PropagationVerdict = "confirmed" | "other" | "silent";

/** The TTL of Route 53's answers for an alias, at most; also assumed where a TTL is unknown. Seconds. */
const aliasTtlSeconds = 60;

/** How long a resolver may still give a cached answer from before a change. Seconds. */
export const cachedForSeconds = (records: readonly PublishedRecord[]): number =>
  records.reduce((longest, { ttl = aliasTtlSeconds }) => Math.max(longest, ttl), 0);

/** Names in lower case without the last dot, addresses in lower case. What Postgres cannot store is replaced by U+FFFD. */
export const canonicalAnswer = (text: string): string =>
  text.toWellFormed().replaceAll("\0", "\uFFFD").trim().toLowerCase().replace(/\.$/, "");

const queryable = ["CNAME", "A", "AAAA"] as const;

const weighted = (records: readonly PublishedRecord[], to: PublishedWeights): readonly AnsweringRecord[] =>
  records.map((record) => ({ ...record, weight: record.setIdentifier.toLowerCase() === "primary" ? to.primary : to.backup }));

/**
 * The answers expected of the public DNS at these weights, and the type to query; null where unknown, which is an
 * alias: its answer is computed elsewhere. The pair's surroundings answer as well.
 */
export const expectationOf = (
  records: readonly PublishedRecord[],
  to: PublishedWeights,
  around: Around = nothingAround,
): Expectation | null => {
  const type = queryable.find((one) => records.some((record) => record.type === one));
  const own = [...weighted(records, to), ...around.neighbours].filter((record) => record.type === type);
  if (type === undefined || own.some(({ values }) => values === undefined)) return null;
  const answering = mayAnswer(own, around.health);
  const values = [...new Set(answering.flatMap((record) => record.values ?? []).map(canonicalAnswer))].toSorted();
  return values.length === 0 ? null : { type, values };
};

/** An empty answer of a resolver lacks the record: it counts as another answer. */
const judgeAlike = ({ values }: Expectation, observations: readonly Observation[]): PropagationVerdict => {
  const heard = observations.flatMap(({ answers }) => (answers === null ? [] : [answers]));
  if (heard.length === 0) return "silent";
  const expected = (answers: readonly string[]) => answers.length > 0 && answers.every((answer) => values.includes(answer));
  return heard.every(expected) ? "confirmed" : "other";
};

export type Propagation = {
  readonly verdict: PropagationVerdict;
  /** The verdict of the zone's own name servers alone. */
  readonly zone: PropagationVerdict;
  /**
   * All of the zone's name servers that answered give an expected answer, and resolvers at most values of the name's records that
   * are no longer answered. Any other answer, an empty one included, is not from a cache of this zone.
   */
  readonly cached: boolean;
};

/**
 * Visitors use resolvers: their answers decide, and a confirmation by the zone's name servers does not replace missing
 * ones. But where the zone itself gives another answer, resolvers will as well.
 * @param records of the pair
 */
export const judgePropagation = (
  expectation: Expectation,
  observations: readonly Observation[],
  records: readonly PublishedRecord[] = [],
): Propagation => {
  const zone = judgeAlike(
    expectation,
    observations.filter(({ source }) => source === "authoritative"),
  );
  const ofResolvers = observations.filter(({ source }) => source !== "authoritative");
  const resolvers = judgeAlike(expectation, ofResolvers);
  const held = [
    ...expectation.values,
    ...records.filter(({ type }) => type === expectation.type).flatMap(({ values = [] }) => values.map(canonicalAnswer)),
  ];
  const cacheable = judgeAlike({ ...expectation, values: held }, ofResolvers) === "confirmed";
  return { verdict: zone === "other" ? "other" : resolvers, zone, cached: zone === "confirmed" && resolvers === "other" && cacheable };
};

/**
 * Whether visitors follow a switch. `observed`: they were seen to, and no obstacle is expected; `diverged`: they
 * were not, or are not expected to; `unknown`: it could not be observed.
 */
export type SwitchProof = {
  readonly proof: "observed" | "diverged" | "unknown";
  /** Why they do not: `answers`, or the obstacle. */
  readonly reason: "answers" | Obstacle["reason"] | null;
  readonly detail: string | null;
  /** The expected share of answers of the side switched to; null: a switch that splits them. */
  readonly expectedShare: Share | null;
};

const cachedDetail = "the zone's name servers answer what is expected, and resolvers still what is in their caches";

/**
 * The proof of a switch, from the expected answers by all records of the name and from those observed.
 * @param heard verdict on the answers; null: none could be judged
 */
export const proveSwitch = (
  records: readonly PublishedRecord[],
  to: PublishedWeights,
  around: Around | null,
  heard: Propagation | null,
): SwitchProof => {
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
  return {
    ...base,
    proof: verdict === "confirmed" ? "observed" : "unknown",
    reason: null,
    detail: heard?.cached === true ? cachedDetail : null,
  };
};
