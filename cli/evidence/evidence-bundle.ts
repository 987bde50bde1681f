import { createHash } from "node:crypto";
import type { JsonValue } from "../../src/domain/evidence/canonical-json.ts";
import { canonicalJson } from "../../src/domain/evidence/canonical-json.ts";
import type { ChainHead, PublicKey } from "../../src/domain/evidence/evidence-claim.ts";

/** `record` counts from 1 in the order of the bundle; `seq` is the place in the service's chain where it could be read. */
export type Verdict =
  | {
      readonly ok: true;
      readonly stormId: number;
      readonly serviceId: number;
      readonly kinds: readonly string[];
      readonly ended: boolean;
      readonly head: string;
      /** All records, in the order of the chain; those before the storm's `begin` came between what that one's signer knew and itself. */
      readonly records: readonly EvidenceRecord[];
      /** The signed last element of a bundle; null: the bundle has none. */
      readonly closing: Closing | null;
      /** The record before the first one here, which is in another bundle or was deleted for its age; null: the chain begins here. */
      readonly follows: { readonly seq: number; readonly hash: string } | null;
    }
  | { readonly ok: false; readonly record: number; readonly seq: number | null; readonly reason: string };

export type Fields = { readonly [key: string]: JsonValue };

export type Signature = { readonly keyId: string; readonly signature: string; readonly follows: ChainHead | null };

/** The last element of a signed bundle, its signature not checked. */
export type Closing = {
  readonly keyId: string;
  readonly signature: string;
  readonly keys: readonly PublicKey[];
  readonly stormId: number;
  /** What the storm's visitors got, as it says (`evidence-summary.ts`), not checked; undefined: it says nothing of it. */
  readonly summary: JsonValue | undefined;
  readonly fields: Fields;
};

/** A record whose fields are what they should be; its signature, if it has one, not checked. */
export type EvidenceRecord = {
  readonly body: JsonValue;
  readonly signed: Signature | null;
  readonly hash: string;
  readonly kind: string;
  readonly previousHash: string | null;
  readonly seq: number;
  readonly serviceId: number;
  readonly stormId: number;
};

const code = (char: string): number => char.charCodeAt(0);
const [open, close, quote, backslash, openBrace, closeBrace, comma] = [
  code("["),
  code("]"),
  code('"'),
  code("\\"),
  code("{"),
  code("}"),
  code(","),
];
const fields = ["body", "hash", "kind", "previous_hash", "seq", "service_id", "storm_id", "v"];
const signedFields = ["body", "follows", "hash", "key_id", "kind", "previous_hash", "seq", "service_id", "signature", "storm_id", "v"];
const closingFields = ["hash", "key_id", "keys", "kind", "seq", "service_id", "signature", "storm_id", "v"];
/** Those of older versions have no summary. */
const summedFields = closingFields.toSpliced(-1, 0, "summary");
const kinds = ["begin", "relapse", "switch", "observed", "credit", "end"];

/** The end of the object that begins at `from`; the end of the bytes where it has none. In UTF-8 no part of a long character looks like ASCII. */
const endOfObject = (bytes: Uint8Array, from: number): number => {
  let depth = 0;
  let inText = false;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inText && byte === backslash) at += 1;
    else if (byte === quote) inText = !inText;
    else if (!inText && byte === openBrace) depth += 1;
    else if (!inText && byte === closeBrace && (depth -= 1) === 0) return at + 1;
  }
  return bytes.length;
};

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

const isFields = (value: JsonValue): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const isId = (value: JsonValue | undefined): value is number => typeof value === "number" && Number.isSafeInteger(value) && value > 0;

/** Parses a piece of a bundle. @returns the problem otherwise */
const read = (bytes: Uint8Array): Fields | string => {
  let text: string;
  let value: JsonValue;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text) as JsonValue;
  } catch {
    return "is not JSON in UTF-8";
  }
  if (!isFields(value)) return "is not an object";
  const ofHead = "summary" in value ? summedFields : closingFields;
  const wanted = value["kind"] === "head" ? ofHead : value["v"] === 2 ? signedFields : fields;
  if (Object.keys(value).toSorted().join() !== wanted.join()) return `must have exactly the fields ${wanted.join(", ")}`;
  try {
    if (canonicalJson(value) !== text) return "is not in canonical form (RFC 8785)";
  } catch {
    return "can not be canonical (RFC 8785)";
  }
  return value;
};

const isText = (value: JsonValue | undefined): value is string => typeof value === "string";

/** @returns null for no signature, a text for what is wrong with it */
const signatureOf = ({ v, key_id: keyId, signature, follows = null }: Fields): Signature | null | string => {
  if (v === 1) return null;
  if (!isText(keyId) || !isText(signature)) return "names something else than a key and a signature";
  if (follows === null) return { keyId, signature, follows };
  if (!isFields(follows) || Object.keys(follows).toSorted().join() !== "hash,seq") return "follows something else than a record";
  const { hash = null, seq } = follows;
  if (
    (hash !== null && !isText(hash)) ||
    typeof seq !== "number" ||
    !Number.isSafeInteger(seq) ||
    seq < 0 ||
    (seq === 0) !== (hash === null)
  )
    return "follows something else than a record";
  return { keyId, signature, follows: { hash, seq } };
};

/** The last element of a bundle that these fields make, @returns what is wrong with them otherwise. */
const closingOf = (value: Fields, last: EvidenceRecord | undefined): Closing | string => {
  const { key_id: keyId, keys, signature, hash, seq, service_id: serviceId, storm_id: stormId } = value;
  if (value["v"] !== 2 || !isText(keyId) || !isText(signature) || !Array.isArray(keys)) return "closes the bundle in an unknown way";
  if (last === undefined || hash !== last.hash || seq !== last.seq || serviceId !== last.serviceId || stormId !== last.stormId) {
    return "does not close this bundle: records are missing, or others stand here";
  }
  const known = keys.flatMap((key: JsonValue): PublicKey[] =>
    isFields(key) && isText(key["key_id"]) && isText(key["x"]) && Object.keys(key).length === 2
      ? [{ keyId: key["key_id"], x: key["x"] }]
      : [],
  );
  const { signature: _signature, ...rest } = value;
  return known.length === keys.length
    ? { keyId, signature, keys: known, stormId: last.stormId, summary: value["summary"], fields: rest }
    : "names something else than keys";
};

/** The record that these fields make, @returns what is wrong with them otherwise. */
const recordOf = (value: Fields): EvidenceRecord | string => {
  const { hash, ...hashed } = value;
  const { kind, previous_hash: previousHash = null, seq, service_id: serviceId, storm_id: stormId, v } = hashed;
  if (typeof hash !== "string" || sha256(canonicalJson(hashed)) !== hash) return "does not have the hash that it names: it was changed";
  if (v !== 1 && v !== 2) return "is of a version that this program does not know";
  if (typeof kind !== "string" || !kinds.includes(kind)) return "is of an unknown kind";
  if (!isId(seq) || !isId(serviceId) || !isId(stormId)) return "has a number that is none";
  if (previousHash !== null && typeof previousHash !== "string") return "names something else than a hash";
  if ((seq === 1) !== (previousHash === null)) return "is first in its chain and has one before it, or neither";
  const signed = signatureOf(value);
  if (isText(signed)) return signed;
  return { body: value["body"] ?? null, signed, hash, kind, previousHash, seq, serviceId, stormId };
};

const notTheBeginning = "must be the beginning of the storm";

/** A bundle begins with its storm, or with what was recorded between what the signer of that beginning knew and it. */
const begins = (records: readonly EvidenceRecord[], stormId: number): boolean => {
  const at = records.findIndex((one) => one.kind === "begin" && one.stormId === stormId);
  return at === 0 || (at > 0 && records[at]?.signed?.follows?.seq === (records[0]?.seq ?? 0) - 1);
};

const linkFault = (record: EvidenceRecord, before: EvidenceRecord | undefined): string | null => {
  if (before === undefined) return null;
  if (record.serviceId !== before.serviceId) return "is of another service";
  if (record.seq !== before.seq + 1) return "does not follow the one before it: there is a hole";
  return record.previousHash === before.hash ? null : "does not name the hash of the one before it";
};

/**
 * The pages of a bundle as one, byte for byte but for the brackets where one ends and the next begins. What is not an array
 * stays as it is, for `verifyBundle` to refuse.
 */
export const joinBundles = (pages: readonly Uint8Array[]): Uint8Array =>
  pages.reduce((whole, page) => {
    if (whole.at(-1) !== close || page[0] !== open) return new Uint8Array([...whole, ...page]);
    const joined = new Uint8Array(whole.length + page.length - 1);
    joined.set(whole.subarray(0, -1));
    joined.set(page, whole.length - 1);
    joined[whole.length - 1] = comma;
    return joined;
  });

const verdictOf = (records: readonly EvidenceRecord[], closing: Closing | null): Verdict => {
  const [first, last] = [records[0], records.at(-1)];
  const stormId = closing?.stormId ?? records.find(({ kind }) => kind === "begin")?.stormId;
  if (first === undefined || last === undefined || stormId === undefined || !begins(records, stormId)) {
    return { ok: false, record: 1, seq: first?.seq ?? null, reason: notTheBeginning };
  }
  const { serviceId } = first;
  const own = records.filter((one) => one.stormId === stormId).map(({ kind }) => kind);
  const follows = first.previousHash === null ? null : { seq: first.seq - 1, hash: first.previousHash };
  return { ok: true, stormId, serviceId, kinds: own, ended: own.includes("end"), head: last.hash, records, closing, follows };
};

/**
 * Checks an evidence bundle as the API serves it, byte for byte: each record is canonical and has the hash that it names,
 * and names the hash of the one before. A fault is attributed to the first record whose bytes (its separator included) have one.
 */
export const verifyBundle = (bytes: Uint8Array): Verdict => {
  const records: EvidenceRecord[] = [];
  let at = 0;
  for (;;) {
    const number = records.length + 1;
    const broken = (reason: string, seq: JsonValue = null): Verdict => ({
      ok: false,
      record: number,
      seq: typeof seq === "number" ? seq : null,
      reason,
    });
    if (bytes[at] !== (number === 1 ? open : comma)) return broken(number === 1 ? "must begin after [" : "must begin after a comma");
    at += 1;
    if (bytes[at] !== openBrace) return broken("must be an object");
    const end = endOfObject(bytes, at);
    const value = read(bytes.subarray(at, end));
    if (typeof value === "string") return broken(value);
    if (value["kind"] === "head") {
      const closing = closingOf(value, records.at(-1));
      if (typeof closing === "string") return broken(closing);
      if (bytes[end] !== close || bytes.length !== end + 1) return broken("must be the last one, followed by ]");
      return verdictOf(records, closing);
    }
    const record = recordOf(value);
    if (typeof record === "string") return broken(record, value["seq"]);
    const fault = linkFault(record, records.at(-1));
    if (fault !== null) return broken(fault, record.seq);
    records.push(record);
    at = end;
    if (bytes[at] === comma) continue;
    if (bytes[at] !== close || bytes.length !== at + 1) return broken("must be followed by a comma or by the end, ]", record.seq);
    return verdictOf(records, null);
  }
};
