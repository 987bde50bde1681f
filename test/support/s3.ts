import { request } from "node:http";
import { Readable } from "node:stream";
import { S3Client } from "@aws-sdk/client-s3";
import { onTestFinished } from "vitest";
import type { S3Server, S3ServerOptions } from "../../local/s3/server.ts";
import { startS3 } from "../../local/s3/server.ts";
import { fixedKeys } from "../../src/adapters/aws/keys.ts";
import { createS3, type S3, type S3Options } from "../../src/adapters/s3/s3.ts";

export const s3Keys = { accessKeyId: "AKIALOCALARCHIVE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };

/** A local S3 that is closed after the test; one bucket in eu-central-1, one with a dot in us-east-1. */
export const startTestS3 = async (more: Partial<S3ServerOptions> = {}): Promise<S3Server> => {
  const buckets = [{ name: "trail-logs", region: "eu-central-1" }, { name: "dotted.name" }];
  const server = await startS3({ buckets, keys: [s3Keys], ...more });
  onTestFinished(async () => await server.close());
  return server;
};

/** A `fetch` for which every host is the server's, by the name that it was asked for: as if it were AWS. */
export const fetchAsAws = ({ port }: S3Server): typeof fetch => {
  const asAws = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    const headers = { ...Object.fromEntries(new Headers(init.headers)), host: url.host };
    return await new Promise<Response>((resolve, reject) => {
      const { method = "GET", signal } = init;
      const asked = request({ port, method, path: url.pathname + url.search, headers, ...(signal && { signal }) }, (answer) => {
        const own = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as [string, string]);
        resolve(new Response(Readable.toWeb(answer) as ReadableStream, { status: answer.statusCode ?? 0, headers: own }));
      });
      asked.once("error", reject);
      asked.end(init.body);
    });
  };
  return asAws as typeof fetch;
};

/** Our client of the server's bucket, by the path style of an endpoint of one's own. */
export const ownClient = (server: S3Server, more: Partial<S3Options> = {}): S3 =>
  createS3({
    bucket: "trail-logs",
    endpoint: server.url,
    region: "eu-central-1",
    keys: fixedKeys(s3Keys),
    fetch,
    clock: { nowMs: () => Date.now(), sleep: async () => {} },
    timeoutMs: 5_000,
    ...more,
  });

/** AWS's own client, which follows a bucket to its region. */
export const sdkClient = (server: S3Server, region = "eu-central-1"): S3Client => {
  const client = new S3Client({
    endpoint: server.url,
    region,
    credentials: s3Keys,
    forcePathStyle: true,
    maxAttempts: 1,
    followRegionRedirects: true,
  });
  onTestFinished(() => client.destroy());
  return client;
};
