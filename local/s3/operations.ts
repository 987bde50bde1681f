import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { SignedRequest } from "../route53/sigv4.ts";
import type { Bucket } from "./bucket.ts";
import type { S3Operation } from "./faults.ts";
import { listObjectsV2, unknownParameter } from "./list-objects.ts";
import { noSuchKey, S3Refusal } from "./s3-error.ts";

export interface S3Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Which operation a request is. Throws NotImplemented for those that this server does not have. */
export function operationOf({ method }: SignedRequest, key: string, query: URLSearchParams): S3Operation {
  if (method === "GET" && key === "" && query.get("list-type") === "2") {
    const unknown = unknownParameter(query);
    if (unknown === undefined) return "ListObjectsV2";
    throw notImplemented(unknown);
  }
  const other = [...query.keys()].find((name) => name !== "x-id");
  if (other !== undefined) throw notImplemented(other);
  if (method === "GET" && key !== "") return "GetObject";
  if (method === "PUT" && key !== "") return "PutObject";
  throw new S3Refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.", { Method: method });
}

const notImplemented = (name: string): S3Refusal =>
  new S3Refusal(501, "NotImplemented", "A parameter you provided implies functionality that is not implemented", { Parameter: name });

/** Runs an operation. Throws S3Refusal. */
export function run(operation: S3Operation, bucket: Bucket, key: string, query: URLSearchParams, request: SignedRequest): S3Answer {
  if (operation === "GetObject") return getObject(bucket, key, request);
  if (operation === "PutObject") return putObject(bucket, key, request);
  return { status: 200, headers: { "content-type": "application/xml" }, body: Buffer.from(listObjectsV2(bucket, query)) };
}

function getObject(bucket: Bucket, key: string, { headers }: SignedRequest): S3Answer {
  const object = bucket.objects.get(key);
  if (!object) throw noSuchKey(key);
  if (headers.has("range")) throw new S3Refusal(501, "NotImplemented", "Ranges are not implemented.", { Header: "Range" });
  return {
    status: 200,
    headers: {
      "content-type": object.contentType,
      ...(object.contentEncoding !== null && { "content-encoding": object.contentEncoding }),
      etag: object.etag,
      "last-modified": new Date(object.modifiedMs).toUTCString(),
      "accept-ranges": "bytes",
    },
    body: object.body,
  };
}

function putObject(bucket: Bucket, key: string, { headers, body }: SignedRequest): S3Answer {
  if (Buffer.byteLength(key) > 1_024) {
    throw new S3Refusal(400, "KeyTooLongError", "Your key is too long", { MaxSizeAllowed: "1024", Size: `${Buffer.byteLength(key)}` });
  }
  const md5 = headers.get("content-md5");
  if (md5 !== undefined && md5 !== createHash("md5").update(body).digest("base64")) {
    throw new S3Refusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
  }
  const crc = headers.get("x-amz-checksum-crc32");
  if (crc !== undefined && crc !== crc32Text(body)) {
    throw new S3Refusal(400, "BadDigest", "The CRC32 you specified did not match what we received.");
  }
  const stored = bucket.put({
    key,
    body,
    contentEncoding: headers.get("content-encoding") ?? null,
    ...(headers.has("content-type") && { contentType: headers.get("content-type") ?? "" }),
  });
  return { status: 200, headers: { etag: stored.etag, ...(crc !== undefined && { "x-amz-checksum-crc32": crc }) }, body: Buffer.alloc(0) };
}

function crc32Text(body: Uint8Array): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString("base64");
}
