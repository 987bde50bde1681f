import { bool, items, optionalText, text, type XmlNode, XmlShapeError } from "../aws/xml.ts";

/** What is asked of a listing. */
export type ListAsk = {
  readonly prefix: string;
  /** Keys up to this one are left out, in the order of their bytes. */
  readonly startAfter?: string | undefined;
  /** Of the page before; then `startAfter` counts no more. */
  readonly token?: string | undefined;
  /** Keys that go on alike up to this text are told as one prefix. */
  readonly delimiter?: string | undefined;
  /** 1 to 1,000. */
  readonly maxKeys?: number | undefined;
};

export type ListedObject = { readonly key: string; readonly size: number; readonly etag: string; readonly modifiedMs: number };

/** A page of a listing, in the order of the keys' bytes. */
export type Listing = {
  readonly objects: readonly ListedObject[];
  readonly prefixes: readonly string[];
  /** For the next page; null: this was the last. */
  readonly next: string | null;
};

/** A space comes as `+` from AWS and MinIO, as `%20` from others; a plus is `%2B` everywhere. */
const decoded = (said: string): string => {
  try {
    return decodeURIComponent(said.replaceAll("+", " "));
  } catch {
    throw new XmlShapeError("a key is not encoded as was asked for");
  }
};

const objectOf = (node: XmlNode, keyOf: (said: string) => string): ListedObject => {
  const size = text(node, "Size");
  const modifiedMs = Date.parse(text(node, "LastModified"));
  if (!/^\d{1,15}$/.test(size)) throw new XmlShapeError("<Size> is not a number");
  if (Number.isNaN(modifiedMs)) throw new XmlShapeError("<LastModified> is not a time");
  return { key: keyOf(text(node, "Key")), size: Number(size), etag: text(node, "ETag"), modifiedMs };
};

/** Reads a `ListBucketResult`. @throws XmlShapeError */
export const readListing = (node: XmlNode): Listing => {
  const keyOf = optionalText(node, "EncodingType") === "url" ? decoded : (said: string) => said;
  // Lists stand in the root itself, not in an element of their own.
  const own = { root: node };
  return {
    objects: items(own, "root", "Contents").map((item) => objectOf(item, keyOf)),
    prefixes: items(own, "root", "CommonPrefixes").map((item) => keyOf(text(item, "Prefix"))),
    next: bool(node, "IsTruncated") ? text(node, "NextContinuationToken") : null,
  };
};
