import { createHash } from "node:crypto";

/** An object of a bucket. */
export interface StoredObject {
  key: string;
  body: Buffer;
  /** With its quotes. */
  etag: string;
  modifiedMs: number;
  contentType: string;
  contentEncoding: string | null;
  /** Whether listings show it: eventual ones do so late. It can be read from the start. */
  listed: boolean;
}

export interface Bucket {
  readonly name: string;
  readonly region: string;
  /** By key; `sorted` has the order of listings. */
  readonly objects: ReadonlyMap<string, StoredObject>;
  put(object: { key: string; body: Uint8Array; contentType?: string; contentEncoding?: string | null; listed?: boolean }): StoredObject;
  remove(key: string): void;
  /** Listings show the object from now on. Throws where there is none. */
  reveal(key: string): void;
  /** What listings show, in the order of the keys' UTF-8 bytes. */
  sorted(): readonly StoredObject[];
}

/** The order of S3: by the bytes of UTF-8, in which an astral character comes after U+FFFF, unlike in UTF-16. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function createBucket(name: string, region: string, now: () => number): Bucket {
  const objects = new Map<string, StoredObject>();
  let order: StoredObject[] | null = null;
  return {
    name,
    region,
    objects,
    put({ key, body, contentType = "binary/octet-stream", contentEncoding = null, listed = true }) {
      const bytes = Buffer.from(body);
      const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
      const stored = { key, body: bytes, etag, modifiedMs: now(), contentType, contentEncoding, listed };
      objects.set(key, stored);
      order = null;
      return stored;
    },
    remove(key) {
      objects.delete(key);
      order = null;
    },
    reveal(key) {
      const object = objects.get(key);
      if (!object) throw new Error(`there is no object ${key}`);
      object.listed = true;
      order = null;
    },
    sorted() {
      order ??= [...objects.values()].filter(({ listed }) => listed).toSorted((a, b) => byBytes(a.key, b.key));
      return order;
    },
  };
}
