import { noAuditLogs } from "../support/audit-logs.ts";
import { noBreakers } from "../support/breakers.ts";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { S3Server } from "../../local/s3/server.ts";
import { startS3 } from "../../local/s3/server.ts";
import { createCostDirectory } from "../../src/adapters/cost/directory.ts";
import { createLeaseStore } from "../../src/adapters/db/coordination/leases.ts";
import { sealedCostAccounts } from "../../src/adapters/db/cost/accounts.ts";
import { createCostEventStore } from "../../src/adapters/db/cost/events.ts";
import { createTrailReadings } from "../../src/adapters/db/cost/trail-readings.ts";
import { systemClock } from "../../src/adapters/platform/clock.ts";
import { systemRandom } from "../../src/adapters/platform/random.ts";
import { createSecrets } from "../../src/adapters/platform/secrets.ts";
import type { CostEventStore } from "../../src/adapters/ports/cost/ingest.ts";
import type { Fence } from "../../src/adapters/ports/coordination/lease.ts";
import { createTrailFiles } from "../../src/adapters/s3/trail-files.ts";
import type { PollCostsDeps } from "../../src/cron/cost/poll.ts";
import { pollCosts } from "../../src/cron/cost/poll.ts";
import { costSealingContext } from "../../src/domain/cost/sealing.ts";
import { trailFile, trailRecords } from "../support/cloudtrail.ts";
import type { TestDatabase } from "../support/database.ts";
import { freshDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { s3Keys } from "../support/s3.ts";

const startMs = Date.parse("2026-11-28T12:00:00Z");
const minuteMs = 60_000;
const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);

let database: TestDatabase;
let fence: Fence;
let nowMs: number;
let server: S3Server;
let seed = 0;

beforeAll(async () => {
  database = await freshDatabase();
  const taken = await createLeaseStore(database.db, 3_600_000).acquire("job:poll-costs", "local", "local:test");
  if (taken === null) throw new Error("no lease");
  fence = taken;
});
afterAll(() => database.close());

beforeEach(async () => {
  nowMs = startMs;
  await database.sql("update cost_accounts set deleted_at = now()");
  server = await startS3({
    buckets: [
      { name: "trail", region: "eu-central-1" },
      { name: "elsewhere", region: "us-west-2" },
    ],
    keys: [s3Keys],
    now: () => nowMs,
  });
  return async () => await server.close();
});

const idOf = async (text: string, params: unknown[] = []) => Number((await database.sql<{ id: string }>(text, params))[0]?.id);

/** A customer with an account, whose bucket is the server's. */
const account = async ({ bucket = "trail", prefix = "", key = s3Keys.accessKeyId } = {}) => {
  const customerId = await idOf("insert into customers (name) values ('c' || gen_random_uuid()) returning id");
  const seal = await secrets.seal(s3Keys.secretAccessKey, costSealingContext(customerId, key));
  const id = await idOf(
    `insert into cost_accounts (customer_id, name, access_key_id, sealed_secret, region, bucket, prefix, aws_accounts, regions, created_at)
     values ($1, gen_random_uuid(), $2, $3, 'eu-central-1', $4, $5, '{123456789012}', '{eu-central-1,us-east-1}', $6) returning id`,
    [customerId, key, seal, bucket, prefix, new Date(startMs).toISOString()],
  );
  return { customerId, id };
};

/** It stands, but those who wait for a hanging answer do so in real time. */
const clock = { nowMs: () => nowMs, sleep: systemClock.sleep };

const deps = (more: Partial<PollCostsDeps> = {}): PollCostsDeps => ({
  costDirectory: createCostDirectory({ accounts: sealedCostAccounts(database.db), secrets, assume: null }),
  ...noAuditLogs,
  trailReadings: createTrailReadings(database.db),
  trailFiles: createTrailFiles({ endpoint: server.url, fetch, clock, timeoutMs: 300, readMs: 5_000, mostBytes: 8_000_000 }),
  costEvents: createCostEventStore(database.db),
  archive: null,
  breakers: noBreakers,
  clock,
  random: systemRandom,
  config: { costEventRetentionMs: 90 * 86_400_000 },
  scoreSoon: () => {},
  log: createMemoryLog().log,
  requestLimit: 10_000,
  ...more,
});

const poll = (more: Partial<PollCostsDeps> = {}) => pollCosts(deps(more), fence);

type FileOptions = { contentEncoding?: string | null; prefix?: string; bucket?: string; body?: Buffer; region?: string; listed?: boolean };

/** Puts a file of so many records, delivered so many minutes ago. @returns its key */
const put = (
  records: number,
  minutesAgo: number,
  { prefix = "", bucket = "trail", region = "eu-central-1", ...more }: FileOptions = {},
) => {
  seed += 1;
  const fromMs = nowMs - minutesAgo * minuteMs;
  const file = trailFile(trailRecords(records, { fromMs, seed, region }), { fromMs, seed, region }, prefix);
  server.bucket(bucket).put({ ...file, ...more });
  return file.key;
};

/** A file with this text in it. */
const holding = (text: unknown) => ({ body: gzipSync(typeof text === "string" ? text : JSON.stringify(text)) });

const events = async (customerId: number) =>
  (await database.sql<{ n: number }>("select count(*)::int as n from cost_events where customer_id = $1", [customerId]))[0]?.n;
const state = async (id: number) =>
  (
    await database.sql<{ error: string | null; read: boolean }>(
      "select last_error as error, last_read_at is not null as read from cost_accounts where id = $1",
      [id],
    )
  )[0];
const reads = () => server.requests.filter(({ operation }) => operation === "GetObject").length;

describe("the reading of trails", () => {
  it("stores every record once, in every region, and reads no file again while it is listed again", async () => {
    const { customerId, id } = await account({ prefix: "logs/" });
    put(3, 30, { prefix: "logs/" });
    put(4, 5, { prefix: "logs/" });
    put(5, 20, { prefix: "logs/", region: "us-east-1" });
    expect(await poll()).toMatchObject({ accounts: 1, files: 3, records: 12, accepted: 12, failures: 0 });
    expect([await events(customerId), await state(id)]).toEqual([12, { error: null, read: true }]);
    expect(await poll()).toMatchObject({ files: 0 });
    expect(reads()).toBe(3);
    // Delivered late, and shown late.
    put(2, 40, { prefix: "logs/" });
    const hidden = put(1, 10, { prefix: "logs/", listed: false });
    expect(await poll()).toMatchObject({ files: 1, accepted: 2 });
    server.bucket("trail").reveal(hidden);
    expect(await poll()).toMatchObject({ files: 1, accepted: 1 });
    for (const minutes of [180, 5]) {
      nowMs += minutes * minuteMs;
      put(1, 0, { prefix: "logs/" });
      put(1, 0, { prefix: "logs/", region: "us-east-1" });
      expect(await poll()).toMatchObject({ files: 2 });
    }
    // What no listing shows any more is forgotten.
    expect(await database.sql("select key from cost_files where account_id = $1", [id])).toHaveLength(4);
    expect(await events(customerId)).toBe(19);
  });

  it("goes two weeks back at first, and does not follow a file of the day after tomorrow", async () => {
    const { customerId } = await account();
    put(1, 20 * 24 * 60);
    put(2, 13 * 24 * 60);
    put(4, -50 * 60);
    put(8, 1);
    expect(await poll()).toMatchObject({ files: 2 });
    expect(await events(customerId)).toBe(10);
  });

  it("reads what is in the bucket's own region, whatever was said of it", async () => {
    const { customerId } = await account({ bucket: "elsewhere" });
    put(3, 5, { bucket: "elsewhere" });
    expect(await poll()).toMatchObject({ accepted: 3, failures: 0 });
    expect(await events(customerId)).toBe(3);
  });

  it("says what is denied or not there, and lets nobody else wait", async () => {
    const denied = await account({ prefix: "denied/" });
    const missing = await account({ bucket: "nowhere" });
    const unknown = await account({ key: "AKIAUNKNOWN00000" });
    const well = await account();
    put(2, 5);
    server.deny([{ prefix: "denied/" }]);
    expect(await poll()).toMatchObject({ accounts: 4, failures: 3, accepted: 2 });
    expect((await state(denied.id))?.error).toMatch(/does not permit it: AccessDenied/);
    expect((await state(missing.id))?.error).toContain("there is no bucket nowhere");
    expect((await state(unknown.id))?.error).toMatch(/InvalidAccessKeyId/);
    expect([await events(well.customerId), (await state(well.id))?.error]).toEqual([2, null]);
    server.deny([]);
    put(1, 4, { prefix: "denied/" });
    await poll();
    expect(await state(denied.id)).toEqual({ error: null, read: true });
  });

  it("stores what is whole of a file that is cut, tries it again, gives it up after five runs and says so", async () => {
    const { customerId, id } = await account();
    const records = trailRecords(3, { fromMs: nowMs - minuteMs, seed: 9_001 });
    const key = put(1, 9, holding(`{"Records":[${records.map((one) => JSON.stringify(one)).join(",")},{"eventVer`));
    put(2, 5);
    expect(await poll()).toMatchObject({ accepted: 5, files: 1 });
    expect((await state(id))?.error).toContain(`${key} can not be read to its end, and is tried again: it ends in the middle`);
    for (let run = 2; run <= 5; run += 1) await poll();
    expect(reads()).toBe(6);
    nowMs += 10 * 60 * minuteMs;
    await poll();
    expect(reads()).toBe(6);
    expect((await state(id))?.error).toContain("was given up: it ends in the middle");
    expect([await events(customerId), (await state(id))?.read]).toEqual([5, true]);
  });

  it("reads a file again that was cut, once it is whole", async () => {
    const { customerId, id } = await account();
    const key = put(1, 9, { body: holding('{"Records":[').body.subarray(0, 20), contentEncoding: null });
    await poll();
    expect((await state(id))?.error).toContain("is tried again: the file can not be unpacked");
    const records = trailRecords(7, { fromMs: nowMs - minuteMs, seed: 9_100 });
    server.bucket("trail").put({ key, ...holding({ Records: records }), contentEncoding: null });
    nowMs += 5 * 60 * minuteMs;
    await poll();
    expect([await events(customerId), (await state(id))?.error]).toEqual([7, null]);
  });

  it.each(["gzip", null])(
    "gives up a file that is damaged, whoever unpacks it (%s), and reads those beside it",
    async (contentEncoding) => {
      const { customerId, id } = await account();
      const { body } = holding({ Records: trailRecords(200, { fromMs: nowMs, seed: 9_150 }) });
      put(1, 9, { body: Buffer.concat([body.subarray(0, 300), Buffer.alloc(500, 7)]), contentEncoding });
      for (let run = 0; run < 7; run += 1) {
        put(1, 5);
        await poll();
      }
      expect(reads()).toBe(12);
      expect((await state(id))?.error).toContain("could not be read to its end, and was given up");
      expect(await events(customerId)).toBe(7);
    },
  );

  it("unpacks no bomb, keeps no giant record, and ignores digests and accounts of others", async () => {
    const { customerId, id } = await account();
    put(1, 9, { body: gzipSync(Buffer.alloc(64_000_000, " ")) });
    await poll();
    expect((await state(id))?.error).toMatch(/has more than 8000000 bytes unpacked/);
    const [first, second, third] = trailRecords(3, { fromMs: nowMs - minuteMs, seed: 9_200 });
    const giant = { ...second, responseElements: { text: "x".repeat(3_000_000) } };
    const others = trailRecords(2, { fromMs: nowMs - minuteMs, seed: 9_300, accountId: "999999999999" });
    put(1, 8, holding({ Records: [first, giant, ...others, "no record", third] }));
    put(1, 7, holding({ digestS3Object: "x", logFiles: [{}] }));
    const reading = await poll();
    expect([reading["files"], reading["accepted"]]).toEqual([2, 2]);
    const [row] = await database.sql<{ error: string }>("select last_error as error from cost_accounts where id = $1", [id]);
    expect(row?.error).toContain("(and 1 more)");
    expect(await events(customerId)).toBe(2);
  });

  it("says what of a file it left out", async () => {
    const { id } = await account();
    const [first, second] = trailRecords(2, { fromMs: nowMs - minuteMs, seed: 9_250 });
    const others = trailRecords(2, { fromMs: nowMs - minuteMs, seed: 9_350, accountId: "999999999999" });
    put(1, 8, holding({ Records: [first, { ...second, responseElements: "x".repeat(1_100_000) }, ...others, 7] }));
    await poll();
    expect((await state(id))?.error).toContain(
      "left out 2 of accounts that are not among aws_accounts, 1 too large, 1 that are no records",
    );
  });

  it("counts an outage against no file", async () => {
    const { customerId, id } = await account();
    put(2, 9);
    for (const kind of ["slow-down", "server-error", "reset", "html", "cut", "stall", "hang"] as const) {
      server.setFault({ kind, operations: ["GetObject"] });
      await poll();
      expect((await state(id))?.error, kind).not.toBeNull();
    }
    server.setFault(null);
    await poll();
    expect([await events(customerId), await state(id)]).toEqual([2, { error: null, read: true }]);
  });

  it("survives its death after any statement, and two runs at once, with every record once", async () => {
    const { customerId } = await account();
    const records = trailRecords(2_500, { fromMs: nowMs - 60 * minuteMs, seed: 9_400, stepMs: 10 });
    put(1, 8, holding({ Records: records }));
    put(3, 7);
    const store = createCostEventStore(database.db);
    /** Dies before or after its nth statement. */
    const dying = (nth: number, isAfter: boolean): CostEventStore => {
      let asked = 0;
      return {
        ...store,
        add: async (batch) => {
          asked += 1;
          if (asked === nth && !isAfter) throw new Error("died");
          const added = await store.add(batch);
          if (asked === nth && isAfter) throw new Error("died");
          return added;
        },
      };
    };
    for (const nth of [1, 2, 3, 4]) for (const isAfter of [false, true]) await poll({ costEvents: dying(nth, isAfter) });
    await Promise.all([poll(), poll()]);
    const [row] = await database.sql<{ n: number; ids: number; queued: number }>(
      `select count(*)::int as n, count(distinct event_id)::int as ids,
        (select sum(cardinality(event_ids))::int from cost_batches where customer_id = $1) as queued from cost_events where customer_id = $1`,
      [customerId],
    );
    expect(row).toEqual({ n: 2_503, ids: 2_503, queued: 2_503 });
  });

  it("gives everybody a turn where there is more than a run can do, and goes on where it was", async () => {
    const greedy = await account({ prefix: "greedy/" });
    const modest = await account({ prefix: "modest/" });
    for (let file = 0; file < 60; file += 1) put(1, 100 - file, { prefix: "greedy/" });
    put(1, 5, { prefix: "modest/" });
    await poll({ requestLimit: 150 });
    expect(await events(modest.customerId)).toBe(1);
    expect(await events(greedy.customerId)).toBeLessThan(60);
    for (let run = 0; run < 12 && (await events(greedy.customerId)) !== 60; run += 1) {
      nowMs += 5 * minuteMs;
      await poll({ requestLimit: 150 });
    }
    expect(await events(greedy.customerId)).toBe(60);
  });

  it("writes nothing of its own down once its lease is another's", async () => {
    const { id } = await account();
    put(1, 5);
    await pollCosts(deps(), { ...fence, epoch: fence.epoch + 1 });
    expect(await state(id)).toEqual({ error: null, read: false });
    expect(await database.sql("select key from cost_files where account_id = $1", [id])).toEqual([]);
  });
});
