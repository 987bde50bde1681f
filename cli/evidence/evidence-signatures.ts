import type { KeyObject } from "node:crypto";
import { createHash, createPublicKey, verify } from "node:crypto";
import type { JsonValue } from "../../src/domain/evidence/canonical-json.ts";
import type { EvidenceKind, PublicKey } from "../../src/domain/evidence/evidence-claim.ts";
import { anchorText, claimText, headText, isDecision } from "../../src/domain/evidence/evidence-claim.ts";
import type { Closing, EvidenceRecord, Fields } from "./evidence-bundle.ts";

/** Public keys that are trusted, by their id: one whose id is not made of the key itself is none. */
export type Keys = ReadonlyMap<string, string>;

export const isFields = (value: JsonValue | undefined): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isX = (x: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(x) && Buffer.from(x, "base64url").toString("base64url") === x;

const keyIdOf = (x: string): string => createHash("sha256").update(Buffer.from(x, "base64url")).digest("hex").slice(0, 32);

/** Of these keys those whose id is correct, and that are pinned, where any are. */
export const trusted = (keys: readonly PublicKey[], pinned: readonly string[] | null): Keys =>
  new Map(
    keys
      .filter(({ keyId, x }) => isX(x) && keyIdOf(x) === keyId && (pinned === null || pinned.includes(keyId)))
      .map(({ keyId, x }) => [keyId, x]),
  );

const made = new Map<string, KeyObject>();

const keyObject = (x: string): KeyObject => {
  const known = made.get(x) ?? createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  made.set(x, known);
  return known;
};

/** @returns why a signature is invalid, null where it is valid */
const signatureFault = (keys: Keys, keyId: string, signature: string, text: string): string | null => {
  const x = keys.get(keyId);
  if (x === undefined) return `is signed by the key ${keyId}, which is not among those that are trusted`;
  const bytes = Buffer.from(signature, "base64url");
  // One text for one signature: the last character of a base64url text has unused bits.
  if (bytes.toString("base64url") !== signature) return "has a signature that is not written as one";
  return verify(null, Buffer.from(text, "utf8"), keyObject(x), bytes)
    ? null
    : "has a signature that does not hold: its signer has not seen this";
};

const fieldOf = (value: JsonValue | undefined, ...path: readonly string[]): JsonValue =>
  path.reduce<JsonValue | undefined>((at, name) => (isFields(at) ? at[name] : undefined), value) ?? null;

/** What a round decided at once: records of one round stand beside each other, each of another policy, and none knows of the others. */
const isBeside = (one: EvidenceRecord, other: EvidenceRecord): boolean => {
  const same = (...path: string[]) => fieldOf(one.body, ...path) === fieldOf(other.body, ...path);
  return same("decided_at") && same("decided_by", "epoch") && same("decided_by", "lease") && !same("policy", "id");
};

/**
 * Whether a record follows the one that its signer knew as the last. What others add (switches, observations,
 * deletions) may have come between; another decision may not, but for those of the same round.
 */
const followsFault = (records: readonly EvidenceRecord[], at: number): string | null => {
  const [record, first] = [records[at], records[0]];
  if (record?.signed == null || first === undefined) return null;
  const { follows } = record.signed;
  const decided = isDecision(record.kind, record.body);
  if (follows === null) return record.kind === "end" && !decided ? null : "does not say which record it follows";
  if (follows.seq >= record.seq) return "follows a record that comes after it";
  const behind = follows.seq - first.seq;
  if (behind < -1) return decided ? "was decided long before it came to stand here" : null;
  if (follows.hash !== (behind === -1 ? first.previousHash : records[behind]?.hash))
    return "was signed behind another record than the one that stands there now: one was changed, dropped or put in";
  if (!decided) return null;
  const between = records.slice(behind + 1, at).filter(({ kind, body }) => isDecision(kind, body));
  return between.every((one) => isBeside(record, one)) ? null : "was signed without knowing of a decision that stands before it";
};

/** @returns why a record is not authenticated, null where it is */
export const recordFault = (records: readonly EvidenceRecord[], at: number, keys: Keys): string | null => {
  const record = records[at];
  if (record === undefined) return null;
  if (record.signed === null) return "is not signed";
  const { keyId, signature, follows } = record.signed;
  if (records.slice(0, at).some(({ signed }) => signed?.signature === signature)) return "repeats one that stands before it";
  const { serviceId, stormId, body } = record;
  const text = claimText({ kind: record.kind as EvidenceKind, serviceId, stormId, follows, body }, keyId);
  return signatureFault(keys, keyId, signature, text) ?? followsFault(records, at);
};

export const closingFault = ({ keyId, signature, fields }: Closing, keys: Keys): string | null =>
  signatureFault(keys, keyId, signature, headText(fields));

export const anchorFault = (body: JsonValue, keyId: string, signature: string, keys: Keys): string | null =>
  signatureFault(keys, keyId, signature, anchorText(body, keyId));
