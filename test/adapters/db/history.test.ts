import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAuditLogStore } from "../../../src/adapters/db/tenants/audit-log.ts";
import { createInvoicePreviewStore } from "../../../src/adapters/db/billing/invoice-preview.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { createMetricsStore } from "../../../src/adapters/db/coordination/metrics.ts";
import { createRetentionStore } from "../../../src/adapters/db/coordination/retention.ts";
import { createRollupStore } from "../../../src/adapters/db/detection/rollups.ts";
import { saveIntents } from "../../../src/adapters/db/round/intents.ts";
import { createStormStore } from "../../../src/adapters/db/detection/storms.ts";
import { createUsageStore } from "../../../src/adapters/db/metering/usage-store.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { explaining } from "../../support/explain.ts";

const [dayMs, nowMs] = [86_400_000, Date.parse("2026-11-18T00:00:00Z")];
const [services, days] = [40, 300];
const daysAgo = (n: string) => `to_timestamp(${nowMs / 1_000}) - (${n}) * interval '1 day'`;

let database: TestDatabase;
let fence: Fence;
let explained: ReturnType<typeof explaining>;

/** Forty services of one customer, with a window and a storm, and a switch of each, on every one of three hundred days. */
beforeAll(async () => {
  database = await freshDatabase();
  const taken = await createLeaseStore(database.db, 600_000).acquire("job:history", "local", "local:test");
  if (taken === null) throw new Error("no lease");
  fence = taken;
  await database.sql(`
    with c as (insert into customers (name) values ('acme') returning id)
    insert into services (customer_id, name, primary_cdn, backup_cdn, created_at) select id, 'web ' || n, 'cdn-a', 'cdn-b', ${daysAgo("400")} from c, generate_series(1, ${services}) n`);
  await database.sql(
    "insert into service_domains (service_id, customer_id, name, challenge_token) select id, customer_id, id || '.example.com', 'token' from services order by id",
  );
  await database.sql("insert into storm_policies (service_id, kind) select id, 'http_availability' from services order by id");
  await database.sql(`
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
    select p.service_id, p.id, 1, p.kind, 'ended', x.at, x.at, x.at + interval '20 minutes', 'recovered', 1.5
    from generate_series(${days}, 1, -1) n cross join storm_policies p cross join lateral (select ${daysAgo("n")} + p.service_id * interval '10 minutes' as at) x order by x.at`);
  await database.sql("delete from adjustment_causes");
  await database.sql(`
    insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source)
    select s.id, ${daysAgo("n")}, ${daysAgo("n - 1")}, 1, case n when 1 then 900000000000 else 0 end, 'push', 'push' from generate_series(${days}, 1, -1) n cross join services s order by n desc, s.id`);
  await database.sql("delete from usage_snapshots where window_start < $1 and mod(id, 2) = 0 and service_id > 1", [
    new Date(nowMs - 2 * dayMs),
  ]);
  await database.sql(`
    insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at, insync_at)
    select d.service_id, d.id, 100, 0, 0, 100, 'storm', 'tranche', 1, case mod(n, 3) when 0 then 'failed' else 'insync' end, ${daysAgo("n")}, ${daysAgo("n")}
    from generate_series(${days}, 1, -1) n cross join service_domains d order by n desc, d.id`);
  await database.sql(`
    insert into audit_log (customer_id, actor, action, object_type, object_id, at)
    select 1, 'token:1', case mod(n, 3) when 0 then 'create' else 'update' end, case mod(n, 3) when 0 then 'service' else 'domain' end, n, ${daysAgo("n / 20.0")} from generate_series(6000, 1, -1) n`);
  await database.sql(
    "insert into audit_log (customer_id, actor, action, object_type, object_id) values (1, 'token:1', 'create', 'customer', 1)",
  );
  // Of what people were told two messages wait, and one was given up within a day.
  await database.sql(
    "insert into channels (customer_id, name, kind, settings, sealed_secret, confirmed_at) values (1, 'ops', 'webhook', '{}', '', now())",
  );
  await database.sql(`
    with n as (
      insert into notifications (customer_id, service_id, kind, subject, facts, occurred_at, expanded_at)
      select 1, 1 + mod(n, ${services}), 'switch.done', 'service:' || mod(n, ${services}), '{}', ${daysAgo("n / 20.0")}, ${daysAgo("n / 20.0")} from generate_series(6000, 1, -1) n returning id, occurred_at
    )
    insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, state, next_at, ended_at)
    select 1, 't' || id, 1, 'event', 'switch.done', 'info', id, id, case mod(id, 9) when 0 then 'dead' else 'sent' end, occurred_at, occurred_at from n order by id`);
  await database.sql(
    "update deliveries set state = 'pending', ended_at = null where id in (select max(id) from deliveries union select max(id) - 1 from deliveries)",
  );
  await database.sql(`
    insert into incidents (customer_id, cdn, kind, started_at, last_edge_at, ended_at)
    select 1, 'cdn-a', 'storm', at, at, at from (select ${daysAgo("n / 10.0")} as at from generate_series(3000, 1, -1) n) x`);
  await database.sql("vacuum analyze");
  // The storms of a year in one transaction have left forty chains in seventy blocks; those of a year leave them in one or two.
  await database.sql("vacuum full evidence_chains");
}, 60_000);
afterAll(async () => await database.close());
beforeEach(() => {
  explained = explaining(database.db);
});

const page = { limit: 101, afterId: null };

describe("what is asked where there is a long history", () => {
  it("lists the windows of a service page by page, none of those before, and by their start whenever they were stored", async () => {
    const usage = createUsageStore(explained.db);
    const all = await usage.list(1, 1, {}, { limit: 1_000, afterId: null });
    const deep = await usage.list(1, 1, {}, { limit: 21, afterId: all?.[199]?.id ?? 0 });
    expect(deep).toEqual(all?.slice(200, 221));
    expect((await explained.touched("usage_snapshots")).rows).toBeLessThan(150);
    await database.sql(
      `insert into usage_snapshots (service_id, window_start, window_end) values (1, ${daysAgo("350")}, ${daysAgo("349")})`,
    );
    const first = await usage.list(1, 1, {}, { limit: 2, afterId: null });
    expect(first?.map(({ windowStartMs }) => windowStartMs)).toEqual([nowMs - 350 * dayMs, nowMs - days * dayMs]);
    expect(await usage.list(1, 2, {}, { limit: 2, afterId: all?.[0]?.id ?? 0 })).toEqual([]);
    await database.sql(`delete from usage_snapshots where window_start < ${daysAgo("320")}`);
  });

  it("looks for gaps in the windows of the time that is asked for alone", async () => {
    const span = { fromMs: nowMs - 250 * dayMs, toMs: nowMs - 240 * dayMs, windowMs: dayMs };
    expect(await createUsageStore(explained.db).gaps(1, 1, span, page)).toEqual([]);
    expect((await explained.touched("usage_snapshots")).rows).toBeLessThan(200);
  });

  it("lists storms with as many looked at as a page has, whatever there were", async () => {
    const storms = createStormStore(explained.db, null, { clock: { nowMs: () => nowMs, sleep: async () => undefined }, currency: "USD" });
    const newest = async (where: string) =>
      (await database.sql<{ id: string }>(`select id from storm_events where ${where} order by id desc limit 101`)).map(({ id }) =>
        Number(id),
      );
    const ids = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => id);
    expect(ids(await storms.list(1, {}, page))).toEqual(await newest("true"));
    expect((await explained.touched("storm_events")).rows).toBeLessThan(2_500);
    expect(ids(await storms.list(1, {}, { limit: 101, afterId: 6_000 }))).toEqual(await newest("id < 6000"));
    expect((await explained.touched("storm_events")).rows).toBeLessThan(2_500);
    expect(ids(await storms.list(1, { fromMs: nowMs - dayMs / 2 }, page))).toEqual(await newest(`ended_at >= ${daysAgo("0.5")}`));
    expect((await explained.touched("storm_events")).rows).toBeLessThan(2_500);
    expect(ids(await storms.list(1, { active: false, serviceId: 7 }, page))).toEqual(await newest("service_id = 7"));
  });

  it("finds what was done to a kind of object among all that was done, and all that was done to that kind", async () => {
    const log = createAuditLogStore(explained.db);
    expect(await log.list(1, { action: "create", objectType: "customer" }, page)).toHaveLength(1);
    expect(await log.list(1, { action: "create", objectType: "domain" }, page)).toEqual([]);
    expect((await explained.touched("audit_log")).rows).toBeLessThan(30);
  });

  it("prices a window by the storms of its time", async () => {
    const bounds = (["run", "day", "month"] as const).map((cycle) => ({ cycle, billUntilMs: nowMs, arrearsUntilMs: nowMs - dayMs }));
    const terms = { rateCentsPerGb: "12", discountRate: "0.5", currency: "USD" };
    await database.sql(`delete from usage_snapshots where window_start < ${daysAgo("1.5")}`);
    await createInvoicePreviewStore(explained.db).preview(1, { terms, cycle: "run", nowMs, bounds, withheldAfterMs: nowMs - dayMs });
    // A window a service, of which each has had three hundred storms.
    expect((await explained.touched("storm_parts")).rows).toBeLessThan(4_000);
  });

  it("counts the switches of the last day without those of others", async () => {
    await createMetricsStore(explained.db).read();
    // One to three of each of some twenty readings.
    expect((await explained.touched("stormsTotal")).blocks).toBeLessThan(40);
  });

  it("looks for switches that are too old without those that are not", async () => {
    expect(await createRetentionStore(explained.db).routingChanges(fence, nowMs - 400 * dayMs, 10_000)).toBe(0);
    expect((await explained.touched("routing_changes")).rows).toBeLessThan(50);
  });

  it("looks for messages that are too old without those that are not", async () => {
    const store = createRetentionStore(explained.db);
    expect(await store.deliveries(fence, nowMs - 400 * dayMs, 10_000)).toBe(0);
    expect((await explained.touched("deliveries")).rows).toBeLessThan(50);
    expect(await store.incidents(fence, nowMs - 400 * dayMs, 10_000)).toBe(0);
    expect((await explained.touched("incidents")).rows).toBeLessThan(50);
  });

  it("intends switches by the newest of each domain and the storms of a day", async () => {
    const intents = Array.from({ length: services }, (_, n) => ({
      serviceId: n + 1,
      domainId: n + 1,
      from: { primary: 100, backup: 0 },
      to: { primary: 0, backup: 100 },
      reason: "storm",
      actor: "tranche",
      result: "intent" as const,
    }));
    expect(await explained.db.rows(saveIntents(fence, intents, nowMs))).toHaveLength(services);
    expect((await explained.touched("attempted_records")).rows).toBeLessThan(2_000);
  });

  it("sums up an hour in a time that grows with its minutes, be they news to the planner", async () => {
    const minutes = `
      insert into probe_rollups_minute (domain_id, path, vantage, start_at, samples, ok, places, counts)
      select d.id, p.path, 'local', x.at, 6, 6, array[20, 40 + mod(n, 3)]::smallint[], '{2,4}' from generate_series(0, 59) n
      cross join lateral (select to_timestamp(${nowMs / 1_000}) + n * interval '1 minute' as at) x cross join service_domains d cross join (values ('primary'), ('backup'), ('direct')) p(path)`;
    await database.sql(minutes.replace("+ n *", "- interval '5 hours' + n *"));
    await database.sql("analyze probe_rollups_minute");
    await database.sql(minutes);
    await createRollupStore(explained.db).rollHour(fence, nowMs, 0, 500);
    expect(await database.sql("select samples, ok, places, counts from probe_rollups_hour")).toEqual(
      Array.from({ length: 3 * services }, () => ({ samples: 360, ok: 360, places: [20, 40, 41, 42], counts: [120, 80, 80, 80] })),
    );
    // 7,200 minutes of two latencies each.
    expect((await explained.touched("probe_rollups_hour")).rows).toBeLessThan(100_000);
  });
});
