/** A record set so far as the public DNS can show it. */
export type PublishedRecord = {
  readonly type: string;
  readonly setIdentifier: string;
  /** Seconds; absent on alias records. */
  readonly ttl?: number;
  readonly values?: readonly string[];
};

export type PublishedWeights = { readonly primary: number; readonly backup: number };

/** What a resolver may answer for a name from now on: one of `values` (canonical). */
export type Expectation = { readonly type: "A" | "AAAA" | "CNAME"; readonly values: readonly string[] };

/** What one resolver answered for the name itself, canonical; null: it could not be asked. */
export type Observation = { readonly resolver: string; readonly answers: readonly string[] | null };

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

/**
 * What the public DNS has to answer at these weights, and for which type to ask; null where it cannot be told, which is an
 * alias: its answer is made elsewhere. Weights of 0 on both sides answer either.
 */
export const expectationOf = (records: readonly PublishedRecord[], to: PublishedWeights): Expectation | null => {
  const type = queryable.find((one) => records.some((record) => record.type === one));
  const own = records.filter((record) => record.type === type);
  if (type === undefined || own.some(({ values }) => values === undefined)) return null;
  const neither = to.primary === 0 && to.backup === 0;
  const answering = own.filter(({ setIdentifier }) => {
    const side = setIdentifier.toLowerCase();
    return (side === "primary" && (neither || to.primary > 0)) || (side === "backup" && (neither || to.backup > 0));
  });
  const values = [...new Set(answering.flatMap((record) => record.values ?? []).map(canonicalAnswer))].toSorted();
  return values.length === 0 ? null : { type, values };
};

/** A resolver that answers with nothing has not got the record: that is another answer. */
export const judgePropagation = ({ values }: Expectation, observations: readonly Observation[]): PropagationVerdict => {
  const heard = observations.flatMap(({ answers }) => (answers === null ? [] : [answers]));
  if (heard.length === 0) return "silent";
  const expected = (answers: readonly string[]) => answers.length > 0 && answers.every((answer) => values.includes(answer));
  return heard.every(expected) ? "confirmed" : "other";
};
