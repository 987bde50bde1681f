import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { AwsClient } from "aws4fetch";
import { describe, expect, it } from "vitest";
import type { Route53Server } from "../../local/route53/server.ts";
import { CREDENTIALS, startTestServer, zoneId } from "./route53-client.ts";

// The second referee of the local Route 53, in another language: boto3 and octodns. Their requests are kept, so that they are
// sent on machines without Python as well. RECORD_ROUTE53_REQUESTS=1 keeps what they send now.

type Kept = { method: string; path: string; query: string; body: string; status: number | null };

const script = new URL("../support/route53-clients.py", import.meta.url).pathname;
const fixture = new URL("../fixtures/route53-python-requests.json", import.meta.url);
const python = process.env["PYTHON"] ?? "python3";

const hasClients = (): boolean => {
  try {
    execFileSync(python, ["-c", "import boto3, octodns_route53, octodns.manager"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn(
      `SKIPPED: ${python} has no boto3 and octodns-route53; their recorded requests are sent in their place. PYTHON names another interpreter.`,
    );
    return false;
  }
};

/** Ids are made anew each time: they are kept as what they are ids of, by the order in which they were made. */
const identifiers = (server: Route53Server): [string, string][] => [
  ...server.zones.map(({ id }, index): [string, string] => [id, `ZONE-${index}-`]),
  ...server.healthChecks.map(({ id }, index): [string, string] => [id, `CHECK-${index}-`]),
  ...server.changes.map(({ changeId }, index): [string, string] => [changeId, `CHANGE-${index}-`]),
];
const replaced = (text: string, pairs: readonly (readonly [string, string])[]) =>
  pairs.reduce((done, [from, to]) => done.replaceAll(from, to), text);

const withServer = async <T>(run: (server: Route53Server) => Promise<T>): Promise<T> => {
  const server = await startTestServer();
  try {
    return await run(server);
  } finally {
    await server.close();
  }
};

describe("a client in Python", () => {
  it.skipIf(!hasClients())(
    "is understood: boto3's examples, and octodns from an empty account to a change of weights",
    async () => {
      await withServer(async (server) => {
        const env = {
          PATH: process.env["PATH"],
          HOME: process.env["HOME"],
          AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
          AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
          AWS_DEFAULT_REGION: "us-east-1",
          AWS_EC2_METADATA_DISABLED: "true",
        };
        await promisify(execFile)(python, [script, server.url, zoneId(server), "example.com"], { env, timeout: 60_000 });
        const ids = identifiers(server);
        const kept = server.requests.map(({ method, path, query, body, status }): Kept => ({
          method,
          path: replaced(path, ids),
          query: replaced(query, ids),
          body: replaced(body, ids),
          status,
        }));
        expect(kept.filter(({ status }) => status !== 200 && status !== 201).length).toBe(1);
        if (process.env["RECORD_ROUTE53_REQUESTS"] !== undefined) writeFileSync(fixture, `${JSON.stringify(kept, null, 1)}\n`);
      });
    },
    90_000,
  );

  it("is understood as it was recorded", async () => {
    expect(existsSync(fixture)).toBe(true);
    const kept = JSON.parse(readFileSync(fixture, "utf8")) as Kept[];
    expect(kept.length).toBeGreaterThan(30);
    await withServer(async (server) => {
      const client = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "route53", retries: 0 });
      const answered: Pick<Kept, "method" | "path" | "status">[] = [];
      for (const { method, path, query, body } of kept) {
        const ids = identifiers(server).map(([id, name]) => [name, id] as const);
        const url = `${server.url}${replaced(path, ids)}${query === "" ? "" : `?${replaced(query, ids)}`}`;
        const answer = await client.fetch(url, { method, ...(body !== "" && { body: replaced(body, ids) }) });
        await answer.text();
        answered.push({ method, path, status: answer.status });
      }
      expect(answered).toEqual(kept.map(({ method, path, status }) => ({ method, path, status })));
      expect(server.zones.map(({ name }) => name)).toEqual(["example.com.", "boto3.example.", "octodns.example."]);
      const shares = server.records(zoneId(server, 2)).filter(({ weight }) => weight !== undefined);
      expect(shares.map(({ weight }) => weight ?? 0).toSorted((a, b) => a - b)).toEqual([1, 2]);
    });
  }, 30_000);
});
