import type { JsonValue } from "../../src/domain/evidence/canonical-json.ts";
import { isDecision } from "../../src/domain/evidence/evidence-claim.ts";
import type { EvidenceRecord } from "./evidence-bundle.ts";
import { verifyBundle } from "./evidence-bundle.ts";
import { replayRecord } from "./evidence-replay.ts";
import type { Keys } from "./evidence-signatures.ts";
import { summaryFault } from "./evidence-summary.ts";
import { closingFault, isFields, recordFault, trusted } from "./evidence-signatures.ts";

/** The trusted keys of a bundle: given ones, or those in it with given ids. */
export type Trust = { readonly keys: Keys } | { readonly pinned: readonly string[] };

type Ok = Extract<ReturnType<typeof verifyBundle>, { readonly ok: true }>;

/** `remarks`: what could not be determined, by record; a bundle may be valid and yet not replayable. */
export type Audit =
  | { readonly ok: false; readonly record: number; readonly seq: number | null; readonly reason: string }
  | {
      readonly ok: true;
      readonly bundle: Ok;
      readonly signedBy: readonly string[];
      readonly keys: Keys;
      readonly replayed: number;
      readonly remarks: readonly { readonly record: number; readonly seq: number; readonly why: string }[];
    };

const textOf = (body: JsonValue, ...path: readonly string[]): string | null => {
  const found = path.reduce<JsonValue | undefined>((at, name) => (isFields(at) ? at[name] : undefined), body);
  return typeof found === "string" ? found : null;
};

/** The tolerated clock skew between decider and database. */
const skewMs = 60_000;

const required: Readonly<Record<string, readonly string[]>> = {
  switch: ["change_id", "domain", "from", "to"],
  observed: ["change", "domain", "observed_at", "verdict"],
  credit: ["credit", "credit_reason", "decided_at"],
  end: ["decided_at", "decision"],
};

/** Until migration 0048 the database recorded an end of this reason once more behind the round that had decided it, and nobody signed that. */
const isSaidTwice = ({ kind, body, signed }: EvidenceRecord, end: EvidenceRecord): boolean =>
  kind === "end" &&
  signed === null &&
  !isDecision(kind, body) &&
  textOf(body, "decision", "reason") === "credit_changed" &&
  ["reason", "ended_at"].every((name) => textOf(body, "decision", name) === textOf(end.body, "decision", name));

/** The consistency rules of a storm's own records: begun once, relapsing by one, ended once, and nothing decided behind that. */
const storyFault = (records: readonly EvidenceRecord[], at: number, stormId: number): string | null => {
  const record = records[at];
  if (record === undefined) return null;
  const { body, kind } = record;
  const missing = (required[kind] ?? []).find((name) => !isFields(body) || !(name in body));
  if (missing !== undefined) return `is empty: it does not say its ${missing}`;
  if (record.stormId !== stormId) return null;
  const before = records.slice(0, at).filter((one) => one.stormId === stormId);
  const begin = before.find((one) => one.kind === "begin");
  if (kind === "begin") return begin === undefined ? null : "begins a storm that has begun";
  if (begin === undefined) return "comes before its storm has begun";
  if (kind !== "relapse" && kind !== "end") return null;
  const end = before.find((one) => one.kind === "end");
  if (end !== undefined && isSaidTwice(record, end)) return null;
  if (end !== undefined) return `comes to ${kind} a storm that has ended`;
  const startedAt = textOf(begin.body, "decision", "started_at");
  if (isDecision(kind, body)) {
    const relapses = before.filter((one) => one.kind === "relapse").length;
    const known = isFields(body) && isFields(body["storm"]) ? body["storm"] : null;
    if (known !== null && known["started_at"] !== startedAt) return "is of a storm that began at another time";
    return known === null || known["relapses"] === relapses ? null : `knows of another number of relapses than the ${relapses} before it`;
  }
  const [decidedAt, begunAt, endedAt] = [
    textOf(body, "decided_at"),
    textOf(begin.body, "decided_at"),
    textOf(body, "decision", "ended_at"),
  ].map((text) => Date.parse(text ?? ""));
  if (decidedAt === undefined || begunAt === undefined || endedAt === undefined) return null;
  if (decidedAt + skewMs < begunAt) return "was decided before its storm had begun";
  return endedAt <= decidedAt + skewMs ? null : "ends a storm later than that was decided";
};

/**
 * Everything that can be verified of a bundle offline: each record's bytes, hash and position, its signer, the order of
 * signatures, and whether its decision follows from its samples. Pure except for the signatures' arithmetic.
 * @param trust null: no signature is required
 */
export const auditBundle = (bytes: Uint8Array, trust: Trust | null): Audit => {
  const bundle = verifyBundle(bytes);
  if (!bundle.ok) return bundle;
  const { records, closing, stormId } = bundle;
  const keys = trust === null ? null : "keys" in trust ? trust.keys : trusted(closing?.keys ?? [], trust.pinned);
  const remarks: { record: number; seq: number; why: string }[] = [];
  let replayed = 0;
  for (const [at, record] of records.entries()) {
    const broken = (reason: string): Audit => ({ ok: false, record: at + 1, seq: record.seq, reason });
    const fault = (keys === null ? null : recordFault(records, at, keys)) ?? storyFault(records, at, stormId);
    if (fault !== null) return broken(fault);
    if (!isDecision(record.kind, record.body)) continue;
    const replay = replayRecord(record);
    if (replay.result === "fault") return broken(replay.why);
    if (replay.result === "replayed") replayed += 1;
    else remarks.push({ record: at + 1, seq: record.seq, why: replay.why });
  }
  if (keys !== null) {
    const end = { ok: false, record: records.length + 1, seq: null } as const;
    if (closing === null)
      return {
        ...end,
        reason: "is missing: a signed bundle ends with a signed head, without which nobody can tell whether it was cut off",
      };
    const fault = closingFault(closing, keys);
    if (fault !== null) return { ...end, reason: fault };
  }
  if (closing?.summary !== undefined) {
    const fault = summaryFault(closing.summary, records, stormId);
    if (fault !== null) return { ok: false, record: records.length + 1, seq: null, reason: fault };
  }
  const signedBy = keys === null ? [] : [...new Set(records.flatMap(({ signed }) => signed?.keyId ?? []))];
  return { ok: true, bundle, keys: keys ?? new Map(), signedBy, replayed, remarks };
};
