import { createHash } from "node:crypto";
import type { JsonValue } from "../src/domain/canonical-json.ts";
import { canonicalJson } from "../src/domain/canonical-json.ts";

/** `record` counts from 1 in the order of the bundle; `seq` is the place in the service's chain where it could be read. */
export type Verdict =
  | { readonly ok: true; readonly stormId: number; readonly serviceId: number; readonly kinds: readonly string[]; readonly ended: boolean; readonly head: string }
  | { readonly ok: false; readonly record: number; readonly seq: number | null; readonly reason: string };

type Record = { readonly [key: string]: JsonValue };

const [open, close, quote, backslash, openBrace, closeBrace, comma] = [..."[]\"\\{},"].map((char) => char.charCodeAt(0));
const fields = ["body", "hash", "kind", "previous_hash", "seq", "service_id", "storm_id", "v"];
const kinds = ["begin", "relapse", "switch", "end"];

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

const isRecord = (value: JsonValue): value is Record => typeof value === "object" && value !== null && !Array.isArray(value);
const isId = (value: JsonValue | undefined): value is number => typeof value === "number" && Number.isSafeInteger(value) && value > 0;

const read = (bytes: Uint8Array): Record | string => {
  let text: string;
  let value: JsonValue;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text) as JsonValue;
  } catch {
    return "is not JSON in UTF-8";
  }
  if (!isRecord(value)) return "is not an object";
  if (Object.keys(value).toSorted().join() !== fields.join()) return `must have exactly the fields ${fields.join(", ")}`;
  try {
    if (canonicalJson(value) !== text) return "is not in canonical form (RFC 8785)";
  } catch {
    return "can not be canonical (RFC 8785)";
  }
  return value;
};

/** What is wrong with a record that reads well, seen with the one before it. */
const faultOf = (record: Record, before: Record | null): string | null => {
  const { hash, ...hashed } = record;
  if (sha256(canonicalJson(hashed)) !== hash) return "does not have the hash that it names: it was changed";
  if (record["v"] !== 1) return "is of a version that this program does not know";
  if (!kinds.includes(String(record["kind"]))) return "is of an unknown kind";
  if (!isId(record["seq"]) || !isId(record["service_id"]) || !isId(record["storm_id"])) return "has a number that is none";
  if ((record["seq"] === 1) !== (record["previous_hash"] === null)) return "is first in its chain and has one before it, or neither";
  if (before === null) return record["kind"] === "begin" ? null : "must be the beginning of the storm";
  if (record["service_id"] !== before["service_id"]) return "is of another service";
  if (record["seq"] !== Number(before["seq"]) + 1) return "does not follow the one before it: there is a hole";
  return record["previous_hash"] === before["hash"] ? null : "does not name the hash of the one before it";
};

/**
 * Checks an evidence bundle as the API serves it, byte for byte: each record is canonical and has the hash that it names,
 * and names the hash of the one before. A fault is laid to the first record whose bytes (its separator included) have one.
 */
export const verifyBundle = (bytes: Uint8Array): Verdict => {
  const records: Record[] = [];
  let at = 0;
  for (;;) {
    const number = records.length + 1;
    const broken = (reason: string, seq: JsonValue = null): Verdict => ({ ok: false, record: number, seq: typeof seq === "number" ? seq : null, reason });
    if (bytes[at] !== (number === 1 ? open : comma)) return broken(number === 1 ? "must begin after [" : "must begin after a comma");
    at += 1;
    if (bytes[at] !== openBrace) return broken("must be an object");
    const end = endOfObject(bytes, at);
    const record = read(bytes.subarray(at, end));
    if (typeof record === "string") return broken(record);
    const fault = faultOf(record, records.at(-1) ?? null);
    if (fault !== null) return broken(fault, record["seq"]);
    records.push(record);
    at = end;
    if (bytes[at] === comma) continue;
    if (bytes[at] !== close || bytes.length !== at + 1) return broken("must be followed by a comma or by the end, ]", record["seq"]);
    const [first] = records;
    const own = records.filter((one) => one["storm_id"] === first?.["storm_id"]);
    return {
      ok: true, stormId: Number(first?.["storm_id"]), serviceId: Number(first?.["service_id"]), kinds: own.map((one) => String(one["kind"])),
      ended: own.some((one) => one["kind"] === "end"), head: String(record["hash"]),
    };
  }
};
