import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runForward } from "../../../cli/forward/run.ts";
import type { S3Server } from "../../../local/s3/server.ts";
import { startS3 } from "../../../local/s3/server.ts";
import { createClient } from "../../../src/client/client.ts";
import { trailFile, trailRecords } from "../../support/cloudtrail.ts";
import { seededRandom } from "../../support/random.ts";
import { s3Keys } from "../../support/s3.ts";

/** An agent in a customer's network, which is killed at any of its steps, and whose bucket fails. */

const program = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
const killer = fileURLToPath(new URL("kill-at.ts", import.meta.url));
const hourMs = 3_600_000;

let folder: string;
let events: string[];
let url: string;
let close: () => void;

/** A deployment as far as a sender knows it: it keeps every event once, by its id. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tranche-agent-"));
  const known = new Set<string>();
  events = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { Records: records } = JSON.parse(Buffer.concat(parts).toString()) as { Records: { eventID: string }[] };
      const fresh = records.map(({ eventID }) => eventID).filter((id) => !known.has(id));
      for (const id of fresh) known.add(id);
      events.push(...fresh);
      const answer = { accepted: fresh.length, duplicate: records.length - fresh.length, ignored: {}, rejected: 0, rejections: [] };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => (server.closeAllConnections(), server.close());
});
afterEach(async () => {
  close();
  await rm(folder, { recursive: true, force: true });
});

describe("an agent", () => {
  it("that is killed at any of its steps loses and doubles nothing, however little of a step was done", async () => {
    const ids: string[] = [];
    const from = join(folder, "from");
    const put = async (index: number): Promise<void> => {
      const options = { fromMs: Date.now() - 600_000, seed: 30_000 + index, stepMs: 10 };
      const records = trailRecords(index % 12 === 4 ? 1_600 : index % 5, options);
      const file = trailFile(records, options);
      await mkdir(join(from, file.key, ".."), { recursive: true });
      await writeFile(join(from, file.key), file.body);
      ids.push(...records.map(({ eventID }) => String(eventID)));
    };
    const run = async (env: Record<string, string>): Promise<readonly [unknown, unknown]> => {
      const args = ["--import", killer, program, "cost", "forward", "--from", from, "--spool", join(folder, "spool"), "--once"];
      const child = spawn(process.execPath, args, {
        env: { PATH: process.env["PATH"], TRANCHE_URL: url, TRANCHE_TOKEN: `trn_${"x".repeat(43)}`, ...env },
        stdio: ["ignore", "ignore", "pipe"],
      });
      let text = "";
      child.stderr.on("data", (part: Buffer) => (text += part.toString()));
      const [code, signal] = (await once(child, "close")) as [number | null, string | null];
      return [signal ?? code, text];
    };
    const random = seededRandom(3);
    let kills = 0;
    for (let index = 0; index < 36; index += 1) {
      await put(index);
      const how = ["before", "after", "torn"][index % 3] ?? "after";
      const [ended, text] = await run({ KILL_AT: String(1 + Math.floor(random() * 20)), KILL_HOW: how });
      if (ended === "SIGKILL") kills += 1;
      else expect(ended, String(text)).toBe(0);
    }
    expect(await run({})).toEqual([0, expect.any(String)]);
    expect(kills).toBeGreaterThanOrEqual(25);
    expect(events.toSorted()).toEqual(ids.toSorted());
  });

  describe("of a bucket", () => {
    let server: S3Server;
    let seed: number;
    beforeEach(async () => {
      server = await startS3({ buckets: [{ name: "trail", region: "eu-central-1" }], keys: [s3Keys] });
      seed = 40_000;
      return async () => await server.close();
    });

    const put = (records: number, hoursAgo: number, accountId = "123456789012"): string => {
      seed += 1;
      const options = { fromMs: Date.now() - hoursAgo * hourMs, seed, region: "eu-central-1", accountId };
      const file = trailFile(trailRecords(records, options), options);
      server.bucket("trail").put(file);
      return file.key;
    };

    const lines: string[] = [];
    const forwardOnce = async (): Promise<unknown> =>
      await runForward({
        client: createClient({ baseUrl: url, token: `trn_${"x".repeat(43)}` }),
        stop: new AbortController().signal,
        env: {
          AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
          AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
          AWS_REGION: "eu-central-1",
          AWS_ENDPOINT_URL_S3: server.url,
        },
        log: (line) => lines.push(line),
        from: "s3://trail",
        spool: join(folder, "spool"),
        everyMs: 1,
        mostBytes: 100_000_000,
        once: true,
      }).catch((error: unknown) => error);

    it.each(["cut", "server-error", "access-denied", "reset"] as const)(
      "reads what failed once (%s), though all after it was read in the meantime, or it was started anew",
      async (kind) => {
        const first = put(3, 50);
        for (let hours = 40; hours > 10; hours -= 3) put(2, hours);
        server.setFault({ kind, operations: ["GetObject"], prefix: first });
        for (let run = 0; run < 3; run += 1) await forwardOnce();
        server.setFault(null);
        await forwardOnce();
        await forwardOnce();
        expect(events).toHaveLength(23);
      },
    );

    it("counts no outage against its files, however long it lasts, and reads the places that it can", async () => {
      for (let hours = 40; hours > 10; hours -= 3) put(2, hours, "111111111111");
      put(4, 5, "222222222222");
      server.deny([{ prefix: "AWSLogs/111111111111", operations: ["GetObject"] }]);
      for (let run = 0; run < 8; run += 1) expect(await forwardOnce()).toMatchObject({ message: expect.stringContaining("AccessDenied") });
      expect(events).toHaveLength(4);
      server.deny([]);
      await forwardOnce();
      expect(events).toHaveLength(24);
    });
  });
});
