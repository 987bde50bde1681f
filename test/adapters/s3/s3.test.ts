import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { KeySource } from "../../../src/adapters/aws/keys.ts";
import { failureOf, isDenied, isKeyFailure, isMissing, type S3Failure } from "../../../src/adapters/s3/error.ts";
import { unpacked } from "../../../src/adapters/s3/body.ts";
import type { S3 } from "../../../src/adapters/s3/s3.ts";
import { freely } from "../../support/budget.ts";
import { fetchAsAws, ownClient, s3Keys, startTestS3 } from "../../support/s3.ts";

const failed = async (call: Promise<unknown>): Promise<S3Failure> =>
  await call.then(
    () => expect.unreachable("the call succeeded"),
    (thrown: unknown) => failureOf(thrown),
  );

const textOf = async (s3: S3, key: string): Promise<string> =>
  await s3.read(key, freely, async ({ body }) => await new Response(body).text());

const withObject = async (key = "k", body = "x".repeat(200_000)) => {
  const server = await startTestS3();
  server.bucket("trail-logs").put({ key, body: Buffer.from(body) });
  return { server, s3: ownClient(server, { timeoutMs: 300 }) };
};

describe("where a bucket is", () => {
  it.each<[string, "path" | "virtual" | undefined, string]>([
    ["trail-logs", undefined, "trail-logs.s3.eu-central-1.amazonaws.com"],
    ["trail-logs", "path", "s3.eu-central-1.amazonaws.com"],
  ])("%s, style %s: %s", async (bucket, style, host) => {
    const server = await startTestS3();
    const s3 = ownClient(server, { endpoint: undefined, bucket, style, fetch: fetchAsAws(server) });
    await s3.put("a b/c", { body: new TextEncoder().encode("1"), contentType: "text/plain" }, freely);
    expect(server.requests.at(-1)?.headers.get("host")).toBe(host);
    expect(await textOf(s3, "a b/c")).toBe("1");
  });

  it("stands in the path where its name has a dot, which no certificate covers", async () => {
    const server = await startTestS3();
    const s3 = ownClient(server, { endpoint: undefined, bucket: "dotted.name", region: "us-east-1", fetch: fetchAsAws(server) });
    await s3.list({ prefix: "" }, freely);
    expect(server.requests.at(-1)?.headers.get("host")).toBe("s3.us-east-1.amazonaws.com");
  });

  it("is followed to its region once, by the host as well, and remembered", async () => {
    const server = await startTestS3();
    const s3 = ownClient(server, { endpoint: undefined, region: "us-west-2", fetch: fetchAsAws(server) });
    await s3.list({ prefix: "" }, freely);
    await s3.list({ prefix: "" }, freely);
    expect(server.requests.map(({ status, headers }) => [status, headers.get("host")])).toEqual([
      [301, "trail-logs.s3.us-west-2.amazonaws.com"],
      [200, "trail-logs.s3.eu-central-1.amazonaws.com"],
      [200, "trail-logs.s3.eu-central-1.amazonaws.com"],
    ]);
  });

  it("is not followed in circles, nor to what is no region", async () => {
    const redirect = (region: string) => async () =>
      new Response("<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>", {
        status: 301,
        headers: { "x-amz-bucket-region": region },
      });
    const server = await startTestS3();
    let calls = 0;
    const circling = async () => await redirect(calls++ % 2 === 0 ? "eu-west-1" : "eu-west-2")();
    expect(await failed(ownClient(server, { fetch: circling }).list({ prefix: "" }, freely))).toMatchObject({ code: "PermanentRedirect" });
    expect(calls).toBe(2);
    const evil = ownClient(server, { endpoint: undefined, fetch: redirect("evil.example/") });
    expect(await failed(evil.list({ prefix: "" }, freely))).toMatchObject({ code: "PermanentRedirect", httpStatus: 301, retryable: false });
  });
});

describe("what is signed", () => {
  it("covers the body, and the token of a session", async () => {
    const session = { ...s3Keys, accessKeyId: "ASIASESSION", sessionToken: "token/+=" };
    const server = await startTestS3({ sessions: (id) => (id === session.accessKeyId ? session : undefined) });
    const keys: KeySource = { get: async () => session, drop: () => {} };
    await ownClient(server, { keys }).put("k", { body: new TextEncoder().encode("body"), contentType: "text/plain" }, freely);
    expect(server.requests[0]?.headers.get("x-amz-content-sha256")).toMatch(/^[\da-f]{64}$/);
    expect(server.requests[0]).toMatchObject({ status: 200, accessKeyId: "ASIASESSION" });
  });

  it("is dropped where S3 refuses the keys themselves", async () => {
    const server = await startTestS3();
    const dropped: string[] = [];
    const keys: KeySource = {
      get: async () => ({ ...s3Keys, secretAccessKey: "another secret" }),
      drop: ({ accessKeyId }) => void dropped.push(accessKeyId),
    };
    const failure = await failed(ownClient(server, { keys }).list({ prefix: "" }, freely));
    expect([failure.code, isKeyFailure(failure), dropped]).toEqual(["SignatureDoesNotMatch", true, [s3Keys.accessKeyId]]);
    expect(JSON.stringify(failure)).not.toContain("another secret");
  });

  it("is refused with a clock that is off, and by a server without such keys", async () => {
    const server = await startTestS3({ now: () => Date.now() + 16 * 60_000 });
    expect(await failed(ownClient(server).list({ prefix: "" }, freely))).toMatchObject({ code: "RequestTimeTooSkewed" });
    const strange = { get: async () => ({ ...s3Keys, accessKeyId: "AKIASOMEBODY" }), drop: () => {} };
    expect(await failed(ownClient(await startTestS3(), { keys: strange }).list({ prefix: "" }, freely))).toMatchObject({
      code: "InvalidAccessKeyId",
    });
  });

  it("may leave the body out", async () => {
    const server = await startTestS3();
    const { AwsClient } = await import("aws4fetch");
    const signer = new AwsClient({ ...s3Keys, region: "eu-central-1", service: "s3", retries: 0 });
    const put = async (headers: Record<string, string>) =>
      (await signer.fetch(`${server.url}/trail-logs/k`, { method: "PUT", body: "unsigned", headers })).status;
    expect(await put({})).toBe(200);
    expect(server.requests[0]?.headers.get("x-amz-content-sha256")).toBe("UNSIGNED-PAYLOAD");
    expect(await put({ "x-amz-content-sha256": "0".repeat(64) })).toBe(400);
    expect(await put({ "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" })).toBe(501);
  });
});

describe("what fails", () => {
  it("says so by S3's code", async () => {
    const { server, s3 } = await withObject();
    const missing = await failed(textOf(s3, "none"));
    expect([missing.code, isMissing(missing), missing.retryable]).toEqual(["NoSuchKey", true, false]);
    expect(await failed(ownClient(server, { bucket: "no-bucket" }).list({ prefix: "" }, freely))).toMatchObject({ code: "NoSuchBucket" });
    server.deny([{ prefix: "AWSLogs/2" }]);
    const denied = await failed(s3.list({ prefix: "AWSLogs/2/" }, freely));
    expect([denied.code, isDenied(denied), denied.retryable]).toEqual(["AccessDenied", true, false]);
    expect((await s3.list({ prefix: "AWSLogs/1/" }, freely)).objects).toEqual([]);
  });

  it.each(["slow-down", "server-error", "html", "reset", "hang"] as const)("%s: may succeed later", async (kind) => {
    const { server, s3 } = await withObject();
    server.setFault({ kind, times: 1 });
    expect(await failed(s3.list({ prefix: "" }, freely))).toMatchObject({ retryable: true });
    expect((await s3.list({ prefix: "" }, freely)).objects).toHaveLength(1);
  });

  it.each(["cut", "stall"] as const)("%s: a body that is not whole is not taken for one", async (kind) => {
    const { server, s3 } = await withObject();
    server.setFault({ kind, times: 1 });
    expect(await failed(textOf(s3, "k"))).toMatchObject({ code: kind === "cut" ? "cut" : "timeout", retryable: true });
    expect((await textOf(s3, "k")).length).toBe(200_000);
  });

  it.each(["short", "cut"] as const)("%s: half a listing is none", async (kind) => {
    const { server, s3 } = await withObject();
    server.setFault({ kind, times: 1 });
    expect(await failed(s3.list({ prefix: "" }, freely))).toMatchObject({ code: kind === "cut" ? "cut" : "unreadable", retryable: true });
  });

  it("ends with the time that there is for it, whoever is slow", async () => {
    const { server, s3 } = await withObject();
    server.setFault({ kind: "slow", afterMs: 5_000 });
    expect(await failed(s3.list({ prefix: "" }, freely))).toMatchObject({ code: "timeout" });
    server.setFault(null);
    const late = { ...freely, connection: async () => ({ status: "unsent" }) as const };
    expect(await failed(s3.list({ prefix: "" }, late))).toMatchObject({ code: "too_late", retryable: true });
  });

  it.each(["", ".", "a/../b", "./a", "\ud800"])("never asks for the key %j, which would be another's address", async (key) => {
    const { server, s3 } = await withObject();
    expect(await failed(textOf(s3, key))).toMatchObject({ code: "bad_key" });
    expect(server.requests).toEqual([]);
  });

  it("is shown late by an eventual listing, though it can be read", async () => {
    const { server, s3 } = await withObject();
    server.bucket("trail-logs").put({ key: "late", body: Buffer.from("here"), listed: false });
    expect((await s3.list({ prefix: "" }, freely)).objects.map(({ key }) => key)).toEqual(["k"]);
    expect(await textOf(s3, "late")).toBe("here");
    server.bucket("trail-logs").reveal("late");
    expect((await s3.list({ prefix: "" }, freely)).objects.map(({ key }) => key)).toEqual(["k", "late"]);
  });

  it("what was not read to its end is not fetched, and what goes wrong meanwhile comes out as it is", async () => {
    const { s3 } = await withObject("k", "x".repeat(5_000_000));
    await expect(s3.read("k", freely, async () => await Promise.reject(new RangeError("not ours")))).rejects.toThrow("not ours");
    expect(await s3.read("k", freely, async () => 7)).toBe(7);
  });
});

describe("what is packed", () => {
  const tooLarge = () => new Error("too large");
  const content = JSON.stringify({ Records: "r".repeat(100_000) });

  it.each<[string, Buffer, string | null]>([
    ["said so, as CloudTrail writes it", gzipSync(content), "gzip"],
    ["not said so, as a copy is", gzipSync(content), null],
    ["not packed", Buffer.from(content), null],
  ])("%s", async (_, body, contentEncoding) => {
    const { server, s3 } = await withObject();
    server.bucket("trail-logs").put({ key: "log.json.gz", body, contentEncoding, contentType: "application/json" });
    const read = await s3.read("log.json.gz", freely, async (object) => {
      return await new Response(await unpacked(object.body, 1_000_000, tooLarge)).text();
    });
    expect(read).toBe(content);
  });

  it.each([0, 1])("of %i bytes is what it is", async (length) => {
    const body = new Blob(["x".repeat(length)]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
    expect(await new Response(await unpacked(body, 10, tooLarge)).text()).toBe("x".repeat(length));
  });

  it("is bounded by what comes out", async () => {
    const bomb = new Blob([gzipSync(Buffer.alloc(50_000_000))]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
    await expect(new Response(await unpacked(bomb, 1_000_000, tooLarge)).text()).rejects.toThrow("too large");
  });

  it("cut in half is no file", async () => {
    const whole = gzipSync(content);
    const half = new Blob([whole.subarray(0, whole.length / 2)]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
    await expect(new Response(await unpacked(half, 1_000_000, tooLarge)).text()).rejects.toThrow();
  });
});
