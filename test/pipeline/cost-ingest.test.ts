import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openFolder } from "../../self-hosted/archive-folder.ts";
import type { S3Server } from "../../local/s3/server.ts";
import { createCostEventStore } from "../../src/adapters/db/cost/events.ts";
import { systemRandom } from "../../src/adapters/platform/random.ts";
import type { Archive } from "../../src/adapters/ports/cost/archive.ts";
import { createS3Archive } from "../../src/adapters/s3/archive.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { AppError } from "../../src/errors.ts";
import { type IngestDeps, ingestEvents, type Received } from "../../src/pipeline/cost/ingest.ts";
import { freely } from "../support/budget.ts";
import { trailRecords } from "../support/cloudtrail.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { ownClient, startTestS3 } from "../support/s3.ts";

const nowMs = Date.parse("2026-11-28T12:00:00Z");
let database: TestDatabase;
let customerId: number;
let accountId: number;

beforeAll(async () => {
  database = await freshDatabase();
  const idOf = async (text: string) => Number((await database.sql<{ id: string }>(text))[0]?.id);
  customerId = await idOf("insert into customers (name) values ('acme') returning id");
  accountId = await idOf(`insert into cost_accounts (customer_id, name, access_key_id, sealed_secret, region, bucket, aws_accounts, regions)
    values (${customerId}, 'main', 'AKIA', 'sealed', 'eu-central-1', 'trail-logs', '{123456789012}', '{eu-central-1}') returning id`);
});
afterAll(() => database.close());

let seeds = 100;
const depsWith = (archive: Archive | null, more: Partial<IngestDeps> = {}): IngestDeps => ({
  costEvents: createCostEventStore(database.db),
  archive,
  clock: { nowMs: () => nowMs, sleep: async () => {} },
  random: systemRandom,
  config: { costEventRetentionMs: 90 * 86_400_000 },
  scoreSoon: () => {},
  ...more,
});

const received = (more: Partial<Received> = {}): Received => {
  seeds += 1;
  const values = trailRecords(3, { fromMs: nowMs - 60_000, seed: seeds });
  return { customerId, source: "push", text: JSON.stringify({ Records: values }), values, pointer: "/Records", cursor: null, ...more };
};

const stored = async () =>
  (
    await database.sql<{ events: number; batches: number }>(
      "select (select count(*)::int from cost_events) as events, count(*)::int as batches from cost_batches",
    )
  )[0];

const s3Archive = (server: S3Server): Archive => createS3Archive(ownClient(server, { timeoutMs: 200 }), "tranche/");

describe("the archive", () => {
  it("has the batch as it came, before the database has its events", async () => {
    const server = await startTestS3();
    const batch = received();
    const order: string[] = [];
    const inner = s3Archive(server);
    const archive: Archive = { keep: async (...args) => (order.push("archive"), await inner.keep(...args)) };
    const store = createCostEventStore(database.db);
    const costEvents = { ...store, add: async (one: Parameters<typeof store.add>[0]) => (order.push("database"), await store.add(one)) };
    expect(await ingestEvents(depsWith(archive, { costEvents }), batch, freely)).toMatchObject({ accepted: 3, duplicate: 0 });
    expect(order).toEqual(["archive", "database"]);
    const [object] = [...server.bucket("trail-logs").objects.values()];
    expect(object?.key).toMatch(new RegExp(`^tranche/cost-events/${customerId}/2026/11/28/[\\da-f]{32}\\.json\\.gz$`));
    expect([object?.contentType, object?.contentEncoding]).toEqual(["application/json", "gzip"]);
    expect(gunzipSync(object?.body ?? Buffer.alloc(0)).toString()).toBe(batch.text);
    const [row] = await database.sql<{ archive_key: string }>("select archive_key from cost_batches order by id desc limit 1");
    expect(`tranche/${row?.archive_key}`).toBe(object?.key);
  });

  it.each(["hang", "server-error", "slow-down", "access-denied", "html", "reset"] as const)(
    "that is away (%s) leaves nothing stored, and says so; once it is back the same batch is stored once",
    async (kind) => {
      const server = await startTestS3();
      const before = await stored();
      const batch = received();
      server.setFault({ kind });
      const refused = await ingestEvents(depsWith(s3Archive(server)), batch, freely).catch((thrown: unknown) => thrown);
      expect(refused).toBeInstanceOf(AppError);
      expect(refused).toMatchObject({
        code: "unavailable",
        message: "the archive does not take the events: nothing was stored, send them again",
      });
      expect(await stored()).toEqual(before);
      server.setFault(null);
      expect(await ingestEvents(depsWith(s3Archive(server)), batch, freely)).toMatchObject({ accepted: 3 });
      expect(await ingestEvents(depsWith(s3Archive(server)), batch, freely)).toMatchObject({ accepted: 0, duplicate: 3 });
    },
  );

  it("is asked a second time where it was only busy", async () => {
    const server = await startTestS3();
    server.setFault({ kind: "slow-down", times: 1 });
    expect(await ingestEvents(depsWith(s3Archive(server)), received(), freely)).toMatchObject({ accepted: 3 });
    expect(server.requests.map(({ status }) => status)).toEqual([503, 200]);
  });

  it("keeps nothing that nobody can read", async () => {
    const server = await startTestS3();
    const batch = received({ values: [1, {}], text: "[1,{}]" });
    expect(await ingestEvents(depsWith(s3Archive(server)), batch, freely)).toMatchObject({ accepted: 0, rejected: [{}, {}] });
    expect(server.requests).toEqual([]);
  });

  it("may be a folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tranche-archive-"));
    onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
    const batch = received();
    await ingestEvents(depsWith(openFolder(pathToFileURL(folder).href)), batch, freely);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    expect(files.map(({ name }) => name)).toEqual([expect.stringMatching(/^[\da-f]{32}\.json\.gz$/)]);
    expect(gunzipSync(await readFile(join(files[0]?.parentPath ?? "", files[0]?.name ?? ""))).toString()).toBe(batch.text);
    const file = join(folder, "not-a-folder");
    await writeFile(file, "");
    await expect(ingestEvents(depsWith(openFolder(pathToFileURL(file).href)), received(), freely)).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});

describe("what is stored", () => {
  it("is complete once it is sent again after the database failed behind the archive", async () => {
    const server = await startTestS3();
    const batch = received();
    const store = createCostEventStore(database.db);
    const away = { ...store, add: async () => await Promise.reject(new AppError("unavailable", "the database is away")) };
    await expect(ingestEvents(depsWith(s3Archive(server), { costEvents: away }), batch, freely)).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(await ingestEvents(depsWith(s3Archive(server)), batch, freely)).toMatchObject({ accepted: 3 });
    expect(server.bucket("trail-logs").objects.size).toBe(2);
  });

  it("is complete once it is sent again after the answer of the database was lost", async () => {
    const batch = received();
    const store = createCostEventStore(database.db);
    const lost = {
      ...store,
      add: async (one: Parameters<typeof store.add>[0]) => {
        await store.add(one);
        throw new AppError("unavailable", "no answer");
      },
    };
    await expect(ingestEvents(depsWith(null, { costEvents: lost }), batch, freely)).rejects.toThrow("no answer");
    expect(await ingestEvents(depsWith(null), batch, freely)).toMatchObject({ accepted: 0, duplicate: 3 });
  });

  it("moves the cursor of its files with it, forward only, even where nothing is new", async () => {
    const prefix = "AWSLogs/123456789012/CloudTrail/eu-central-1/";
    const batch = received({ source: "s3" });
    const read = async () => (await database.sql<{ last_key: string }>("select last_key from cost_cursors"))[0]?.last_key;
    const upTo = async (lastKey: string, more: Partial<Received> = {}) => {
      await ingestEvents(depsWith(null), { ...batch, ...more, cursor: { accountId, prefix, lastKey } }, freely);
      return await read();
    };
    expect(await upTo(`${prefix}2026/11/28/b`)).toBe(`${prefix}2026/11/28/b`);
    expect(await upTo(`${prefix}2026/11/28/B`), "by bytes: B is before b").toBe(`${prefix}2026/11/28/b`);
    expect(await upTo(`${prefix}2026/11/28/c`, { values: [] })).toBe(`${prefix}2026/11/28/c`);
    const store = createCostEventStore(database.db);
    const failing = {
      customerId: -1,
      source: "s3",
      archiveKey: null,
      events: [],
      cursor: { accountId: -1, prefix, lastKey: "z" },
    } as const;
    await expect(store.add(failing)).rejects.toThrow();
    expect(await read()).toBe(`${prefix}2026/11/28/c`);
  });

  it("is a thousand large events in one statement", async () => {
    seeds += 1;
    const values = trailRecords(1_000, { fromMs: nowMs - 3_600_000, seed: seeds });
    const batch = received({ values, text: JSON.stringify({ Records: values }) });
    const before = await stored();
    expect(await ingestEvents(depsWith(null), batch, freely)).toMatchObject({ accepted: 1_000 });
    expect(await stored()).toEqual({ events: (before?.events ?? 0) + 1_000, batches: (before?.batches ?? 0) + 1 });
  });
});

describe("ARCHIVE_URL", () => {
  const env = { DATABASE_URL: "postgresql://user:pass@host.example/db", PROVIDER: "cloudflare" };
  const keys = { ARCHIVE_ACCESS_KEY_ID: "AKIAARCHIVE", ARCHIVE_SECRET_ACCESS_KEY: "wJalrXUtnFEMIK7MDENGbPxRfiCYkeys" };

  it("names a bucket, or a folder where there is a file system, or nothing", () => {
    expect(buildDeps(parseConfig(env)).archive).toBeNull();
    expect(buildDeps(parseConfig({ ...env, ...keys, ARCHIVE_URL: "s3://acme-archive/tranche" })).archive).not.toBeNull();
    const folder = parseConfig({ ...env, ARCHIVE_URL: "file:///var/lib/tranche/archive" });
    expect(() => buildDeps(folder)).toThrow("ARCHIVE_URL is a folder, and this runtime has no file system");
    expect(buildDeps(folder, { openFolder }).archive).not.toBeNull();
  });
});
