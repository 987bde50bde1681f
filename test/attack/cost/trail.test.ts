import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pollCosts } from "../../../src/cron/cost/poll.ts";
import { AppError } from "../../../src/errors.ts";
import { trailFile, trailRecords } from "../../support/cloudtrail.ts";
import type { IngestWorld } from "./ingest-world.ts";
import { immortal, ingestWorld } from "./ingest-world.ts";

/** Buckets, networks and clocks that do what they should not. */

const startMs = Date.parse("2026-11-28T12:00:00Z");
const minuteMs = 60_000;
const hourMs = 3_600_000;

let nowMs: number;
let seed: number;
let world: IngestWorld;
beforeEach(async () => {
  [nowMs, seed] = [startMs, 20_000];
  world = await ingestWorld(() => nowMs);
});
afterEach(() => world.close());

type Body = { readonly body?: Buffer; readonly contentEncoding?: string | null };

const put = (records: number, atMs: number, more: Body = {}): string => {
  seed += 1;
  const options = { fromMs: atMs, seed, region: "eu-central-1" };
  const file = trailFile(trailRecords(records, options), options, "");
  world.server.bucket("trail").put({ ...file, ...more });
  return file.key;
};

const poll = async (timeoutMs?: number) => {
  const { deps, fence } = await world.poller(immortal, timeoutMs);
  return await pollCosts(deps, fence);
};

const events = async (customerId: number): Promise<number> =>
  Number((await world.database.sql<{ n: string }>("select count(*) as n from cost_events where customer_id = $1", [customerId]))[0]?.n);
const errorOf = async (id: number): Promise<string | null> =>
  (await world.database.sql<{ error: string | null }>("select last_error as error from cost_accounts where id = $1", [id]))[0]?.error ??
  null;

/** A file whose packing is damaged before its first record ends. */
const damaged = (): Buffer => {
  const whole = gzipSync(JSON.stringify({ Records: trailRecords(400, { fromMs: startMs, seed: 1 }) }));
  return Buffer.concat([whole.subarray(0, 120), Buffer.alloc(500, 7)]);
};

describe("files that are damaged", () => {
  it.each(["gzip", null])("keep no other of their trail from being read, however many there are (%s)", async (contentEncoding) => {
    const { customerId, id } = await world.account();
    for (let file = 0; file < 6; file += 1) put(1, startMs - (20 - file) * hourMs, { body: damaged(), contentEncoding });
    for (let file = 0; file < 3; file += 1) put(2, startMs - (5 - file) * hourMs);
    for (let run = 0; run < 3; run += 1) await poll();
    expect(await events(customerId)).toBe(6);
    expect(await errorOf(id)).not.toBeNull();
  });

  it("are read once they are whole, though all after them were read long before", async () => {
    const { customerId } = await world.account();
    const keys = [0, 1].map((file) => put(1, startMs - (60 - file) * hourMs, { body: damaged(), contentEncoding: null }));
    for (let file = 0; file < 30; file += 1) put(1, startMs - (50 - file) * hourMs);
    await poll();
    expect(await events(customerId)).toBe(30);
    for (const [index, key] of keys.entries())
      world.server
        .bucket("trail")
        .put({ key, body: gzipSync(JSON.stringify({ Records: trailRecords(3, { fromMs: startMs, seed: 9 + index }) })) });
    await poll();
    expect(await events(customerId)).toBe(36);
  });
});

describe("a poller that has lost its lease", () => {
  it("does not move the cursor past a file that failed, as it can not note it", async () => {
    const { customerId } = await world.account();
    const failed = put(1, startMs - 30 * hourMs, { body: gzipSync('{"Records":[{"eventVer') });
    for (let file = 0; file < 10; file += 1) put(1, startMs - (20 - file) * hourMs);
    const old = await world.poller(immortal);
    await world.poller(immortal);
    await pollCosts(old.deps, old.fence);
    world.server
      .bucket("trail")
      .put({ key: failed, body: gzipSync(JSON.stringify({ Records: trailRecords(4, { fromMs: startMs, seed: 9 }) })) });
    await poll();
    expect(await events(customerId)).toBe(14);
  });

  it("and the one that has it store everything once, at the same time", async () => {
    const { customerId } = await world.account();
    for (let file = 0; file < 12; file += 1) put(file === 6 ? 1_500 : 20, startMs - (40 - 3 * file) * hourMs);
    const pollers = [await world.poller(immortal), await world.poller(immortal), await world.poller(immortal)];
    await Promise.all(pollers.map(async ({ deps, fence }) => await pollCosts(deps, fence)));
    await poll();
    expect(await events(customerId)).toBe(1_720);
    const [row] = await world.database.sql<{ n: string }>(
      "select sum(cardinality(event_ids)) as n from cost_batches where customer_id = $1",
      [customerId],
    );
    expect(Number(row?.n)).toBe(1_720);
  });
});

describe("a bad day", () => {
  it.each(["slow-down", "server-error", "access-denied", "html", "reset", "hang", "stall", "cut"] as const)(
    "of S3 (%s) is said, loses nothing and counts against no file",
    async (kind) => {
      const { customerId, id } = await world.account();
      for (let file = 0; file < 4; file += 1) put(5, startMs - (8 - file) * hourMs);
      // A file is given up after five runs; whoever hangs does so in real time.
      const isSlow = kind === "hang" || kind === "stall";
      const runs = isSlow ? 1 : 6;
      for (const operations of [["ListObjectsV2"], ["GetObject"]] as const) {
        world.server.setFault({ kind, operations });
        for (let run = 0; run < runs; run += 1) expect(await poll(isSlow ? 300 : undefined)).toMatchObject({ accepted: 0 });
        expect(await errorOf(id)).not.toBeNull();
      }
      world.server.setFault(null);
      expect(await poll()).toMatchObject({ accepted: 20, failures: 0 });
      expect([await events(customerId), await errorOf(id)]).toEqual([20, null]);
    },
  );

  it("of the database, away before each of its statements in turn, loses and doubles nothing", async () => {
    const { customerId } = await world.account();
    for (let file = 0; file < 6; file += 1) put(5, startMs - (30 - 4 * file) * hourMs);
    let isDone = false;
    for (let away = 1; !isDone && away < 100; away += 1) {
      let asked = 0;
      const { deps, fence } = await world.poller(immortal);
      const failing = async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
        asked += 1;
        if (asked >= away) throw new AppError("unavailable", "the database is away");
        return await call();
      };
      await pollCosts(
        {
          ...deps,
          costEvents: { ...deps.costEvents, add: async (batch) => await failing(() => deps.costEvents.add(batch)) },
          trailReadings: {
            due: async (limit) => await failing(() => deps.trailReadings.due(limit)),
            progress: async (account) => await failing(() => deps.trailReadings.progress(account)),
            settle: async (...args) => await failing(() => deps.trailReadings.settle(...args)),
            note: async (...args) => await failing(() => deps.trailReadings.note(...args)),
          },
        },
        fence,
      ).catch(() => undefined);
      isDone = asked < away;
    }
    expect(isDone).toBe(true);
    expect(await events(customerId)).toBe(30);
  });

  it("of the clock, a month ahead and back again, leaves what is written meanwhile to be read", async () => {
    const { customerId } = await world.account();
    put(3, startMs - 30 * minuteMs);
    await poll();
    nowMs = startMs + 30 * 24 * hourMs;
    await poll();
    nowMs = startMs - 2 * hourMs;
    await poll();
    nowMs = startMs + 10 * minuteMs;
    put(4, startMs + 5 * minuteMs);
    await poll();
    expect(await events(customerId)).toBe(7);
  });
});
