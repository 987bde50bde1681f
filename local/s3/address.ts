import type { SignedRequest } from "../route53/sigv4.ts";
import { S3Refusal } from "./s3-error.ts";

/** Which bucket and key a request is about, and by which style and region of address. */
export interface Address {
  bucket: string;
  /** Decoded; empty: the bucket itself. */
  key: string;
  style: "path" | "virtual";
  /** By the host; null: a host of one's own. */
  region: string | null;
}

const AWS_HOST = /^(?:(.+)\.)?s3[.-]([a-z0-9-]+)\.amazonaws\.com$/;
const OWN_HOST = /^(.+)\.localhost$/;

/** Reads the address of a request: `bucket.s3.region.amazonaws.com`, `bucket.localhost`, or any host with the bucket in the path. */
export function addressOf({ path, headers }: SignedRequest): Address {
  const host = (headers.get("host") ?? "").replace(/:\d+$/, "");
  const aws = AWS_HOST.exec(host);
  const virtual = aws ? aws[1] : OWN_HOST.exec(host)?.[1];
  const region = aws?.[2] ?? null;
  const rest = path.slice(1);
  if (virtual !== undefined) return { bucket: virtual, key: decoded(rest), style: "virtual", region };
  const slash = rest.indexOf("/");
  const bucket = decoded(slash < 0 ? rest : rest.slice(0, slash));
  if (bucket === "") throw new S3Refusal(501, "NotImplemented", "Buckets are not listed here.");
  return { bucket, key: slash < 0 ? "" : decoded(rest.slice(slash + 1)), style: "path", region };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Refusal(400, "InvalidURI", "Couldn't parse the specified URI.");
  }
}
