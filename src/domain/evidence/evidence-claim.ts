import type { JsonValue } from "./canonical-json.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { DowntimeSummary } from "./evidence-summary.ts";
import { summaryFields } from "./evidence-summary.ts";

type Fields = { readonly [key: string]: JsonValue };

/** The head of a chain as a writer knows it: its last record; `hash` null where it has none (`seq` 0). */
export type ChainHead = { readonly seq: number; readonly hash: string | null };

export const emptyChain: ChainHead = { seq: 0, hash: null };

export type EvidenceKind = "begin" | "relapse" | "switch" | "observed" | "credit" | "end";

/** The signed claim of a record. `stormId` is not signed where the signer does not know it: when a storm begins, or a deletion ends it. */
export type Claim = {
  readonly kind: EvidenceKind;
  readonly serviceId: number;
  readonly stormId: number;
  /** The last record of the chain that the signer knows; null: it knows none (a deletion). */
  readonly follows: ChainHead | null;
  readonly body: JsonValue;
};

const isFields = (value: JsonValue | undefined): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** For a body that the database writes, the part that the signer knows and signs; a round's decision is signed as a whole. */
const signedFields: Readonly<Partial<Record<EvidenceKind, readonly string[]>>> = {
  switch: ["accepted_at", "change_id", "domain", "from", "reason", "to"],
  observed: ["change", "domain", "expected", "observed_at", "record_type", "resolvers", "verdict"],
};

/** Whether a round decided it, by samples: a beginning, a relapse, an end that is not due to a deletion. */
export const isDecision = (kind: string, body: JsonValue): boolean =>
  kind !== "switch" && kind !== "observed" && kind !== "credit" && (kind !== "end" || (isFields(body) && "decided_by" in body));

const claimedOf = ({ kind, body }: Claim): JsonValue => {
  if (!isFields(body)) return body;
  const names = signedFields[kind];
  if (names !== undefined) return Object.fromEntries(names.map((name) => [name, body[name] ?? null]));
  if (kind === "credit" || isDecision(kind, body)) return body;
  const { decision, decided_at: decidedAt = null } = body;
  return { decided_at: decidedAt, reason: isFields(decision) ? (decision["reason"] ?? null) : null };
};

/** Domain separation: prefixes of signed texts, so that a signature for one purpose is invalid for another. */
const signed = (purpose: "record" | "head" | "anchor", value: JsonValue): string =>
  `tranche evidence ${purpose}, version 2\n${canonicalJson(value)}`;

/** The text that a record's signature covers. @throws RangeError for what has no canonical form */
export const claimText = (claim: Claim, keyId: string): string => {
  const { kind, serviceId, stormId, follows, body } = claim;
  const knowsStorm = kind !== "begin" && (kind !== "end" || isDecision(kind, body));
  return signed("record", {
    claimed: claimedOf(claim),
    follows: follows && { hash: follows.hash, seq: follows.seq },
    key_id: keyId,
    kind,
    service_id: serviceId,
    storm_id: knowsStorm ? stormId : null,
  });
};

/** Public key of a signer: its id is the first half of the key's SHA-256, 32 hex digits; `x` the key itself, base64url (RFC 8037). */
export type PublicKey = { readonly keyId: string; readonly x: string };

/** The end of a storm's evidence when it was read. `summary`: what its visitors got; bundles of older versions have none. */
export type SignedHead = {
  readonly serviceId: number;
  readonly stormId: number;
  readonly seq: number;
  readonly hash: string;
  readonly summary?: DowntimeSummary;
};

/** The last element of a bundle without its signature, as JSON. */
export const headFields = ({ serviceId, stormId, seq, hash, summary }: SignedHead, keyId: string, keys: readonly PublicKey[]): Fields => ({
  hash,
  key_id: keyId,
  keys: keys.map((key) => ({ key_id: key.keyId, x: key.x })),
  kind: "head",
  seq,
  service_id: serviceId,
  storm_id: stormId,
  ...(summary !== undefined && { summary: summaryFields(summary) }),
  v: 2,
});

export const headText = (fields: Fields): string => signed("head", fields);

/** The text that an anchor's signature covers. @param body as stored, parsed */
export const anchorText = (body: JsonValue, keyId: string): string => signed("anchor", { body, key_id: keyId });
