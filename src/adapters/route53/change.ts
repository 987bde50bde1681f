import type { Clock } from "../ports/platform/clock.ts";
import type { Batch, BatchItem } from "./api/batches.ts";
import { describe, type Failure, failureOf, isCredentialFailure, isDenied, isUnsent } from "./api/error.ts";
import { readChangeInfo, writeChangeBatch } from "./api/messages.ts";
import { checksOf, goneChecks, withoutChecks } from "./health/gone-checks.ts";
import { canonicalName } from "./names.ts";
import type { Call } from "./api/send.ts";

/** The outcome of one domain of a batch. */
export type Outcome =
  | {
      readonly status: "accepted";
      readonly changeId: string;
      readonly acceptedAtMs: number;
      readonly droppedChecks?: readonly string[];
      readonly refusedJointly?: string;
    }
  | { readonly status: "stale"; readonly detail: string }
  | { readonly status: "failed"; readonly detail: string; readonly retryable: boolean; readonly effect: "none" | "unsent" | "unknown" };

/** Requests that may be spent on finding the bad domains of one batch; one among 250 takes 17 by halving. */
const isolationRequests = 32;

/**
 * Sends a batch; where Route 53 refuses it for its content, finds the domains at fault, so that the others succeed.
 * @returns the outcome of every item, by its index. Never throws.
 */
export const applyBatch = async (call: Call, clock: Clock, { zoneId, items }: Batch): Promise<ReadonlyMap<number, Outcome>> => {
  const outcomes = new Map<number, Outcome>();
  const dropped = new Map<number, readonly string[]>();
  const accept = (part: readonly BatchItem[], changeId: string): void => {
    const acceptedAtMs = clock.nowMs();
    const apart = denial === null ? {} : { refusedJointly: describe(denial) };
    for (const { index } of part) {
      const droppedChecks = dropped.get(index);
      outcomes.set(index, { status: "accepted", changeId, acceptedAtMs, ...(droppedChecks !== undefined && { droppedChecks }), ...apart });
    }
  };
  const refuse = (part: readonly BatchItem[], { failure, words }: Refusal, among = part.length): void => {
    for (const { index, name } of part) outcomes.set(index, refused(failure, words.get(name), among));
  };
  let requestsLeft = isolationRequests;
  /** IAM refused the batch as a whole. */
  let denial: Failure | null = null;

  const submit = async (part: readonly BatchItem[], parent: Refusal | null): Promise<void> => {
    if (requestsLeft === 0 && parent !== null) return refuse(part, parent);
    requestsLeft -= 1;
    const refusal = await send(part);
    if (refusal === null) return;
    const gone = await goneChecks(call, part, refusal.failure);
    if (gone.length > 0) {
      const blamed = part.filter((item) => checksOf(item).some((id) => gone.includes(id)));
      refuse(
        blamed.filter(({ mayDropChecks }) => mayDropChecks !== true),
        refusal,
        1,
      );
      const rest = part
        .filter((item) => !blamed.includes(item) || item.mayDropChecks === true)
        .map((item) => {
          const own = checksOf(item).filter((id) => gone.includes(id));
          if (own.length > 0) dropped.set(item.index, [...(dropped.get(item.index) ?? []), ...own]);
          return own.length === 0 ? item : withoutChecks(item, gone);
        });
      return rest.length > 0 ? await submit(rest, refusal) : undefined;
    }
    if (part.length > 1 && isDenied(refusal.failure)) denial ??= refusal.failure;
    if (part.length === 1 || !isOfContent(refusal.failure)) return refuse(part, refusal);
    const blamed = part.filter(({ name }) => refusal.words.has(name));
    if (blamed.length > 0) {
      refuse(blamed, refusal, 1);
      const rest = part.filter(({ name }) => !refusal.words.has(name));
      return rest.length > 0 ? await submit(rest, refusal) : undefined;
    }
    const half = Math.ceil(part.length / 2);
    await submit(part.slice(0, half), refusal);
    await submit(part.slice(half), refusal);
  };

  const send = async (part: readonly BatchItem[]): Promise<Refusal | null> => {
    try {
      const { id } = await call({
        method: "POST",
        path: `hostedzone/${zoneId}/rrset`,
        body: writeChangeBatch(part.flatMap((item) => item.changes)),
        root: "ChangeResourceRecordSetsResponse",
        read: readChangeInfo,
      });
      accept(part, id);
      return null;
    } catch (thrown) {
      const failure = failureOf(thrown);
      return { failure, words: wordsByName(failure) };
    }
  };

  await submit(items, null);
  return outcomes;
};

/**
 * Whether a refusal is about the batch's content, so that parts of it may pass: a stale record, an input Route 53
 * does not take, a name that IAM's condition keys exclude. Not where an earlier attempt may have changed it.
 */
const isOfContent = (failure: Failure): boolean =>
  !failure.retryable && !failure.uncertain && !isCredentialFailure(failure) && failure.code !== "NoSuchHostedZone";

/** A refused request; `words`: the sentences of the message about a domain's records, by its canonical name. */
type Refusal = { readonly failure: Failure; readonly words: ReadonlyMap<string, readonly string[]> };

const refused = (failure: Failure, words: readonly string[] | undefined, among: number): Outcome => {
  if (failure.code !== "InvalidChangeBatch") {
    const effect = isUnsent(failure) ? "unsent" : failure.uncertain ? "unknown" : "none";
    return { status: "failed", detail: describe(failure), retryable: failure.retryable, effect };
  }
  const detail = describe(words === undefined ? failure : { ...failure, messages: words });
  if (failure.uncertain) {
    const lost = "the answer to an earlier attempt was lost and it may have succeeded; read again";
    return { status: "stale", detail: `${lost}. ${detail}` };
  }
  return { status: "stale", detail: among === 1 ? detail : `one of ${among} domains refused together: ${detail}` };
};

/** Parses an InvalidChangeBatch: `[Tried to ... [name='a.', ...] but ..., Tried ...]`. */
const wordsByName = (failure: Failure): ReadonlyMap<string, readonly string[]> => {
  const words = new Map<string, string[]>();
  if (failure.code !== "InvalidChangeBatch") return words;
  const sentences = failure.messages.flatMap((message) => message.replace(/^\[(.*)\]$/s, "$1").split(/, (?=Tried )/));
  for (const sentence of sentences) {
    const name = /\bname='([^']*)'/.exec(sentence)?.[1];
    if (name === undefined) continue;
    const canonical = canonicalName(name);
    const known = words.get(canonical);
    if (known === undefined) words.set(canonical, [sentence]);
    else known.push(sentence);
  }
  return words;
};
