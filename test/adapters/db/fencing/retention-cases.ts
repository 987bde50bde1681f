import { createPruneStore } from "../../../../src/adapters/db/coordination/prune.ts";
import { createRetentionStore } from "../../../../src/adapters/db/coordination/retention.ts";
import { createRollupStore } from "../../../../src/adapters/db/detection/rollups.ts";
import type { Fence } from "../../../../src/adapters/ports/coordination/lease.ts";
import type { RetentionStore } from "../../../../src/adapters/ports/coordination/retention.ts";
import type { FencedWrite, World } from "./cases.ts";
import { hourMs, nowMs } from "./tenant.ts";

const long = new Date("2024-01-01T00:00:00Z");
const beforeMs = Date.parse("2025-01-01T00:00:00Z");
const hourStartMs = Math.floor(nowMs / hourMs) * hourMs;

const retention = (
  method: keyof RetentionStore,
  what: string,
  writes: readonly string[],
  prepare: (world: World) => Promise<unknown>,
  refused: unknown = 0,
  call = (store: RetentionStore, fence: Fence): Promise<unknown> => (store[method] as RetentionStore["auditLog"])(fence, beforeMs, 100),
): FencedWrite => ({
  method: `retention.${method}`,
  what,
  writes,
  refused,
  prepare: async (world) => {
    await prepare(world);
    return (fence) => call(createRetentionStore(world.db), fence);
  },
});

/** A message of an incident that is long over, all by itself. */
const tellLongAgo = ({ sql, tenant }: World): Promise<unknown> =>
  sql(
    `with c as (
     insert into channels (customer_id, name, kind, settings, sealed_secret) values ($1, $2, 'slack', '{}', '') returning id
   ), n as (
     insert into notifications (customer_id, kind, subject, facts, occurred_at, expanded_at) values ($1, 'storm.ended', 'x', '{}', $3, $3) returning id
   ), i as (
     insert into incidents (customer_id, cdn, kind, started_at, last_edge_at, ended_at) values ($1, 'cdn-a', 'storm', $3, $3, $3) returning id
   ), s as (
     insert into incident_services (incident_id, service_id, joined_at) select id, $4, $3 from i
   )
   insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, incident_id, state, next_at, ended_at)
   select c.id, 't', 1, 'resolve', 'storm.ended', 'info', n.id, n.id, i.id, 'sent', $3, $3 from c, n, i`,
    [tenant.customer, tenant.name, long, tenant.service],
  );

/** What is folded and what is deleted for its age. */
export const retained: readonly FencedWrite[] = [
  {
    method: "rollups.fold",
    what: "the minutes of an hour",
    writes: ["probe_minutes_folded"],
    refused: null,
    prepare: async ({ db, tenant }) => {
      await tenant.rollup("minute", nowMs - hourStartMs);
      return (fence) => createRollupStore(db).fold(fence, hourStartMs, tenant.domain - 1, 1);
    },
  },
  {
    method: "rollups.markFolded",
    what: "how far minutes are folded",
    writes: ["rollup_marks"],
    refused: false,
    prepare: async ({ db, sql }) => {
      await sql("delete from rollup_marks");
      return (fence) => createRollupStore(db).markFolded(fence, hourStartMs - 1_000 * hourMs);
    },
  },
  {
    method: "pruning.foldedMinutes",
    what: "folded minutes",
    writes: ["probe_minutes_folded"],
    refused: 0,
    prepare: async ({ db, sql, tenant }) => {
      await sql(
        `insert into probe_minutes_folded (domain_id, path, vantage, start_at, samples, counts, places)
         values ($1, 'primary', 'vercel', $2, 60, array_fill(1, array[60]), array_fill(40, array[60]))`,
        [tenant.domain, long],
      );
      return (fence) => createPruneStore(db).foldedMinutes(fence, beforeMs, 100);
    },
  },
  retention("auditLog", "old entries of the audit log", ["audit_log"], async ({ sql, tenant }) => {
    await sql("insert into audit_log (customer_id, actor, action, object_type, at) values ($1, 'x', 'create', 'service', $2)", [
      tenant.customer,
      long,
    ]);
    // Only the first rows are looked at.
    await sql("alter table audit_log disable trigger audit_log_append_only");
    await sql("update audit_log set at = $1", [long]);
    await sql("alter table audit_log enable trigger audit_log_append_only");
  }),
  retention("routingChanges", "old switches", ["routing_changes"], async ({ sql, tenant }) => {
    await tenant.change("failed");
    await sql("update routing_changes set intended_at = $1", [long]);
  }),
  retention(
    "serviceStates",
    "what visitors got long ago",
    ["service_states"],
    async ({ sql, tenant }) =>
      void (await sql(
        "insert into service_states (service_id, started_at, ended_at, state, serving) values ($1, $2, $2, 'up', 'primary')",
        [tenant.service, long],
      )),
  ),
  retention(
    "sloAlerts",
    "old alerts",
    ["slo_alerts"],
    async ({ sql, tenant }) =>
      void (await sql(
        `with o as (insert into slo_objectives (service_id, name) values ($1, 'old') returning id)
         insert into slo_alerts (objective_id, service_id, kind, fired_at, fired, resolved_at, resolved) select id, $1, '1h', $2, '{}', $2, '{}' from o`,
        [tenant.service, long],
      )),
  ),
  retention(
    "costEvents",
    "old events of cost",
    ["cost_events"],
    async ({ sql, tenant }) =>
      void (await sql(
        `insert into cost_events (customer_id, event_id, account_id, resource_type, occurred_at, created_at)
         values ($1, 'old', 'a', 't', $2, $2)`,
        [tenant.customer, long],
      )),
  ),
  retention(
    "costHours",
    "old hours of a series",
    ["cost_hours"],
    async ({ sql, tenant }) =>
      void (await sql(
        `with s as (insert into cost_series (customer_id, kind, resource_type, unit, memory) values ($1, 'priced', 't', 'cents', '{}') returning id)
         insert into cost_hours (series_id, hour, value) select id, $2, 1 from s`,
        [tenant.customer, long],
      )),
  ),
  retention(
    "deadBatches",
    "batches that are not tried any more",
    ["cost_batches"],
    async ({ sql, tenant }) =>
      void (await sql(
        "insert into cost_batches (customer_id, source, event_ids, state, created_at) values ($1, 'push', '{}', 'dead', $2)",
        [tenant.customer, long],
      )),
  ),
  retention(
    "costAnomalies",
    "anomalies that were resolved",
    ["cost_anomalies"],
    async ({ sql, tenant }) =>
      void (await sql(
        `with s as (insert into cost_series (customer_id, kind, resource_type, unit, memory) values ($1, 'calls', 't', 'calls', '{}') returning id)
         insert into cost_anomalies (customer_id, series_id, state, severity, score, explanation, figures, value, first_hour, last_hour, mode, resolved_at)
         select $1, id, 'resolved', 'high', 60, 'x', '{}', 1, $2, $2, 'shadow', $2 from s`,
        [tenant.customer, long],
      )),
  ),
  retention(
    "zombies",
    "what idled, and was remediated",
    ["zombies"],
    async ({ sql, tenant }) =>
      void (await sql(
        `insert into zombies (customer_id, rule, resource, severity, state, first_seen, last_seen, last_activity, reason, remedy, remediated_at)
         values ($1, 'x', 'x', 'warning', 'remediated', $2, $2, $2, 'x', 'x', $2)`,
        [tenant.customer, long],
      )),
  ),
  retention(
    "breakers",
    "what failed, and was not called any more",
    ["breakers"],
    async ({ sql }) =>
      void (await sql(
        `insert into breakers (name, kind, failures, in_a_row, last_error, updated_at) values ('archive', 'archive', array[$1::timestamptz], 1, 'x', $1)`,
        [long],
      )),
  ),
  retention(
    "routingDrifts",
    "old drifts",
    ["routing_drifts"],
    async ({ sql, tenant }) =>
      void (await sql(
        `insert into routing_drifts (service_id, domain_id, record_type, previous_primary, previous_backup, found_primary, found_backup, epoch, found_at)
     values ($1, $2, 'CNAME', 100, 0, 50, 50, 1, $3)`,
        [tenant.service, tenant.domain, long],
      )),
  ),
  retention(
    "evidence",
    "old evidence of a storm on no invoice",
    ["evidence", "evidence_chains"],
    async ({ sql, tenant }) => {
      const storm = await tenant.storm();
      await sql("update storm_events set state = 'ended', started_at = $2, ended_at = $2, ended_reason = 'recovered' where id = $1", [
        storm,
        long,
      ]);
      await sql("delete from adjustment_causes where service_id = $1", [tenant.service]);
      await sql("insert into evidence (service_id, storm_id, kind, body, created_at) values ($1, $2, 'begin', '{}', $3)", [
        tenant.service,
        storm,
        long,
      ]);
    },
    { rows: 0, lastServiceId: null },
    (store, fence) => store.evidence(fence, beforeMs, 0, 1_000),
  ),
  retention(
    "takeovers",
    "old takeovers",
    ["counters", "takeovers"],
    async ({ sql }) =>
      void (await sql(
        `insert into takeovers (seq, kind, lease, from_provider, to_provider, epoch, lapsed, unheld_ms, at, previous_hash, hash)
     select n + i, 'takeover', 'shard:0', 'cloudflare', 'vercel', i, true, 1, $1, case when n + i > 1 then 'x' end, 'y'
     from (select coalesce(max(seq), 0) as n from takeovers) t, generate_series(1, 2) i`,
        [long],
      )),
  ),
  retention(
    "findings",
    "differences that were cleared",
    ["reconciliation_findings"],
    async ({ sql, tenant }) =>
      void (await sql(
        `insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at, cleared_at)
     values ($1, 'invoice_numbers', 'customer', $1, '', '', $2, $2, $2)`,
        [tenant.customer, long],
      )),
  ),
  retention(
    "vantages",
    "vantages that are heard no more",
    ["vantages"],
    async ({ sql, tenant }) => void (await sql("insert into vantages (name, last_heard_at) values ($1, $2)", [tenant.name, long])),
  ),
  retention(
    "checkLeases",
    "leases of readiness checks",
    ["leases"],
    async ({ sql, tenant }) =>
      void (await sql("insert into leases (name, holder, provider, acquired_at, expires_at) values ($1, 'x', 'local', $2, $2)", [
        `readiness:${tenant.service}`,
        long,
      ])),
  ),
  retention(
    "accountLinks",
    "links to accounts that have expired",
    ["account_links"],
    async ({ sql, tenant }) =>
      void (await sql(
        `insert into account_links (kind, link_hash, customer_id, address, role, created_by, created_at, expires_at)
       values ('invitation', repeat('a', 64), $1, 'a@x.test', 'viewer', 'x', 'epoch', $2)`,
        [tenant.customer, long],
      )),
  ),
  retention(
    "accountSessions",
    "sessions of accounts that are over",
    ["account_sessions"],
    async ({ sql, tenant }) =>
      void (await sql(
        `with a as (
       insert into accounts (customer_id, address, role, password_hash, created_by) values ($1, gen_random_uuid() || '@x.test', 'viewer', '$scrypt$x', 'x') returning id
     )
     insert into account_sessions (account_id, session_hash, client, created_at, expires_at) select id, repeat('a', 64), '', 'epoch', $2 from a`,
        [tenant.customer, long],
      )),
  ),
  retention(
    "accountAttempts",
    "attempts that count no longer",
    ["account_attempts"],
    async ({ sql }) =>
      void (await sql("insert into account_attempts (key_hash, window_start, count) values (repeat('a', 64), $1, 1)", [long])),
  ),
  retention(
    "invoiceLinks",
    "links that have expired",
    ["invoice_links"],
    async ({ sql, tenant }) =>
      void (await sql(
        `with i as (
       insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
       values ($1, 1, 'epoch', 'tomorrow', 1, 0, 1, now()) returning id
     ), s as (insert into usage_snapshots (service_id, window_start, window_end) values ($2, 'epoch', 'tomorrow') returning id, service_id
     ), l as (
       insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes, rate_cents_per_gb,
         discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
       select i.id, s.id, s.service_id, 'epoch', 'tomorrow', 0, 0, 12, 0.5, 0, 1, 1, 0 from i, s
     )
     insert into invoice_links (invoice_id, customer_id, created_by, created_at, expires_at) select id, $1, 'x', 'epoch', $3 from i`,
        [tenant.customer, tenant.service, long],
      )),
  ),
  retention("deliveries", "old messages", ["deliveries"], tellLongAgo),
  retention("notifications", "changes whose messages are gone", ["notifications"], async (world) => {
    await tellLongAgo(world);
    await world.sql("delete from deliveries");
  }),
  retention("incidentServices", "services of incidents whose messages are gone", ["incident_services"], async (world) => {
    await tellLongAgo(world);
    await world.sql("delete from deliveries");
  }),
  retention("incidents", "incidents whose messages are gone", ["incidents"], async (world) => {
    await tellLongAgo(world);
    await world.sql("delete from deliveries");
    await world.sql("delete from incident_services");
  }),
  retention(
    "probeTargets",
    "hosts that nobody names any more",
    ["probe_targets"],
    async ({ sql, tenant }) =>
      void (await sql("insert into probe_targets (host, addresses, checked_at) values ($1, 'public', $2)", [
        `${tenant.name}.cdn.net`,
        long,
      ])),
  ),
];
