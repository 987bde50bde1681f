import { afterAll, beforeAll, expect, it } from "vitest";
import { createPruneStore } from "../../../src/adapters/db/coordination/prune.ts";
import { createRetentionStore } from "../../../src/adapters/db/coordination/retention.ts";
import { prune } from "../../../src/cron/prune.ts";
import { bill } from "../../billing/run.ts";
import { billingFence, takeLease } from "../../billing/worlds.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";
import { createMeteringWorld, fastly, hourMs, noon, nowMs } from "../../support/metering-world.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterAll(() => database.close());

const dayMs = 24 * hourMs;

it("deletes what billed windows were made of after 400 days, and keeps it while they are not billed", async () => {
  const world = createMeteringWorld(database);
  const acme = await world.customer("acme");
  const web = await world.service(acme, noon - 3 * hourMs);
  await world.domain(web, "a.shopone.com", noon - 3 * hourMs);
  const hour = (count: number) => noon - count * hourMs;
  const push = (startMs: number, bytes: number) => world.push(acme, web, startMs, { backupBytes: bytes });
  await world.ingest([fastly()]);
  await push(hour(3), 1);
  await push(hour(2), 1);
  await bill(database.db, hour(1));
  // Of both billed windows there are two versions; the last hour is not billed.
  await world.ingest([fastly([], { "a.shopone.com": 150 })]);
  await push(hour(3), 2);
  await push(hour(2), 2);
  await push(hour(1), 2);
  const kept = async () => {
    const tables = ["usage_readings", "usage_readings_past", "usage_pushes", "usage_pushes_past"];
    const rows = await Promise.all(
      tables.map((table) =>
        world.sql<{ at: string }>(`select distinct to_char(window_start at time zone 'utc', 'HH24') as at from ${table} order by 1`),
      ),
    );
    return rows.map((own) => own.map(({ at }) => at).join(" "));
  };
  const all = ["09 10 11", "09 10", "09 10 11", "09 10"];
  expect(await kept()).toEqual(all);
  const run = (atMs: number) =>
    prune(
      {
        pruning: createPruneStore(database.db),
        clock: { nowMs: () => atMs, sleep: () => Promise.resolve() },
        log: createMemoryLog().log,
        sampleRetentionMs: 2 * dayMs,
        sessionTtlMs: 84 * dayMs,
        auditRetentionMs: 400 * dayMs,
        costEventRetentionMs: 90 * dayMs,
        retention: createRetentionStore(database.db),
      },
      billingFence,
    );
  expect(await run(hour(3) + 400 * dayMs)).toMatchObject({
    usage_readings: 0,
    usage_readings_past: 0,
    usage_pushes: 0,
    usage_pushes_past: 0,
    failures: 0,
  });
  expect(await run(hour(2) + 400 * dayMs)).toMatchObject({
    usage_readings: 1,
    usage_readings_past: 1,
    usage_pushes: 1,
    usage_pushes_past: 1,
  });
  expect(await kept()).toEqual(["10 11", "10", "10 11", "10"]);
  await run(nowMs + 500 * dayMs);
  expect(await kept()).toEqual(["11", "", "11", ""]);
  expect(await world.usage(web)).toEqual(["09:00 150/0", "10:00 150/0", "11:00 150/0"]);
});
