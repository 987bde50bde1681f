import { noBreakers } from "../support/breakers.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { createIngestStore } from "../../src/adapters/db/metering/ingest.ts";
import { createLeaseStore } from "../../src/adapters/db/coordination/leases.ts";
import type { CustomerSource, CustomerSources, SourceOutcome } from "../../src/adapters/ports/metering/cdn-accounts.ts";
import type { Fence } from "../../src/adapters/ports/coordination/lease.ts";
import type { HostWindowBytes, UsageQuery, UsageReading, UsageSource } from "../../src/adapters/ports/metering/usage.ts";
import { UsageSourceError } from "../../src/adapters/ports/metering/usage.ts";
import { ingestUsage } from "../../src/cron/ingest-usage.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { useWorld } from "../support/use-world.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-11-18T12:20:00Z");
const noon = nowMs - 20 * 60_000;

const { database, world } = useWorld();
let fence: Fence;
beforeEach(async () => {
  const given = await createLeaseStore(database.db).acquire("job:ingest-usage", "local", "local:run");
  if (given === null) throw new Error("the lease is taken");
  fence = given;
});

/** A source that answers for every host and window it is asked for, but for what it is told to leave out. */
const source = (cdn: string, bytes: (host: string, startMs: number) => number | null, unknownHosts: string[] = []) => {
  const asked: UsageQuery[] = [];
  const read = async (query: UsageQuery): Promise<UsageReading> => {
    asked.push(query);
    const rows: HostWindowBytes[] = [];
    for (const host of query.hosts)
      for (const { startMs, endMs } of query.windows) {
        const count = unknownHosts.includes(host) ? null : bytes(host, startMs);
        if (count !== null) rows.push({ host, startMs, endMs, bytes: count });
      }
    return { rows, unknownHosts, unreadable: unknownHosts.map((host) => ({ host, reason: "not in the account" })) };
  };
  return { cdn, asked, read } satisfies UsageSource & { asked: UsageQuery[] };
};
const failing = (cdn: string): UsageSource => ({ cdn, read: () => Promise.reject(new UsageSourceError("quota", true)) });

const noAccounts: CustomerSources = { open: async () => [], note: async () => undefined };

type Options = {
  lookbackMs?: number;
  windowMs?: number;
  under?: Fence;
  customerSources?: CustomerSources;
  atMs?: number;
  catchUp?: boolean;
};

/** As after a run that read everything: what ended before the look-back is final. */
const settleAll = (untilMs: number) =>
  world.sql(
    `insert into metering_marks (domain_id, cdn, settled_until)
   select distinct t.domain_id, c.cdn, $1::timestamptz from domain_tenures t join service_cdns h on h.service_id = t.service_id
   cross join lateral (values (h.primary_cdn), (h.backup_cdn)) c (cdn) on conflict do nothing`,
    [new Date(untilMs)],
  );

const ingest = async (sources: UsageSource[], options: Options = {}) => {
  const memory = createMemoryLog();
  const usageWindows = { windowMs: options.windowMs ?? hourMs, lookbackMs: options.lookbackMs ?? 2 * hourMs };
  const customerSources = options.customerSources ?? noAccounts;
  const atMs = options.atMs ?? nowMs;
  if (options.catchUp !== true) await settleAll(Math.floor(atMs / usageWindows.windowMs) * usageWindows.windowMs - usageWindows.lookbackMs);
  const deps = {
    ingest: createIngestStore(database.db),
    usageSources: sources,
    customerSources,
    breakers: noBreakers,
    clock: createFakeClock(atMs),
    log: memory.log,
    usageWindows,
  };
  const run = ingestUsage(deps, options.under ?? fence);
  return { report: await run, ...memory };
};

const usage = async () =>
  (
    await database.sql<{ line: string }>(
      `select format('%s %s+%s %s %s/%s', s.service_id, to_char(window_start at time zone 'utc', 'HH24:MI'), window_end - window_start, primary_bytes || '/' || backup_bytes,
       coalesce(primary_source, '-'), coalesce(backup_source, '-')) as line
     from usage_snapshots s order by service_id, window_start`,
    )
  ).map(({ line }) => line);

const incomplete = async () =>
  (
    await database.sql<{ line: string }>(
      `select to_char(window_start at time zone 'utc', 'HH24:MI ') || concat_ws(', ', case when primary_incomplete then 'primary' end, case when backup_incomplete then 'backup' end) as line
     from usage_snapshots where primary_incomplete or backup_incomplete order by service_id, window_start`,
    )
  ).map(({ line }) => line);

describe("ingestUsage", () => {
  it("stores each complete window of the look-back on the side on which the service has that CDN", async () => {
    const one = await world.seed({ cdns: ["cdn-a", "cdn-b"], domains: [{ name: "one.test" }, { name: "too.test" }] });
    const two = await world.seed({ customer: "two", cdns: ["cdn-b", "cdn-a"], domains: [{ name: "two.test" }] });
    const cdn = source("cdn-a", (host, startMs) => (host === "one.test" ? 100 : 7) + (startMs === noon - hourMs ? 1 : 0));
    const { report } = await ingest([cdn]);
    expect(report).toEqual({ sources: 1, windows: 4, corrections: 0, unknownHosts: 0, deferredHosts: 0, failures: 0 });
    expect(cdn.asked).toEqual([
      {
        hosts: ["one.test", "too.test", "two.test"],
        windows: [
          { startMs: noon - 2 * hourMs, endMs: noon - hourMs },
          { startMs: noon - hourMs, endMs: noon },
        ],
      },
    ]);
    expect(await usage()).toEqual([
      `${one.serviceId} 10:00+01:00:00 107/0 cdn-a/-`,
      `${one.serviceId} 11:00+01:00:00 109/0 cdn-a/-`,
      `${two.serviceId} 10:00+01:00:00 0/7 -/cdn-a`,
      `${two.serviceId} 11:00+01:00:00 0/8 -/cdn-a`,
    ]);
  });

  it("replaces its own side when read again, and leaves the other alone", async () => {
    const { serviceId } = await world.seed();
    const options = { lookbackMs: hourMs };
    await ingest([source("cdn-a", () => 100), source("cdn-b", () => 40)], options);
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 100/40 cdn-a/cdn-b`]);
    await ingest([source("cdn-b", () => 55)], options);
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 100/55 cdn-a/cdn-b`]);
    await ingest([source("cdn-a", () => 120)], options);
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 120/55 cdn-a/cdn-b`]);
    // Of an hour that is over a CDN does not know less than it did.
    await ingest([source("cdn-a", () => 0)], options);
    expect(await usage()).toEqual([`${serviceId} 11:00+01:00:00 120/55 cdn-a/cdn-b`]);
  });

  it("stores nothing of a source that fails, and the others as ever", async () => {
    const { serviceId } = await world.seed();
    const { report, of } = await ingest([failing("cdn-a"), source("cdn-b", () => 40)], { lookbackMs: hourMs });
    expect(report).toMatchObject({ sources: 2, windows: 1, failures: 1 });
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

  it("marks a side of which a host has no reading yet, until it has one", async () => {
    const { serviceId } = await world.seed({ domains: [{ name: "one.test" }, { name: "two.test" }] });
    await ingest([source("cdn-a", (host, startMs) => (host === "two.test" && startMs === noon - hourMs ? null : 5))]);
    expect(await usage()).toEqual([`${serviceId} 10:00+01:00:00 10/0 cdn-a/-`, `${serviceId} 11:00+01:00:00 5/0 cdn-a/-`]);
    expect(await incomplete()).toEqual(["11:00 primary"]);
    await ingest([source("cdn-a", () => 5)]);
    expect(await usage()).toEqual([`${serviceId} 10:00+01:00:00 10/0 cdn-a/-`, `${serviceId} 11:00+01:00:00 10/0 cdn-a/-`]);
    expect(await incomplete()).toEqual([]);
  });

  it("does not meter an unverified claim, nor what was gone before the windows began", async () => {
    const { domainIds } = await world.seed({ domains: [{ name: "claim.test", verified: false }, { name: "gone.test" }] });
    const before = new Date(noon - 2 * hourMs);
    await world.sql("update service_domains set deleted_at = $2 where id = $1", [domainIds[1], before]);
    const two = await world.seed({ customer: "two", domains: [{ name: "two.test" }] });
    await world.sql("update service_domains set deleted_at = $2 where id = $1", [two.domainIds[0], before]);
    await world.sql("update services set deleted_at = $2 where id = $1", [two.serviceId, before]);
    const cdn = source("cdn-a", () => 1);
    await ingest([cdn]);
    expect(cdn.asked).toEqual([]);
    expect(await usage()).toEqual([]);
  });

  it("does not touch what is as it was", async () => {
    await world.seed();
    await ingest([source("cdn-a", () => 100)]);
    const before = await world.sql("select xmin, ctid from usage_snapshots order by id");
    expect((await ingest([source("cdn-a", () => 100)])).report).toMatchObject({ windows: 0, corrections: 0 });
    expect(await world.sql("select xmin, ctid from usage_snapshots order by id")).toEqual(before);
  });

  it("marks the side of a service of which a host was put off", async () => {
    const one = await world.seed({ domains: [{ name: "one.test" }, { name: "late.test" }] });
    const two = await world.seed({ customer: "two", domains: [{ name: "two.test" }] });
    const late = source("cdn-a", (host) => (host === "late.test" ? null : 9));
    const read: UsageSource["read"] = async (query) => ({ ...(await late.read(query)), deferredHosts: ["late.test"] });
    const { report } = await ingest([{ cdn: "cdn-a", read }], { lookbackMs: hourMs });
    expect(report).toMatchObject({ deferredHosts: 1, windows: 2 });
    expect(await usage()).toEqual([`${one.serviceId} 11:00+01:00:00 9/0 cdn-a/-`, `${two.serviceId} 11:00+01:00:00 9/0 cdn-a/-`]);
    expect(await incomplete()).toEqual(["11:00 primary"]);
  });

  it("keeps how far bytes are an estimate, summed over the hosts of a service", async () => {
    await world.seed({ domains: [{ name: "one.test" }, { name: "two.test" }] });
    const cdn = source("cdn-a", () => 100);
    const read: UsageSource["read"] = async (query) => {
      const { rows } = await cdn.read(query);
      const sampling = { interval: 10, lowerBytes: 90, upperBytes: 115 };
      return { unknownHosts: [], unreadable: [], rows: rows.map((row) => (row.host === "one.test" ? { ...row, sampling } : row)) };
    };
    await ingest([{ cdn: "cdn-a", read }], { lookbackMs: hourMs });
    const sampled = () => world.sql("select primary_bytes, primary_sampling, backup_sampling from usage_snapshots");
    expect(await sampled()).toEqual([
      { primary_bytes: "200", primary_sampling: { interval: 10, lower: 190, upper: 215 }, backup_sampling: null },
    ]);
    await ingest([cdn], { lookbackMs: hourMs });
    expect(await sampled()).toEqual([{ primary_bytes: "200", primary_sampling: null, backup_sampling: null }]);
  });

  describe("with customers' own accounts", () => {
    const accounts = (...sources: Omit<CustomerSource, "cdn">[]) => {
      const noted: SourceOutcome[] = [];
      const customerSources: CustomerSources = {
        open: async () => sources.map((one) => ({ ...one, cdn: one.source.cdn })),
        note: async (_, outcomes) => void noted.push(...outcomes),
      };
      return { customerSources, noted };
    };

    it("reads those customers with theirs and all others with the operator's", async () => {
      const one = await world.seed({ domains: [{ name: "one.test" }] });
      const two = await world.seed({ customer: "two", domains: [{ name: "two.test" }] });
      const [customer] = await world.sql<{ id: string }>("select customer_id as id from services where id = $1", [two.serviceId]);
      const [operators, own] = [source("cdn-a", () => 1), source("cdn-a", () => 2)];
      const { customerSources, noted } = accounts({ accountId: 7, customerId: Number(customer?.id), source: own });
      await ingest([operators], { lookbackMs: hourMs, customerSources });
      expect([operators.asked[0]?.hosts, own.asked[0]?.hosts]).toEqual([["one.test"], ["two.test"]]);
      expect(await usage()).toEqual([`${one.serviceId} 11:00+01:00:00 1/0 cdn-a/-`, `${two.serviceId} 11:00+01:00:00 2/0 cdn-a/-`]);
      expect(noted).toEqual([{ accountId: 7, error: null }]);
    });

    it("notes why an account could not be read, and goes on with the others", async () => {
      const one = await world.seed({ domains: [{ name: "one.test" }] });
      const two = await world.seed({ customer: "two", domains: [{ name: "two.test" }] });
      const rows = await world.sql<{ id: string }>("select customer_id as id from services order by id");
      const [first, second] = rows.map(({ id }) => Number(id));
      const { customerSources, noted } = accounts(
        { accountId: 1, customerId: first ?? 0, source: failing("cdn-a") },
        { accountId: 2, customerId: second ?? 0, source: source("cdn-a", () => 5) },
      );
      const { report } = await ingest([], { lookbackMs: hourMs, customerSources });
      expect(report).toMatchObject({ sources: 2, failures: 1, windows: 1 });
      expect(noted.toSorted((a, b) => a.accountId - b.accountId)).toEqual([
        { accountId: 1, error: "quota" },
        { accountId: 2, error: null },
      ]);
      expect(await usage()).toEqual([`${two.serviceId} 11:00+01:00:00 5/0 cdn-a/-`]);
      expect(one.serviceId).toBeGreaterThan(0);
    });
  });

  it("corrects a billed window instead of changing it, and tells billing to adjust", async () => {
    const { serviceId } = await world.seed();
    await ingest([source("cdn-a", () => 100)]);
    await world.sql(
      `with i as (insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
         select customer_id, 1, now() - interval '1 hour', now(), 0, 0, 0, now() from services where id = $1 returning id),
       l as (insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes,
           rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
         select i.id, u.id, service_id, window_start, window_end, primary_bytes, backup_bytes, 12, 0.5, 0, 0, 0, 0 from usage_snapshots u, i where window_start = $2)
       update usage_snapshots set invoice_id = (select id from i) where window_start = $2`,
      [serviceId, new Date(noon - 2 * hourMs)],
    );
    const { report } = await ingest([source("cdn-a", () => 999), source("cdn-b", () => 5)]);
    expect(report).toMatchObject({ windows: 2, corrections: 2, failures: 0 });
    expect(await usage()).toEqual([`${serviceId} 10:00+01:00:00 100/0 cdn-a/-`, `${serviceId} 11:00+01:00:00 999/5 cdn-a/cdn-b`]);
    expect(await world.sql("select primary_bytes, backup_bytes, primary_source, backup_source from usage_corrections")).toEqual([
      { primary_bytes: "999", backup_bytes: "5", primary_source: "cdn-a", backup_source: "cdn-b" },
    ]);
    const causes = () => world.sql("select cause, from_at, to_at from adjustment_causes where service_id = $1", [serviceId]);
    const cause = { cause: "usage", from_at: new Date(noon - 2 * hourMs), to_at: new Date(noon - hourMs) };
    expect(await causes()).toEqual([cause, cause]);
    expect((await ingest([source("cdn-a", () => 999), source("cdn-b", () => 5)])).report).toMatchObject({ windows: 0, corrections: 0 });
    expect(await causes()).toHaveLength(2);
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
