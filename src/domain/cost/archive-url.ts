import { bucketFault } from "./bucket.ts";

/** Where what came in is kept: a bucket, or a folder of the machine that tranche runs on. */
export type ArchivePlace =
  | { readonly kind: "s3"; readonly bucket: string; /** Empty, or ends with a slash. */ readonly prefix: string }
  | { readonly kind: "folder"; readonly url: string };

const form = "must be s3://bucket/prefix or file:///folder";

const placeOfBucket = (text: string): ArchivePlace | string => {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(text) ?? [];
  const fault = bucketFault(bucket);
  if (fault !== null) return `has a bucket that ${fault}`;
  const prefix = path === "" || path.endsWith("/") ? path : `${path}/`;
  // Each part stands in addresses as it is, and none of them may lead elsewhere.
  const isPlain = prefix === "" || /^(?:[\w!'()*-][\w.!'()*-]*\/)+$/.test(prefix);
  return isPlain && prefix.length <= 512
    ? { kind: "s3", bucket, prefix }
    : "has a prefix that is not letters, digits, . _ - and single slashes";
};

/** Reads `ARCHIVE_URL`. @returns the place, or what is wrong, to complete "ARCHIVE_URL ..." */
export const parseArchiveUrl = (text: string): ArchivePlace | string => {
  if (text.startsWith("s3://")) return placeOfBucket(text);
  if (!text.startsWith("file:")) return form;
  if (!URL.canParse(text)) return form;
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  return protocol === "file:" && hostname === "" && pathname !== "/" && search === "" && hash === "" ? { kind: "folder", url: text } : form;
};
