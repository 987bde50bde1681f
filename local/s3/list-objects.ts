import type { Markup } from "../route53/xml.ts";
import { element, xmlDocument } from "../route53/xml.ts";
import type { Bucket, StoredObject } from "./bucket.ts";
import { byBytes } from "./bucket.ts";
import { invalidArgument } from "./s3-error.ts";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
const MAX_KEYS = 1_000;
const PARAMETERS = new Set([
  "list-type",
  "prefix",
  "delimiter",
  "start-after",
  "continuation-token",
  "max-keys",
  "encoding-type",
  "fetch-owner",
  "x-id",
]);

/** Parts of the query that stand for another operation, each refused as such. */
export const unknownParameter = (query: URLSearchParams): string | undefined => [...query.keys()].find((name) => !PARAMETERS.has(name));

type Entry = { object: StoredObject } | { prefix: string };

/** ListObjectsV2 over what the bucket shows. */
export function listObjectsV2(bucket: Bucket, query: URLSearchParams): string {
  const given = (name: string): string | null => query.get(name);
  const encodingType = given("encoding-type");
  if (encodingType !== null && encodingType !== "url") {
    throw invalidArgument("encoding-type", encodingType, "Invalid Encoding Method specified in Request");
  }
  const maxKeys = maxKeysOf(given("max-keys"));
  const token = given("continuation-token");
  const after = token === null ? (given("start-after") ?? "") : keyOf(token);
  const [prefix, delimiter] = [given("prefix") ?? "", given("delimiter") ?? ""];
  const { entries, isTruncated, last } = pageOf(bucket.sorted(), { prefix, delimiter, after, maxKeys });
  const text = (said: string): string => (encodingType === "url" ? urlEncoded(said) : said);
  const optional = (name: string, value: string | null): Markup[] => (value === null ? [] : [element(name, value)]);
  return xmlDocument(
    "ListBucketResult",
    [
      element("Name", bucket.name),
      element("Prefix", text(prefix)),
      ...optional("ContinuationToken", token),
      ...(isTruncated ? [element("NextContinuationToken", tokenOf(last))] : []),
      ...optional("StartAfter", given("start-after") === null ? null : text(given("start-after") ?? "")),
      element("KeyCount", entries.length),
      element("MaxKeys", maxKeys),
      ...optional("Delimiter", delimiter === "" ? null : text(delimiter)),
      ...optional("EncodingType", encodingType),
      element("IsTruncated", isTruncated),
      ...entries.map((entry) => ("object" in entry ? contents(entry.object, text) : commonPrefix(entry.prefix, text))),
    ],
    NAMESPACE,
  );
}

function maxKeysOf(said: string | null): number {
  if (said === null || said === "") return MAX_KEYS;
  if (!/^-?\d{1,10}$/.test(said)) throw invalidArgument("max-keys", said, "Provided max-keys not an integer or within integer range");
  if (Number(said) < 0) throw invalidArgument("maxKeys", said, "Argument maxKeys must be an integer between 0 and 2147483647");
  return Math.min(MAX_KEYS, Number(said));
}

function pageOf(
  sorted: readonly StoredObject[],
  { prefix, delimiter, after, maxKeys }: { prefix: string; delimiter: string; after: string; maxKeys: number },
): { entries: Entry[]; isTruncated: boolean; last: string } {
  const entries: Entry[] = [];
  let last = after;
  for (const object of sorted) {
    if (!object.key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : object.key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? null : object.key.slice(0, end + delimiter.length);
    // A prefix that was told already stands for all of its keys.
    const name = common ?? object.key;
    if (byBytes(name, last) <= 0) continue;
    if (entries.length === maxKeys) return { entries, isTruncated: maxKeys > 0, last };
    entries.push(common === null ? { object } : { prefix: common });
    last = name;
  }
  return { entries, isTruncated: false, last };
}

function contents({ key, body, etag, modifiedMs }: StoredObject, text: (said: string) => string): Markup {
  return element("Contents", [
    element("Key", text(key)),
    element("LastModified", new Date(modifiedMs).toISOString()),
    element("ETag", etag),
    element("Size", body.length),
    element("StorageClass", "STANDARD"),
  ]);
}

function commonPrefix(prefix: string, text: (said: string) => string): Markup {
  return element("CommonPrefixes", [element("Prefix", text(prefix))]);
}

/** As S3 writes keys into XML: slashes stay, a space is a plus. */
function urlEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/%2F/g, "/")
    .replace(/%20/g, "+")
    .replace(/[!'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Of no form that a client could rely on. */
function tokenOf(key: string): string {
  return Buffer.from(`after:${key}`).toString("base64");
}

function keyOf(token: string): string {
  const text = Buffer.from(token, "base64").toString("utf8");
  if (!text.startsWith("after:")) throw invalidArgument("continuation-token", token, "The continuation token provided is incorrect");
  return text.slice("after:".length);
}
