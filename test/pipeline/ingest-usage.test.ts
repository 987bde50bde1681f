import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIngestStore } from "../../src/adapters/db/ingest.ts";
import { createLeaseStore } from "../../src/adapters/db/leases.ts";
import type { Fence } from "../../src/adapters/ports/lease.ts";
import type { HostWindowBytes, UsageQuery, UsageReading, UsageSource } from "../../src/adapters/ports/usage.ts";
import { UsageSourceError } from "../../src/adapters/ports/usage.ts";
import { ingestUsage } from "../../src/cron/ingest-usage.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createWorld } from "../support/round-world.ts";
import type { World } from "../support/round-world.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-11-18T12:20:00Z");
const noon = nowMs - 20 * 60_000;

let database: TestDatabase;
let world: World;
let fence: Fence;
beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  const given = await createLeaseStore(database.db).acquire("job:ingest-usage", "local", "local:run");
  if (given === null) throw new Error("the lease is taken");
  fence = given;
});
afterEach(async () => {
  await database.close();
});

/** A source that answers for every host and window it is asked for, but for what it is told to leave out. */
const source = (cdn: string, bytes: (host: string, startMs: number) => number | null, unknownHosts: string[] = []) => {
  const asked: UsageQuery[] = [];
  const read = async (query: UsageQuery): Promise<UsageReading> => {
    asked.push(query);
    const rows: HostWindowBytes[] = [];
    for (const host of query.hosts) for (const { startMs, endMs } of query.windows) {
      const count = unknownHosts.includes(host) ? null : bytes(host, startMs);
      if (count !== null) rows.push({ host, startMs, endMs, bytes: count });
    }
    return { rows, unknownHosts };
  };
  return { cdn, asked, read } satisfies UsageSource & { asked: UsageQuery[] };
};
const failing = (cdn: string): UsageSource => ({ cdn, read: () => Promise.reject(new UsageSourceError("quota", true)) });

const ingest = async (sources: UsageSource[], options: { lookbackMs?: number; windowMs?: number; under?: Fence } = {}) => {
  const memory = createMemoryLog();
  const usageWindows = { windowMs: options.windowMs ?? hourMs, lookbackMs: options.lookbackMs ?? 2 * hourMs };
  const deps = { ingest: createIngestStore(database.db), usageSources: sources, clock: createFakeClock(nowMs), log: memory.log, usageWindows };
  const run = ingestUsage(deps, options.under ?? fence);
  return { report: await run, ...memory };
};

const usage = async () =>
  (await database.sql<{ line: string }>(
    `select format('%s %s+%s %s %s/%s', s.service_id, to_char(window_start at time zone 'utc', 'HH24:MI'), window_end - window_start, primary_bytes || '/' || backup_bytes,
       coalesce(primary_source, '-'), coalesce(backup_source, '-')) as line
     from usage_snapshots s order by service_id, window_start`)).map(({ line }) => line);

describe("ingestUsage", () => {
  it("stores each complete window of the look-back on the side on which the service has that CDN", async () => {
    const one = await world.seed({ cdns: ["cdn-a", "cdn-b"], domains: [{ name: "one.test" }, { name: "too.test" }] });
    const two = await world.seed({ customer: "two", cdns: ["cdn-b", "cdn-a"], domains: [{ name: "two.test" }] });
    const cdn = source("cdn-a", (host, startMs) => (host === "one.test" ? 100 : 7) + (startMs === noon - hourMs ? 1 : 0));
    const { report } = await ingest([cdn]);
    expect(report).toEqual({ sources: 1, windows: 4, unknownHosts: 0, failures: 0 });
    expect(cdn.asked).toEqual([{ hosts: ["one.test", "too.test", "two.test"], windows: [{ startMs: noon - 2 * hourMs, endMs: noon - hourMs }, { startMs: noon - hourMs, endMs: noon }] }]);
    expect(await usage()).toEqual([
      `${one.serviceId} 10:00+01:00:00 107/0 cdn-a/-`, `${one.serviceId} 11:00+01:00:00 109/0 cdn-a/-`,
      `${two.serviceId} 10:00+01:00:00 0/7 -/cdn-a`, `${two.serviceId} 11:00+01:00:00 0/8 -/cdn-a`,
    ]);
  });

  it("replaces its own side when read again, and leaves the other alone", async () => {
    const { serviceId } = await world.seed();
    const options = { lookbackMs: hourMs };
    await ingest([source("cdn-a", () => 100), source("cdn-b", () => 40)], options);
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 100/40 cdn-a/cdn-b`]);
    await ingest([source("cdn-b", () => 55)], options);
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 100/55 cdn-a/cdn-b`]);
    await ingest([source("cdn-a", () => 0)], options);
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 0/55 cdn-a/cdn-b`]);
  });

  it("stores nothing of a source that fails, and the others as ever", async () => {
    const { serviceId } = await world.seed();
    const { report, of } = await ingest([failing("cdn-a"), source("cdn-b", () => 40)], { lookbackMs: hourMs });
    expect(report).toEqual({ sources: 2, windows: 1, unknownHosts: 0, failures: 1 });
    expect(of("usage")).toMatchObject([{ level: "error", fields: { source: "cdn-a" } }]);
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 0/40 -/cdn-b`]);
  });

  it("throws where every source that has something to read failed", async () => {
    await world.seed();
    await expect(ingest([failing("cdn-a")])).rejects.toThrow("quota");
    await expect(ingest([failing("cdn-a"), source("cdn-nobody-has", () => 1)])).rejects.toThrow("quota");
    expect(await usage()).toEqual([]);
  });

  it("has nothing to read without sources or services", async () => {
    expect((await ingest([])).report).toMatchObject({ windows: 0 });
    const cdn = source("cdn-a", () => 1);
    expect((await ingest([cdn])).report).toMatchObject({ windows: 0, failures: 0 });
    expect(cdn.asked).toEqual([]);
  });

  it("counts and logs unknown hosts, and goes on with the known", async () => {
    const one = await world.seed({ domains: [{ name: "one.test" }, { name: "stray.test" }] });
    await world.seed({ customer: "two", name: "all stray", domains: [{ name: "two.test" }] });
    const { report, of } = await ingest([source("cdn-a", () => 9, ["stray.test", "two.test"])], { lookbackMs: hourMs });
    expect(report).toMatchObject({ unknownHosts: 2, windows: 1, failures: 0 });
    expect(of("usage_unknown_hosts")).toMatchObject([{ level: "warn", fields: { source: "cdn-a", count: 2 } }]);
    expect(await usage()).toEqual([`${one.serviceId} 11:00+01:00:00 9/0 cdn-a/-`]);
  });

  it("does not store half a sum: a window without a reading for each host is left out", async () => {
    const { serviceId } = await world.seed({ domains: [{ name: "one.test" }, { name: "two.test" }] });
    await ingest([source("cdn-a", (host, startMs) => (host === "two.test" && startMs === noon - hourMs ? null : 5))]);
    expect(await usage()).toEqual([`${serviceId} 10:00+01:00:00 10/0 cdn-a/-`]);
  });

  it("does not meter an unverified claim, a deleted domain or a deleted service", async () => {
    const { domainIds } = await world.seed({ domains: [{ name: "claim.test", verified: false }, { name: "gone.test" }] });
    await world.sql("update service_domains set deleted_at = now() where id = $1", [domainIds[1]]);
    const { serviceId } = await world.seed({ customer: "two", domains: [{ name: "two.test" }] });
    await world.sql("update services set deleted_at = now() where id = $1", [serviceId]);
    const cdn = source("cdn-a", () => 1);
    await ingest([cdn]);
    expect(cdn.asked).toEqual([]);
    expect(await usage()).toEqual([]);
  });

  it("leaves a billed window alone", async () => {
    const { serviceId } = await world.seed();
    await ingest([source("cdn-a", () => 100)]);
    await world.sql(
      `with i as (insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
         select customer_id, 1, now() - interval '1 hour', now(), 0, 0, 0, now() from services where id = $1 returning id),
       l as (insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes,
           rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
         select i.id, u.id, service_id, window_start, window_end, primary_bytes, backup_bytes, 12, 0.5, 0, 0, 0, 0 from usage_snapshots u, i where window_start = $2)
       update usage_snapshots set invoice_id = (select id from i) where window_start = $2`, [serviceId, new Date(noon - 2 * hourMs)]);
    const { report } = await ingest([source("cdn-a", () => 999), source("cdn-b", () => 5)]);
    expect(report).toMatchObject({ windows: 2, failures: 0 });
    expect(await usage()).toEqual([`${serviceId} 10:00+01:00:00 100/0 cdn-a/-`, `${serviceId} 11:00+01:00:00 999/5 cdn-a/cdn-b`]);
  });

  it("stores no window of another length than the first: its bytes would be billed twice", async () => {
    const { serviceId } = await world.seed();
    await ingest([source("cdn-a", () => 100)], { lookbackMs: hourMs });
    await expect(ingest([source("cdn-a", () => 50)], { windowMs: hourMs / 2, lookbackMs: 3 * hourMs })).rejects.toThrow("USAGE_WINDOW");
    await expect(ingest([source("cdn-b", () => 70)], { windowMs: 4 * hourMs, lookbackMs: 4 * hourMs })).rejects.toThrow("USAGE_WINDOW");
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 100/0 cdn-a/-`]);
  });

  it("stores nothing once its lease is lost", async () => {
    await world.seed();
    const { report } = await ingest([source("cdn-a", () => 100)], { under: { ...fence, epoch: fence.epoch + 1 } });
    expect(report).toMatchObject({ windows: 0 });
    expect(await usage()).toEqual([]);
  });
});
