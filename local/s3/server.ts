import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { evaluate } from "../route53/iam.ts";
import type { PolicyDocument } from "../route53/iam-document.ts";
import { readRequest } from "../route53/read-request.ts";
import type { Credentials, SignedRequest } from "../route53/sigv4.ts";
import { addressOf } from "./address.ts";
import type { Bucket } from "./bucket.ts";
import { createBucket } from "./bucket.ts";
import type { S3Fault, S3Operation } from "./faults.ts";
import { createS3Faults } from "./faults.ts";
import { s3IamRequest } from "./iam-request.ts";
import type { S3Answer } from "./operations.ts";
import { operationOf, run } from "./operations.ts";
import { accessDenied, elsewhere, internalError, noSuchBucket, renderRefusal, S3Refusal, slowDown } from "./s3-error.ts";
import { verifyS3 } from "./signature.ts";

/** What somebody may not do: the operations (all when absent) on keys, or listings of prefixes, that begin so. */
export interface Denial {
  accessKeyId?: string;
  prefix?: string;
  operations?: readonly S3Operation[];
}

export interface S3ServerOptions {
  /** 0 (default): any free port. */
  port?: number;
  buckets: readonly { name: string; region?: string }[];
  keys: readonly Credentials[];
  /** Temporary credentials that count beside these, by access key id. */
  sessions?: (accessKeyId: string) => Credentials | undefined;
  /** What is attached to the user or role of an access key; absent or undefined: everything is permitted. */
  policies?: (accessKeyId: string) => readonly PolicyDocument[] | undefined;
  /** Clock for signatures and times of objects; default the real one. */
  now?: () => number;
}

export interface RecordedS3Request {
  operation: S3Operation | null;
  bucket: string;
  /** Of a listing its prefix. */
  key: string;
  accessKeyId: string | null;
  query: string;
  headers: ReadonlyMap<string, string>;
  /** Null as long as (or when never) answered. */
  status: number | null;
}

export interface S3Server {
  url: string;
  port: number;
  close(): Promise<void>;
  /** Throws where there is no such bucket. */
  bucket(name: string): Bucket;
  requests: RecordedS3Request[];
  setFault(fault: S3Fault | readonly S3Fault[] | null): void;
  /** In the place of those before. */
  deny(denials: readonly Denial[]): void;
}

/**
 * An S3-compatible server on 127.0.0.1: ListObjectsV2, GetObject and PutObject with real Signature V4, both styles of address, regions with
 * their redirects. What it does not have it refuses as not implemented.
 */
export async function startS3(options: S3ServerOptions): Promise<S3Server> {
  const now = options.now ?? Date.now;
  const buckets = new Map(options.buckets.map(({ name, region = "us-east-1" }) => [name, createBucket(name, region, now)]));
  const keyring = (accessKeyId: string) => options.keys.find((keys) => keys.accessKeyId === accessKeyId) ?? options.sessions?.(accessKeyId);
  const isRegion = (region: string) => /^[a-z]{2}(-[a-z]+)+-\d$|^auto$/.test(region);
  const faults = createS3Faults();
  const requests: RecordedS3Request[] = [];
  let denials: readonly Denial[] = [];

  /** Throws S3Refusal where the request is no good; else what is to be done. */
  const judge = (request: SignedRequest, recorded: RecordedS3Request) => {
    const { bucket: name, key, style, region } = addressOf(request);
    recorded.bucket = name;
    const query = new URLSearchParams(request.query);
    recorded.key = key === "" ? (query.get("prefix") ?? "") : key;
    const signed = verifyS3(request, keyring, now(), { region, isRegion });
    const { accessKeyId } = signed.keys;
    recorded.accessKeyId = accessKeyId;
    const bucket = buckets.get(name);
    if (!bucket) throw noSuchBucket(name);
    if (bucket.region !== signed.region && signed.region !== "auto") throw elsewhere(bucket, style);
    const operation = operationOf(request, key, query);
    recorded.operation = operation;
    const isDenied = denials.some(
      (denial) =>
        (denial.accessKeyId ?? accessKeyId) === accessKeyId &&
        recorded.key.startsWith(denial.prefix ?? "") &&
        (denial.operations?.includes(operation) ?? true),
    );
    const attached = options.policies?.(accessKeyId);
    if (isDenied || (attached && evaluate(attached, s3IamRequest(operation, name, recorded.key)) !== "allowed")) throw accessDenied();
    return { fault: faults.take(operation, recorded.key), apply: () => run(operation, bucket, key, query, request) };
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const { headers, query } = request;
    const recorded: RecordedS3Request = { operation: null, bucket: "", key: "", accessKeyId: null, query, headers, status: null };
    requests.push(recorded);
    try {
      const { fault, apply } = judge(request, recorded);
      if (fault?.kind === "hang") return;
      if (fault?.kind === "reset") return void response.socket?.resetAndDestroy();
      if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.afterMs ?? 1_000));
      const answer = faultyAnswer(fault) ?? apply();
      if (fault?.kind === "reset-after-apply") return void response.socket?.resetAndDestroy();
      send(response, recorded, answer, fault);
    } catch (error) {
      const refusal = error instanceof S3Refusal ? error : internalError();
      const body = Buffer.from(renderRefusal(refusal, randomUUID()));
      send(response, recorded, { status: refusal.status, headers: { "content-type": "application/xml", ...refusal.headers }, body });
    }
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    bucket(name) {
      const bucket = buckets.get(name);
      if (!bucket) throw new Error(`there is no bucket ${name}`);
      return bucket;
    },
    requests,
    setFault: (fault) => faults.set(fault),
    deny: (wanted) => {
      denials = wanted;
    },
  };
}

/** The answer that a fault is in itself. Throws the refusal that it is. */
function faultyAnswer(fault: S3Fault | undefined): S3Answer | null {
  if (fault?.kind === "slow-down") throw slowDown();
  if (fault?.kind === "server-error") throw internalError();
  if (fault?.kind === "access-denied") throw accessDenied();
  if (fault?.kind !== "html") return null;
  return { status: 502, headers: { "content-type": "text/html" }, body: Buffer.from("<html><body><h1>502 Bad Gateway</h1></body></html>") };
}

function send(response: ServerResponse, recorded: RecordedS3Request, { status, headers, body }: S3Answer, fault?: S3Fault): void {
  const half = body.subarray(0, Math.floor(body.length / 2));
  const sent = fault?.kind === "short" ? half : body;
  recorded.status = status;
  response.writeHead(status, {
    ...headers,
    "content-length": sent.length,
    "x-amz-request-id": randomUUID(),
    "x-amz-id-2": "local",
    server: "AmazonS3",
  });
  if (fault?.kind === "cut") response.write(half, () => response.socket?.resetAndDestroy());
  else if (fault?.kind === "stall") response.write(half);
  else response.end(sent);
}
