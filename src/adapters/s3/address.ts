import { encodePart } from "../aws/keys.ts";
import { ownError } from "./error.ts";

/** Where a bucket is found. */
export type BucketAddress = {
  readonly bucket: string;
  /** Of something that speaks S3, such as MinIO or R2; absent: AWS. */
  readonly endpoint?: string | undefined;
  /** Whether the bucket stands in the path or before the host; absent: at AWS before the host, elsewhere in the path. */
  readonly style?: "path" | "virtual" | undefined;
};

export type Query = Readonly<Record<string, string | undefined>>;

/** Whether a text can be a region, in the name of a host among other things. */
export const isRegion = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(text);

const hostOf = (region: string): string => `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;

/** The bucket's own address, without a slash at its end. */
export const bucketUrl = ({ bucket, endpoint, style }: BucketAddress, region: string): string => {
  const { protocol, host, pathname } = new URL(endpoint ?? `https://${hostOf(region)}`);
  // The certificate of AWS covers one label before its own.
  const before = style === undefined ? endpoint === undefined && !bucket.includes(".") : style === "virtual";
  const path = pathname.replace(/\/+$/, "");
  return before ? `${protocol}//${bucket}.${host}${path}` : `${protocol}//${host}${path}/${encodePart(bucket)}`;
};

/**
 * The path of a key below its bucket.
 * @throws S3Error for a key that no URL can carry: a part of it is `.` or `..`, which every HTTP client resolves, or half a character
 */
export const keyPath = (key: string): string => {
  if (key === "" || !key.isWellFormed() || key.split("/").some((part) => part === "." || part === "..")) {
    throw ownError("bad_key", `the key ${JSON.stringify(key.slice(0, 200))} can not be asked for by its address`, false);
  }
  return key.split("/").map(encodePart).join("/");
};

export const queryText = (query: Query): string =>
  Object.entries(query)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${encodePart(name)}=${encodePart(value)}`]))
    .join("&");
