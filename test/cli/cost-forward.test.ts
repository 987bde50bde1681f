import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitMs } from "../../cli/forward/send.ts";
import { startS3 } from "../../local/s3/server.ts";
import { trailFile, trailRecords } from "../support/cloudtrail.ts";
import { s3Keys } from "../support/s3.ts";

const program = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

let folder: string;
let from: string;
let spool: string;
let children: ChildProcess[];
let seed: number;

/** A deployment as far as a sender knows it: it keeps every event once, by its id. */
const startReceiver = async () => {
  const events = new Map<string, number>();
  const state = { requests: 0, largest: 0, refuse: (_requests: number, _response: ServerResponse, _body: string): boolean => false };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      state.requests += 1;
      const body = Buffer.concat(parts).toString();
      if (state.refuse(state.requests, response, body)) return;
      const { Records: records } = JSON.parse(body) as { Records: { eventID: string }[] };
      state.largest = Math.max(state.largest, records.length);
      const fresh = new Set(records.map(({ eventID }) => eventID).filter((id) => !events.has(id)));
      for (const id of fresh) events.set(id, 1);
      const answer = { accepted: fresh.size, duplicate: records.length - fresh.size, ignored: {}, rejected: 0, rejections: [] };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { events, state, url, close: () => (server.closeAllConnections(), server.close()) };
};
let receiver: Awaited<ReturnType<typeof startReceiver>>;

const refuse = (response: ServerResponse, status: number, headers: Record<string, string> = {}): true => {
  const problem = { type: "about:blank", title: "No", status, detail: "not now", instance: "x" };
  response.writeHead(status, { "content-type": "application/problem+json", ...headers }).end(JSON.stringify(problem));
  return true;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tranche-forward-"));
  [from, spool] = [join(folder, "from"), join(folder, "spool")];
  await mkdir(from);
  [children, seed] = [[], 0];
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  receiver.close();
  await rm(folder, { recursive: true, force: true });
});

type Started = { readonly child: ChildProcess; readonly text: () => string; readonly ended: Promise<number | string | null> };

const start = (args: readonly string[], env: Record<string, string> = {}, source = from): Started => {
  const child = spawn(process.execPath, [program, "cost", "forward", "--from", source, "--spool", spool, ...args], {
    env: { PATH: process.env["PATH"], TRANCHE_URL: receiver.url, TRANCHE_TOKEN: `trn_${"x".repeat(43)}`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (text += part.toString()));
  const ended = once(child, "close").then(([code, signal]) => (signal ?? code) as number | string | null);
  return { child, text: () => text, ended };
};

/** Puts a file of so many records into the folder. */
const put = async (records: number, body?: Buffer): Promise<void> => {
  seed += 1;
  const fromMs = Date.now() - 600_000;
  const file = trailFile(trailRecords(records, { fromMs, seed }), { fromMs, seed });
  const path = join(from, file.key);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, body ?? file.body);
};

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await sleep(20);
};

describe("the forwarding of files", () => {
  it("sends every record of a folder once, in batches that the API takes, and nothing twice when it is started again", async () => {
    for (const records of [3, 1_700, 0, 40]) await put(records);
    await mkdir(join(from, "AWSLogs/123456789012/CloudTrail-Digest"), { recursive: true });
    await writeFile(join(from, "AWSLogs/123456789012/CloudTrail-Digest/digest.json.gz"), gzipSync('{"digestS3Object":"x","logFiles":[]}'));
    const first = start(["--once"]);
    expect([await first.ended, receiver.events.size], first.text()).toEqual([0, 1_743]);
    expect(receiver.state.largest).toBeLessThanOrEqual(1_000);
    expect(first.text()).toMatch(/4 files read, 1743 records sent, 1743 of them new/);
    const { requests } = receiver.state;
    const again = start(["--once"]);
    expect([await again.ended, receiver.state.requests, again.text()]).toEqual([0, requests, ""]);
    await put(5);
    expect(await start(["--once"]).ended).toBe(0);
    expect(receiver.events.size).toBe(1_748);
    expect((await readdir(join(spool, "batches"))).length).toBe(0);
  });

  it("loses and doubles nothing by being killed at any time, while the API fails now and then", async () => {
    for (let file = 0; file < 12; file += 1) await put(400);
    receiver.state.refuse = (requests, response) => {
      if (requests % 7 === 3) return refuse(response, 503, { "retry-after": "0" });
      // Received, and the answer lost.
      if (requests % 11 !== 5) return false;
      response.destroy();
      return true;
    };
    for (let kill = 0; kill < 14; kill += 1) {
      const running = start(["--every", "1"]);
      // Between the start of the runtime and the end of the work, each time later.
      await Promise.race([sleep(250 + kill * 40), running.ended]);
      running.child.kill("SIGKILL");
      await running.ended;
    }
    receiver.state.refuse = () => false;
    const last = start(["--once"]);
    expect([await last.ended, receiver.events.size], last.text()).toEqual([0, 4_800]);
  });

  it("is one process a spool, ends well at SIGTERM, and takes over from one that was killed", async () => {
    await put(3);
    const first = start(["--every", "1"]);
    await until(() => receiver.events.size === 3);
    const second = start(["--once"]);
    expect(await second.ended).toBe(1);
    expect(second.text()).toContain(`is in use by process ${first.child.pid}`);
    await put(2);
    await until(() => receiver.events.size === 5);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    const third = start(["--every", "1"]);
    await put(1);
    await until(() => receiver.events.size === 6);
    third.child.kill("SIGKILL");
    await third.ended;
    await put(1);
    expect(await start(["--once"]).ended).toBe(0);
    expect(receiver.events.size).toBe(7);
  });

  it("waits as long as it is told, stops reading while the spool is full, and ends at SIGTERM even so", async () => {
    receiver.state.refuse = (_, response) => refuse(response, 429, { "retry-after": "600" });
    for (let file = 0; file < 4; file += 1) await put(900);
    const running = start(["--spool-max", "1"]);
    await until(() => /again in 6\d\d s/.test(running.text()));
    expect(running.text()).toMatch(/the spool is full: \d MiB wait/);
    expect(receiver.state.requests).toBe(1);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    receiver.state.refuse = () => false;
    expect(await start(["--once"]).ended).toBe(0);
    expect(receiver.events.size).toBe(3_600);
  });

  it("puts one record aside that the API refuses, and sends the others", async () => {
    const records = trailRecords(9, { fromMs: Date.now() - 600_000, seed: 77 });
    await put(1, gzipSync(JSON.stringify({ Records: [...records.slice(0, 4), { ...records[4], poison: true }, ...records.slice(5)] })));
    // As for a body that is too large: whatever has this record in it is refused whole.
    receiver.state.refuse = (_, response, body) => body.includes("poison") && refuse(response, 413);
    const running = start(["--once"]);
    expect(await running.ended, running.text()).toBe(0);
    expect(running.text()).toContain("a record is refused, and put aside in refused/");
    expect(receiver.events.size).toBe(8);
    expect(await readdir(join(spool, "refused"))).toHaveLength(1);
  });

  it("leaves a file alone that is still being written, and reads it once it is whole", async () => {
    const body = gzipSync(JSON.stringify({ Records: trailRecords(50, { fromMs: Date.now() - 600_000, seed: 88 }) }));
    const path = join(from, "a.json.gz");
    await writeFile(path, body.subarray(0, 300));
    expect(await start(["--once"]).ended).toBe(0);
    await writeFile(path, body);
    const whole = start(["--once"]);
    expect([await whole.ended, receiver.events.size], whole.text()).toEqual([0, 50]);
  });

  it("reads a bucket, account by account and region by region", async () => {
    const server = await startS3({ buckets: [{ name: "trail", region: "eu-central-1" }], keys: [s3Keys] });
    try {
      for (const [region, accountId] of [
        ["eu-central-1", "123456789012"],
        ["us-east-1", "123456789012"],
        ["eu-central-1", "210987654321"],
      ] as const) {
        seed += 1;
        const options = { fromMs: Date.now() - 600_000, seed, region, accountId };
        server.bucket("trail").put(trailFile(trailRecords(20, options), options, "logs/"));
      }
      const env = {
        AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
        AWS_REGION: "us-east-1",
        AWS_ENDPOINT_URL_S3: server.url,
      };
      const first = start(["--once"], env, "s3://trail/logs");
      expect([await first.ended, receiver.events.size], first.text()).toEqual([0, 60]);
      const reads = () => server.requests.filter(({ operation }) => operation === "GetObject").length;
      const before = reads();
      expect(await start(["--once"], env, "s3://trail/logs").ended).toBe(0);
      expect([reads(), receiver.state.requests]).toEqual([before, 3]);
      const denied = start(["--once"], { ...env, AWS_SECRET_ACCESS_KEY: "wrong-wrong-wrong-wrong" }, "s3://trail/logs");
      expect(await denied.ended).toBe(3);
      expect(denied.text()).toMatch(/^tranche: s3:\/\/trail\/logs can not be read: SignatureDoesNotMatch/);
      expect(await start(["--once"], {}, "s3://trail").ended).toBe(2);
    } finally {
      await server.close();
    }
  });
});

it("waits twice as long after each failure, five minutes at most, and never less than it is told", () => {
  expect([1, 2, 3, 20, 500].map((failures) => waitMs(failures, null, 1))).toEqual([1_000, 2_000, 4_000, 300_000, 300_000]);
  expect(waitMs(1, null, 0)).toBe(500);
  expect(waitMs(1, 7, 0.5)).toBeGreaterThanOrEqual(7_000);
});
