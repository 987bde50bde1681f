import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3ServiceException } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { ownClient, sdkClient, startTestS3 } from "../support/s3.ts";
import { freely } from "../support/budget.ts";

/** Every class of character that a key may have, and an astral one, which UTF-16 sorts before U+FFFD and UTF-8 after it. */
const keys = [
  "a b+c%20d.txt",
  "a/b/c",
  "a/b//c",
  "a/z",
  "b&<>\"'.gz",
  "c(1)!*~.txt",
  "ä/ü€",
  "\u{1f600}",
  "\ufffd",
  "logs/2026/11/28/one.json.gz",
  "logs/2026/11/29/two.json.gz",
];

const filled = async () => {
  const server = await startTestS3();
  for (const key of keys) server.bucket("trail-logs").put({ key, body: Buffer.from(`of ${key}`) });
  return { server, sdk: sdkClient(server), own: ownClient(server) };
};

const decoded = (said = ""): string => decodeURIComponent(said.replaceAll("+", " "));

const failure = async (call: Promise<unknown>): Promise<S3ServiceException> =>
  await call.then(
    () => expect.unreachable("the call succeeded"),
    (thrown: unknown) => (thrown instanceof S3ServiceException ? thrown : expect.unreachable(String(thrown))),
  );

describe("AWS's own client and ours", () => {
  it.each<[string, { prefix?: string; startAfter?: string; delimiter?: string; maxKeys?: number }]>([
    ["everything", {}],
    ["a prefix", { prefix: "logs/2026/" }],
    ["a prefix that needs encoding", { prefix: "a b+" }],
    ["what comes after a key", { startAfter: "a/z" }],
    ["what comes after a key that is not there", { startAfter: "logs/2026/11/28/zzz" }],
    ["folders", { delimiter: "/" }],
    ["folders of a folder", { prefix: "logs/2026/11/", delimiter: "/" }],
    ["folders after one", { delimiter: "/", startAfter: "a/" }],
    ["few at a time", { maxKeys: 3 }],
    ["folders, few at a time", { delimiter: "/", maxKeys: 2 }],
    ["none", { prefix: "nothing/" }],
  ])("list %s alike, page by page", async (_, ask) => {
    const { sdk, own } = await filled();
    let token: string | undefined;
    const pages: unknown[] = [];
    const ownPages: unknown[] = [];
    do {
      const said = await sdk.send(
        new ListObjectsV2Command({
          Bucket: "trail-logs",
          Prefix: ask.prefix,
          StartAfter: ask.startAfter,
          Delimiter: ask.delimiter,
          MaxKeys: ask.maxKeys,
          ContinuationToken: token,
          EncodingType: "url",
        }),
      );
      pages.push({
        objects: (said.Contents ?? []).map((one) => ({
          key: decoded(one.Key),
          size: one.Size,
          etag: one.ETag,
          modifiedMs: one.LastModified?.getTime(),
        })),
        prefixes: (said.CommonPrefixes ?? []).map(({ Prefix }) => decoded(Prefix)),
        next: said.NextContinuationToken ?? null,
      });
      ownPages.push(await own.list({ prefix: "", ...ask, token }, freely));
      token = said.NextContinuationToken;
    } while (token !== undefined);
    expect(ownPages).toEqual(pages);
  });

  it("see the order of UTF-8 bytes", async () => {
    const { own } = await filled();
    const { objects } = await own.list({ prefix: "" }, freely);
    const inOrder = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(objects.map(({ key }) => key)).toEqual(inOrder);
    expect(inOrder).not.toEqual(keys.toSorted());
  });

  it.each(keys.filter((key) => !key.includes("//")))("put and read %j alike", async (key) => {
    const { server, sdk, own } = await filled();
    await own.put(key, { body: new TextEncoder().encode("ours"), contentType: "text/plain" }, freely);
    const theirs = await sdk.send(new GetObjectCommand({ Bucket: "trail-logs", Key: key }));
    expect([await theirs.Body?.transformToString(), theirs.ContentType]).toEqual(["ours", "text/plain"]);
    await sdk.send(new PutObjectCommand({ Bucket: "trail-logs", Key: key, Body: "theirs" }));
    const read = await own.read(key, freely, async ({ body, bytes, etag }) => [await new Response(body).text(), bytes, etag]);
    expect(read).toEqual(["theirs", 6, server.bucket("trail-logs").objects.get(key)?.etag]);
  });

  it("read a key with an empty part", async () => {
    const { own } = await filled();
    expect(await own.read("a/b//c", freely, async ({ body }) => await new Response(body).text())).toBe("of a/b//c");
  });

  it("both follow a bucket to its region", async () => {
    const server = await startTestS3();
    server.bucket("trail-logs").put({ key: "k", body: Buffer.from("far") });
    const theirs = await sdkClient(server, "us-west-2").send(new GetObjectCommand({ Bucket: "trail-logs", Key: "k" }));
    expect(await theirs.Body?.transformToString()).toBe("far");
    const own = ownClient(server, { region: "us-west-2" });
    expect(await own.read("k", freely, async ({ body }) => await new Response(body).text())).toBe("far");
    const before = server.requests.length;
    await own.list({ prefix: "" }, freely);
    expect(server.requests.slice(before).map(({ status }) => status)).toEqual([200]);
  });
});

describe("what the local S3 refuses AWS's own client", () => {
  it("has the codes of S3", async () => {
    const { server, sdk } = await filled();
    expect(await failure(sdk.send(new GetObjectCommand({ Bucket: "trail-logs", Key: "none" })))).toMatchObject({ name: "NoSuchKey" });
    expect(await failure(sdk.send(new GetObjectCommand({ Bucket: "no-bucket", Key: "k" })))).toMatchObject({ name: "NoSuchBucket" });
    server.deny([{ prefix: "logs/", operations: ["GetObject"] }]);
    const denied = await failure(sdk.send(new GetObjectCommand({ Bucket: "trail-logs", Key: "logs/2026/11/28/one.json.gz" })));
    expect([denied.name, denied.$metadata.httpStatusCode]).toEqual(["AccessDenied", 403]);
    server.deny([]);
    server.setFault({ kind: "slow-down", times: 1 });
    expect((await failure(sdk.send(new ListObjectsV2Command({ Bucket: "trail-logs" })))).name).toBe("SlowDown");
    expect((await failure(sdk.send(new ListObjectsV2Command({ Bucket: "trail-logs", MaxKeys: -1 })))).name).toBe("InvalidArgument");
  });
});
