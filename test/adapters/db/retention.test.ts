import { readFile } from "node:fs/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyBundle } from "../../../cli/evidence/evidence-bundle.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { createEvidenceStore } from "../../../src/adapters/db/evidence/evidence.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { createMetricsStore } from "../../../src/adapters/db/coordination/metrics.ts";
import { createPruneStore } from "../../../src/adapters/db/coordination/prune.ts";
import { createRetentionStore } from "../../../src/adapters/db/coordination/retention.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { prune } from "../../../src/cron/prune.ts";
import { retention } from "../../../src/domain/coordination/retention.ts";
import type { Retention } from "../../../src/domain/coordination/retention.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";

const dayMs = 86_400_000;
/** The database's own clock decides what is old enough: the test goes by it. */
let nowMs: number;
const ago = (days: number, ms = 0): Date => new Date(nowMs - days * dayMs + ms);

let database: TestDatabase;
let fence: Fence;
let ids: { customer: number; service: number; domain: number; policy: number };

const idOf = async (text: string, params: readonly unknown[]): Promise<number> =>
  Number((await database.sql<{ id: string }>(`${text} returning id`, params))[0]?.id);

const makeService = async (name: string) => {
  const service = await idOf("insert into services (customer_id, name, primary_cdn, backup_cdn) values ($1, $2, 'cdn-a', 'cdn-b')", [
    ids.customer,
    name,
  ]);
  return { service, policy: await idOf("insert into storm_policies (service_id, kind) values ($1, 'http_availability')", [service]) };
};

beforeAll(async () => {
  database = await freshDatabase();
  nowMs = Date.now();
  const taken = await createLeaseStore(database.db).acquire("job:prune", "local", "local:test");
  if (taken === null) throw new Error("no lease");
  fence = taken;
  ids = { customer: await idOf("insert into customers (name) values ('acme')", []), service: 0, domain: 0, policy: 0 };
  const { service, policy } = await makeService("web");
  const domain = await idOf(
    "insert into service_domains (service_id, customer_id, name, challenge_token) values ($1, $2, 'a.example.com', 'token')",
    [service, ids.customer],
  );
  ids = { ...ids, service, policy, domain };
});
afterAll(() => database.close());

const run = async (over: Partial<Parameters<typeof prune>[0]> = {}) => {
  const { log, of } = createMemoryLog();
  // Billing has taken up by then what each storm leaves it to recompute.
  await database.sql("delete from adjustment_causes where cause = 'storm'");
  const report = await prune(
    {
      pruning: createPruneStore(database.db),
      retention: createRetentionStore(database.db),
      clock: { nowMs: () => nowMs, sleep: async () => undefined },
      log,
      sampleRetentionMs: 2 * dayMs,
      sessionTtlMs: 84 * dayMs,
      auditRetentionMs: 400 * dayMs,
      costEventRetentionMs: 90 * dayMs,
      ...over,
    },
    fence,
  );
  return { report, errors: of("prune") };
};
const left = async (column: string, from: string): Promise<unknown[]> =>
  (await database.sql<{ v: unknown }>(`select ${column} as v from ${from} order by 1`)).map(({ v }) => v);

const refused = { code: "23001" };

describe("the audit log", () => {
  const entry = (action: string, at: Date) =>
    database.sql("insert into audit_log (customer_id, actor, action, object_type, at) values ($1, 'x', $2, 'service', $3)", [
      ids.customer,
      action,
      at,
    ]);

  it("is kept for 400 days, and what went leaves a trace", async () => {
    for (const [action, at] of [
      ["old", ago(401)],
      ["edge", ago(400, -1)],
      ["kept", ago(400, 60_000)],
      ["new", ago(0)],
    ] as const)
      await entry(action, at);
    expect((await run()).report).toMatchObject({ audit_log: 2, failures: 0 });
    expect(await left("action", "audit_log")).toEqual(["kept", "new", "prune"]);
    const [trace] = await database.sql<{ after: Record<string, unknown> }>("select after from audit_log where action = 'prune'");
    expect(trace?.after).toMatchObject({ rows: 2, first_id: 1, last_id: 2 });
  });

  it("as long as configured", async () => {
    expect((await run({ auditRetentionMs: 500 * dayMs })).report).toMatchObject({ audit_log: 0 });
    expect((await run({ auditRetentionMs: 366 * dayMs })).report).toMatchObject({ audit_log: 1, failures: 0 });
  });

  it("refuses to lose what is younger than a year, whoever asks", async () => {
    await entry("young", ago(364));
    await expect(database.sql("delete from audit_log where action = 'young'")).rejects.toMatchObject(refused);
    await entry("older", ago(366));
    await expect(
      database.sql("delete from audit_log where action in ('young', 'older')"),
      "not even beside what is old",
    ).rejects.toMatchObject(refused);
    await expect(database.sql("update audit_log set at = 'epoch'"), "nor is anything made older").rejects.toMatchObject(refused);
    await expect(database.sql("truncate audit_log")).rejects.toMatchObject(refused);
    const { report, errors } = await run({ auditRetentionMs: 10 * dayMs });
    expect(report).toMatchObject({ failures: 1 });
    expect(errors).toMatchObject([{ fields: { what: "audit_log" } }]);
    expect(await left("action", "audit_log where action in ('young', 'older')")).toEqual(["older", "young"]);
  });
});

describe("evidence", () => {
  type Owner = Awaited<ReturnType<typeof makeService>>;
  const storm = ({ service, policy }: Owner, days: number) =>
    idOf(
      `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
     values ($1, $2, 1, 'http_availability', 'ended', $3, $3, $3::timestamptz + interval '10 minutes', 'recovered', 1.5)`,
      [service, policy, ago(days)],
    );
  const records = async ({ service }: Owner, stormId: number, days: number, ...kinds: readonly string[]): Promise<void> => {
    for (const kind of kinds)
      await database.sql("insert into evidence (service_id, storm_id, kind, body, created_at) values ($1, $2, $3, '{}', $4)", [
        service,
        stormId,
        kind,
        ago(days),
      ]);
  };
  const seqs = ({ service }: Owner) => left("seq::int", `evidence where service_id = ${service}`);
  const windowOf = ({ service }: Owner, days: number) =>
    idOf(
      "insert into usage_snapshots (service_id, window_start, window_end) values ($1, date_trunc('hour', $2::timestamptz), date_trunc('hour', $2::timestamptz) + interval '1 hour')",
      [service, ago(days)],
    );
  const bill = (stormId: number, snapshot: number) =>
    database.sql(
      `with c as (update customers set next_invoice_number = next_invoice_number + 1 where id = $1 returning next_invoice_number - 1 as number),
       i as (
         insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
         select $1, number, 'epoch', 'tomorrow', 1, 0, 1, now() from c returning id
       ), l as (
         insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes, rate_cents_per_gb,
           discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
         select i.id, s.id, s.service_id, s.window_start, s.window_end, 0, 0, 12, 0.5, 0, 1, 1, 0 from i, usage_snapshots s where s.id = $3 returning id, invoice_id
       ), t as (update usage_snapshots u set invoice_id = l.invoice_id from l where u.id = $3)
       insert into invoice_line_storms (line_id, storm_id, from_at, to_at, max_coverage_factor) select id, $2, now(), now() + interval '1 minute', 1 from l`,
      [ids.customer, stormId, snapshot],
    );
  const bundle = async (stormId: number, afterSeq?: number) =>
    await createEvidenceStore(database.db, { clock: systemClock, currency: "USD" }).bundle(ids.customer, stormId, afterSeq);
  const verdict = async (stormId: number) => {
    const page = await bundle(stormId);
    return verifyBundle(new TextEncoder().encode(page !== null && "bundle" in page ? page.bundle : "none"));
  };

  it("of storms on no invoice goes after 400 days, from the beginning of its chain; the chain says where it was cut", async () => {
    const owner = await makeService("beginning");
    const [first, second, third] = [await storm(owner, 410), await storm(owner, 405), await storm(owner, 399)];
    await records(owner, first, 410, "begin", "end");
    await records(owner, second, 405, "begin", "switch", "end");
    await records(owner, third, 399, "begin", "end");
    const hashes = await left("hash", `evidence where service_id = ${owner.service} and seq = 5`);
    expect((await run()).report).toMatchObject({ evidence: 5, failures: 0 });
    expect(await seqs(owner)).toEqual([6, 7]);
    expect(await bundle(second)).toEqual({ pruned: { seq: 5, hash: hashes[0] } });
    expect(await bundle(second, 4), "also for who reads it page by page").toEqual({ pruned: { seq: 5, hash: hashes[0] } });
    expect(await bundle(third, 7), "behind the last record").toMatchObject({ bundle: "[]", nextAfterSeq: null });
    expect(await verdict(third)).toMatchObject({ ok: true, stormId: third, ended: true, follows: { seq: 5, hash: hashes[0] } });
    // The chain goes on where it stood, also where all of it has gone.
    await database.sql(
      "update storm_events set started_at = started_at - interval '30 days', ended_at = ended_at - interval '30 days' where id = $1",
      [third],
    );
    await database.sql("alter table evidence disable trigger evidence_append_only");
    await database.sql("update evidence set created_at = created_at - interval '30 days' where service_id = $1", [owner.service]);
    await database.sql("alter table evidence enable trigger evidence_append_only");
    expect((await run()).report).toMatchObject({ evidence: 2 });
    const fourth = await storm(owner, 1);
    await records(owner, fourth, 1, "begin", "end");
    expect(await verdict(fourth)).toMatchObject({ ok: true, follows: { seq: 7 } });
  });

  it("of a storm on an invoice is kept, with all that came after it", async () => {
    const owner = await makeService("billed");
    const [before, billed, after] = [await storm(owner, 900), await storm(owner, 800), await storm(owner, 700)];
    for (const [id, days] of [
      [before, 900],
      [billed, 800],
      [after, 700],
    ] as const)
      await records(owner, id, days, "begin", "end");
    await bill(billed, await windowOf(owner, 800));
    expect((await run()).report).toMatchObject({ evidence: 2 });
    expect(await seqs(owner)).toEqual([3, 4, 5, 6]);
    await expect(database.sql("delete from evidence where storm_id = $1", [billed])).rejects.toMatchObject(refused);
    await expect(database.sql("delete from evidence where storm_id = $1", [after]), "from the middle of a chain").rejects.toMatchObject(
      refused,
    );
  });

  it("of a storm in a window that is still to be billed is kept", async () => {
    const owner = await makeService("unbilled");
    const only = await storm(owner, 500);
    await records(owner, only, 500, "begin", "end");
    const snapshot = await windowOf(owner, 500);
    expect((await run()).report).toMatchObject({ evidence: 0 });
    await database.sql("delete from usage_snapshots where id = $1", [snapshot]);
    await database.sql("insert into adjustment_causes (service_id, cause, from_at, to_at) values ($1, 'usage', $2, 'infinity')", [
      owner.service,
      ago(501),
    ]);
    expect((await run()).report, "to be billed anew").toMatchObject({ evidence: 0 });
    await database.sql("delete from adjustment_causes where service_id = $1", [owner.service]);
    expect((await run()).report).toMatchObject({ evidence: 2 });
  });

  it("is cut where no storm reaches over", async () => {
    const owner = await makeService("entangled");
    const [a, b, c] = [await storm(owner, 600), await storm(owner, 599), await storm(owner, 10)];
    await records(owner, a, 600, "begin", "end");
    await records(owner, b, 599, "begin");
    await records(owner, c, 10, "begin");
    await records(owner, b, 599, "observed", "end");
    await records(owner, c, 10, "end");
    expect((await run()).report).toMatchObject({ evidence: 2 });
    expect(await seqs(owner)).toEqual([3, 4, 5, 6, 7]);
    await expect(
      database.sql("delete from evidence where service_id = $1 and seq = 3", [owner.service]),
      "half a storm",
    ).rejects.toMatchObject(refused);
  });

  it("of a long storm waits for another that began far behind in its chain, and keeps no other chain from being shortened", async () => {
    const [owner, neighbour] = [await makeService("long"), await makeService("neighbour")];
    const many = (stormId: number, count: number) =>
      database.sql(
        "insert into evidence (service_id, storm_id, kind, body, created_at) select $1, $2, 'relapse', '{}', $3 from generate_series(1, $4)",
        [owner.service, stormId, ago(600), count],
      );
    const [a, b, c] = [await storm(owner, 600), await storm(owner, 599), await storm(neighbour, 600)];
    await records(owner, a, 600, "begin");
    await many(a, 250);
    await records(owner, b, 10, "begin");
    await records(owner, a, 600, "end");
    await records(owner, b, 10, "end");
    await records(neighbour, c, 600, "begin", "end");
    expect((await run()).report).toMatchObject({ evidence: 2, failures: 0 });
    expect(await seqs(neighbour)).toEqual([]);
    expect((await seqs(owner)).length).toBe(254);
  });

  it("refuses to lose what is younger than a year, or of a storm that is on", async () => {
    const owner = await makeService("young");
    const young = await storm(owner, 364);
    await records(owner, young, 500, "begin", "end");
    await expect(database.sql("delete from evidence where storm_id = $1", [young]), "the storm").rejects.toMatchObject(refused);
    const other = await makeService("late");
    const old = await storm(other, 500);
    await records(other, old, 364, "begin", "end");
    await expect(database.sql("delete from evidence where storm_id = $1", [old]), "the record").rejects.toMatchObject(refused);
    await database.sql("update storm_events set state = 'storm', ended_at = null, ended_reason = null where id = $1", [young]);
    await expect(database.sql("delete from evidence where storm_id = $1", [young]), "on").rejects.toMatchObject(refused);
    await expect(database.sql("truncate evidence")).rejects.toMatchObject(refused);
  });

  it("of a chain that somebody writes to waits for another run", async () => {
    const owner = await makeService("busy");
    const only = await storm(owner, 500);
    await records(owner, only, 500, "begin", "end");
    const writer = new pg.Client(database.url);
    await writer.connect();
    await writer.query("begin");
    await writer.query("select from evidence_chains where service_id = $1 for update", [owner.service]);
    expect((await run()).report).toMatchObject({ evidence: 0, failures: 0 });
    await writer.query("rollback");
    await writer.end();
    expect((await run()).report).toMatchObject({ evidence: 2 });
  });
});

describe("takeovers", () => {
  it("are kept for 400 days, the newest for ever, and are counted all the same", async () => {
    const counted = async () => (await createMetricsStore(database.db).read()).takeovers;
    await database.sql(
      `insert into leases (name, holder, provider, acquired_at, expires_at) values ('shard:0', 'x', 'local', now(), now())`,
    );
    for (const provider of ["vercel", "cloudflare", "vercel", "cloudflare"])
      await database.sql("update leases set provider = $1, epoch = epoch + 1 where name = 'shard:0'", [provider]);
    await database.sql("alter table takeovers disable trigger takeovers_append_only");
    await database.sql("update takeovers set at = $1::timestamptz + seq * interval '1 hour'", [ago(401)]);
    await database.sql("alter table takeovers enable trigger takeovers_append_only");
    const before = await counted();
    expect(before.reduce((sum, { count }) => sum + count, 0)).toBe(4);
    await expect(database.sql("delete from takeovers where seq = 2"), "from the middle").rejects.toMatchObject(refused);
    await expect(database.sql("delete from takeovers"), "all of them").rejects.toMatchObject(refused);
    expect((await run()).report).toMatchObject({ takeovers: 3 });
    expect(await left("seq::int", "takeovers")).toEqual([4]);
    expect(await counted()).toEqual(before);
    await database.sql("update leases set provider = 'vercel', epoch = epoch + 1 where name = 'shard:0'");
    const [last] = await database.sql<{ seq: string; linked: boolean }>(
      "select t.seq, t.previous_hash = (select hash from takeovers where seq = 4) as linked from takeovers t order by seq desc limit 1",
    );
    expect(last).toEqual({ seq: "5", linked: true });
    await expect(database.sql("delete from takeovers where seq = 5")).rejects.toMatchObject(refused);
  });
});

describe("what steering leaves behind", () => {
  it("switches: those whose outcome is known and of which a later one was made, after 400 days", async () => {
    const change = (result: string, at: Date) =>
      database.sql(
        `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at)
       values ($1, $2, 100, 0, 0, 100, 'storm', 'tranche', 1, $3, $4)`,
        [ids.service, ids.domain, result, at],
      );
    for (const [result, at] of [
      ["insync", ago(500)],
      ["failed", ago(499)],
      ["intent", ago(498)],
      ["accepted", ago(497)],
      ["superseded", ago(400, -1)],
      ["unconfirmed", ago(450)],
      ["failed", ago(400, 60_000)],
    ] as const)
      await change(result, at);
    expect((await run()).report).toMatchObject({ routing_changes: 3, failures: 0 });
    expect(await left("result", "routing_changes")).toEqual(["accepted", "failed", "intent", "unconfirmed"]);
  });

  it("drifts, after 400 days; their sum is kept", async () => {
    await database.sql(
      `insert into routing_drifts (service_id, domain_id, record_type, previous_primary, previous_backup, found_primary, found_backup, epoch, found_at)
       select $1, $2, 'CNAME', 100, 0, 50, 50, i, t from unnest($3::timestamptz[]) with ordinality x(t, i)`,
      [ids.service, ids.domain, [ago(400, -1), ago(400, 60_000)]],
    );
    expect((await run()).report).toMatchObject({ routing_drifts: 1 });
    expect(await left("epoch::int", "routing_drifts")).toEqual([2]);
  });
});

describe("what people were told", () => {
  const channel = (name: string) =>
    idOf(
      "insert into channels (customer_id, name, kind, settings, sealed_secret, confirmed_at) values ($1, $2, 'slack', '{}', '', now())",
      [ids.customer, name],
    );
  const notification = (days: number, expanded = true) =>
    idOf(
      "insert into notifications (customer_id, kind, subject, facts, occurred_at, expanded_at) values ($1, 'override.set', 'x', '{}', $2, $3)",
      [ids.customer, ago(days), expanded ? ago(days) : null],
    );
  type Told = {
    readonly thread?: string;
    readonly seq?: number;
    readonly action?: string;
    readonly state?: string;
    readonly incident?: number | null;
  };
  const message = async (
    on: number,
    of: number,
    days: number,
    { thread = `t${of}`, seq = 1, action = "event", state = "sent", incident = null }: Told = {},
  ) => {
    await database.sql(
      `insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, incident_id, state, next_at, ended_at)
       values ($1, $2, $3, $4, 'override.set', 'info', $5, $5, $6, $7, $8, $9)`,
      [on, thread, seq, action, of, incident, state, ago(days), state === "pending" ? null : ago(days)],
    );
  };
  const incident = async (days: number, ended = true) => {
    const id = await idOf(
      "insert into incidents (customer_id, cdn, kind, started_at, last_edge_at, ended_at) values ($1, 'cdn-' || random(), 'storm', $2, $2, $3)",
      [ids.customer, ago(days), ended ? ago(days) : null],
    );
    await database.sql("insert into incident_services (incident_id, service_id, joined_at) values ($1, $2, $3)", [
      id,
      ids.service,
      ago(days),
    ]);
    return id;
  };
  const clear = () => database.sql("truncate deliveries, notifications, incident_services, incidents, channels restart identity");

  it("goes 90 days after it was sent or given up, with what it told of; of what is younger nothing", async () => {
    await clear();
    const on = await channel("a");
    for (const [days, state] of [
      [91, "sent"],
      [91, "dead"],
      [91, "folded"],
      [91, "dropped"],
      [89, "sent"],
    ] as const)
      await message(on, await notification(days), days, { state });
    await message(on, await notification(95), 89);
    expect((await run()).report).toMatchObject({ deliveries: 4, notifications: 4, failures: 0 });
    expect(await left("id::int", "notifications")).toEqual([5, 6]);
    expect(await left("name", "channels")).toEqual(["a"]);
  });

  it("stays where its messages are not decided, or one waits", async () => {
    await clear();
    const on = await channel("a");
    await notification(200, false);
    expect((await run()).report).toMatchObject({ notifications: 0 });
    const [waits] = [await notification(200), await notification(199)];
    await message(on, waits, 200, { state: "pending" });
    expect((await run()).report).toMatchObject({ deliveries: 0, notifications: 0 });
    await database.sql("update deliveries set state = 'sent', ended_at = now()");
    expect((await run()).report, "behind it").toMatchObject({ deliveries: 0, notifications: 1 });
    expect(await left("id::int", "notifications")).toEqual([1, 2]);
  });

  it("of what is still open stays what opened it, until that is closed or its channel is gone", async () => {
    await clear();
    const on = await channel("a");
    const set = await notification(300);
    await message(on, set, 300, { thread: "t", action: "trigger" });
    await message(on, set, 299, { thread: "t", seq: 2, action: "update" });
    await message(on, set, 299, { thread: "t", seq: 3, action: "resolve", state: "folded" });
    expect((await run()).report).toMatchObject({ deliveries: 2, notifications: 0 });
    expect(await left("action", "deliveries")).toEqual(["trigger"]);
    await message(on, set, 1, { thread: "t", seq: 4, action: "resolve" });
    expect((await run()).report).toMatchObject({ deliveries: 1, notifications: 0 });
    const other = await channel("b");
    await message(other, set, 300, { thread: "t", action: "trigger" });
    await database.sql("update channels set deleted_at = now() where id = $1", [other]);
    expect((await run()).report).toMatchObject({ deliveries: 1 });
    expect(await left("action", "deliveries")).toEqual(["resolve"]);
  });

  it("incidents go once they have ended and none of their messages is left", async () => {
    await clear();
    const on = await channel("a");
    const [over, told] = [await incident(91), await incident(91)];
    await incident(89);
    await incident(400, false);
    await message(on, await notification(10), 10, { incident: told });
    await message(on, await notification(91), 91, { incident: over });
    expect((await run()).report).toMatchObject({ deliveries: 1, incident_services: 1, incidents: 1, failures: 0 });
    expect(await left("id::int", "incidents")).toEqual([2, 3, 4]);
    expect(await left("incident_id::int", "incident_services")).toEqual([2, 3, 4]);
  });
});

describe("the cost watch", () => {
  const series = async (kind: string) =>
    await idOf("insert into cost_series (customer_id, kind, resource_type, unit, memory) values ($1, $2, 't', 'cents', '{}')", [
      ids.customer,
      kind,
    ]);

  it("keeps an event for as long as is set, after it happened and after it came", async () => {
    await database.sql(
      `insert into cost_events (customer_id, event_id, account_id, resource_type, occurred_at, created_at)
       select $1, 'e' || i, 'a', 't', o, c from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality x(o, c, i)`,
      [ids.customer, [ago(90, -1), ago(90, -1), ago(89), ago(90, 60_000)], [ago(90, -1), ago(1), ago(90, -1), ago(90, 60_000)]],
    );
    expect((await run()).report).toMatchObject({ cost_events: 1, failures: 0 });
    expect(await left("event_id", "cost_events")).toEqual(["e2", "e3", "e4"]);
    expect((await run({ costEventRetentionMs: 2 * dayMs })).report).toMatchObject({ cost_events: 2 });
  });

  it("keeps a trend as long, what is resolved for 400 days, what can not be scored for 90, and what is open or queued for ever", async () => {
    const [first, second, third] = [await series("priced"), await series("calls"), await series("priced").catch(() => 0)];
    expect(third, "one series of a kind").toBe(0);
    await database.sql("insert into cost_hours (series_id, hour, value) select $1, t, 1 from unnest($2::timestamptz[]) t", [
      first,
      [ago(90, -1), ago(90, 60_000)],
    ]);
    await database.sql(
      `insert into cost_batches (customer_id, source, event_ids, state, created_at)
       select $1, 'push', '{}', s, t from unnest($2::text[], $3::timestamptz[]) x(s, t)`,
      [ids.customer, ["dead", "dead", "queued"], [ago(90, -1), ago(90, 60_000), ago(400)]],
    );
    await database.sql(
      `insert into cost_anomalies (customer_id, series_id, state, severity, score, explanation, figures, value, first_hour, last_hour, mode, created_at, resolved_at)
       select $1, s, case when r is null then 'open' else 'resolved' end, 'high', 60, 'x', '{}', 1, 'epoch', 'epoch', 'shadow', 'epoch', r
       from unnest($2::bigint[], $3::timestamptz[]) x(s, r)`,
      [ids.customer, [first, first, second], [ago(400, -1), ago(400, 60_000), null]],
    );
    await database.sql(
      `insert into zombies (customer_id, rule, resource, severity, state, first_seen, last_seen, last_activity, reason, remedy, remediated_at)
       select $1, 'x', 'z' || i, 'warning', case when r is null then 'open' else 'remediated' end, 'epoch', 'epoch', 'epoch', 'x', 'x', r
       from unnest($2::timestamptz[]) with ordinality x(r, i)`,
      [ids.customer, [ago(400, -1), ago(400, 60_000), null]],
    );
    await database.sql(
      `insert into breakers (name, kind, failures, in_a_row, last_error, updated_at)
       select 'cdn:' || i, 'cdn', '{}', 1, 'answered 503', t from unnest($1::timestamptz[]) with ordinality x(t, i)`,
      [[ago(7, -1), ago(7, 60_000)]],
    );
    expect((await run()).report).toMatchObject({
      cost_hours: 1,
      cost_batches: 1,
      cost_anomalies: 1,
      zombies: 1,
      breakers: 1,
      failures: 0,
    });
    expect(await left("name", "breakers")).toEqual(["cdn:2"]);
    expect(await left("state", "cost_batches")).toEqual(["dead", "queued"]);
    expect(await left("state", "cost_anomalies")).toEqual(["open", "resolved"]);
    expect(await left("resource", "zombies")).toEqual(["z2", "z3"]);
  });
});

describe("the rest", () => {
  it("findings 400 days after they were cleared, vantages 35 days after they were heard, links 400 days after they expired, leases of checks after a day", async () => {
    await database.sql(
      `insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at, cleared_at)
       select $1, 'line_bytes', 'usage_snapshot', i, '', '', $2, $2, t from unnest($3::timestamptz[]) with ordinality x(t, i)`,
      [ids.customer, ago(900), [ago(400, -1), ago(400, 60_000), null]],
    );
    await database.sql(
      "insert into vantages (name, last_heard_at) select 'v' || i, t from unnest($1::timestamptz[]) with ordinality x(t, i)",
      [[ago(35, -1), ago(35, 60_000)]],
    );
    const [invoice] = await database.sql<{ id: string }>("select id from invoices limit 1");
    await database.sql(
      "insert into invoice_links (invoice_id, customer_id, created_by, created_at, expires_at) select $1, $2, 'l' || i, 'epoch', t from unnest($3::timestamptz[]) with ordinality x(t, i)",
      [invoice?.id, ids.customer, [ago(400, -1), ago(400, 60_000)]],
    );
    await database.sql(
      `insert into account_links (kind, link_hash, customer_id, address, role, created_by, created_at, expires_at)
       select 'invitation', repeat(i::text, 64), $1, i || '@example.test', 'viewer', 'l' || i, 'epoch', t from unnest($2::timestamptz[]) with ordinality x(t, i)`,
      [ids.customer, [ago(30, -1), ago(30, 60_000)]],
    );
    await database.sql(
      `with a as (insert into accounts (customer_id, address, role, password_hash, created_by) values ($1, 'a@example.test', 'viewer', '$scrypt$x', 'x') returning id)
       insert into account_sessions (account_id, session_hash, client, created_at, expires_at)
       select a.id, repeat(i::text, 64), 's' || i, 'epoch', t from a, unnest($2::timestamptz[]) with ordinality x(t, i)`,
      [ids.customer, [ago(1, -1), ago(1, 60_000)]],
    );
    await database.sql(
      "insert into account_attempts (key_hash, window_start, count) select repeat(i::text, 64), t, i from unnest($1::timestamptz[]) with ordinality x(t, i)",
      [[ago(1, -1), ago(1, 60_000)]],
    );
    await database.sql(
      "insert into leases (name, holder, provider, acquired_at, expires_at) select 'readiness:' || i, 'x', 'local', t, t from unnest($1::timestamptz[]) with ordinality x(t, i)",
      [[ago(1, -1), ago(1, 60_000)]],
    );
    await database.sql("insert into leases (name, holder, provider, acquired_at, expires_at) values ('job:rare', 'x', 'local', $1, $1)", [
      ago(300),
    ]);
    expect((await run()).report).toMatchObject({ reconciliation_findings: 1, vantages: 1, invoice_links: 1, leases: 1, failures: 0 });
    expect(await left("object_id::int", "reconciliation_findings where rule = 'line_bytes'")).toEqual([2, 3]);
    expect(await left("name", "vantages")).toEqual(["v2"]);
    expect(await left("created_by", "invoice_links")).toEqual(["l2"]);
    expect(await left("created_by", "account_links")).toEqual(["l2"]);
    expect(await left("client", "account_sessions")).toEqual(["s2"]);
    expect(await left("count", "account_attempts")).toEqual([2]);
    expect(await left("name", "leases where name like 'readiness:%' or name = 'job:rare'")).toEqual(["job:rare", "readiness:2"]);
  });

  it("no longer than there is time, and the next run goes on", async () => {
    let calls = 0;
    const clock = { nowMs: () => nowMs + (calls += 1) * 60_000, sleep: async () => undefined };
    await database.sql(
      "insert into idempotency_keys (customer_id, method, path, key, body_hash, status, created_at) select $1, 'POST', '/', i, 'hash', 201, 'epoch' from generate_series(1, 5) i",
      [ids.customer],
    );
    const slow = {
      ...createPruneStore(database.db),
      idempotencyKeys: (under: Fence, beforeMs: number) => createPruneStore(database.db).idempotencyKeys(under, beforeMs, 1),
    };
    const { report } = await run({ clock: { ...clock, nowMs: () => clock.nowMs() + (calls > 3 ? 20 * 60_000 : 0) }, pruning: slow });
    expect(report).toMatchObject({ unfinished: expect.any(Number) });
    expect(Number(report["unfinished"])).toBeGreaterThan(0);
    expect((await run()).report).toMatchObject({ unfinished: 0 });
    expect(await left("key", "idempotency_keys")).toEqual([]);
  });
});

describe("the table of retentions", () => {
  it("has every table of the database, and no other", async () => {
    const tables = await left("tablename", "pg_tables where schemaname = 'public'");
    expect(Object.keys(retention).toSorted()).toEqual(tables.map(String).toSorted());
  });

  it("is what docs/retention.md says", async () => {
    const text = await readFile(new URL("../../../docs/retention.md", import.meta.url), "utf8");
    const rows = text
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split("|").map((cell) => cell.trim()));
    const said = new Map(
      rows.flatMap(([, tables = "", kept = ""]) => [...tables.matchAll(/`([a-z_]+)`/g)].map(([, table = ""]) => [table, kept] as const)),
    );
    expect([...said.keys()].toSorted()).toEqual(Object.keys(retention).toSorted());
    for (const [table, rule] of Object.entries<Retention>(retention)) {
      const time = "setting" in rule ? `\`${rule.setting}\`` : "days" in rule ? (rule.days === 1 ? "a day" : `${rule.days} days`) : null;
      if (time === null) expect(said.get(table), `${table} has no time`).not.toMatch(/\d (days|h)\b/);
      else expect(said.get(table), table).toContain(time);
    }
  });

  it("is what the job goes by: it has a count of every table that has a time", async () => {
    const timed = Object.entries<Retention>(retention)
      .filter(([, rule]) => "days" in rule || "setting" in rule)
      .map(([table]) => table);
    expect(Object.keys((await run()).report).toSorted()).toEqual([...timed, "failures", "unfinished"].toSorted());
  });
});
