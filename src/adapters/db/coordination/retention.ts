import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { PrunedPage, RetentionStore } from "../../ports/coordination/retention.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { deadBatches, oldEvents } from "./cost-retention.ts";
import { oldDeliveries, oldIncidents, oldIncidentServices, oldNotifications } from "./notify-retention.ts";

const at = (ms: number) => sql`${isoTime(ms)}::timestamptz`;

/** Drifts of one domain in a chunk: so that the first domains never take all of it. */
const perDomain = 500;

/** Records of one chain that are searched for storms to delete: a storm has a handful. */
const perChain = 200;

/** Deletes what a query finds (`row`: its address). Row addresses hold for one statement, so a chunk is one statement. */
const chunk = (fence: Fence, table: SQL, doomed: SQL): SQL => sql`
  with ${fenceCte(fence)}, doomed as (${doomed}), gone as (
    delete from ${table} where ctid = any(array(select row from doomed)) returning 1
  )
  select count(*) as rows from gone`;

/** The old ones among the first rows by key: rows are written in the order of time, so later ones need not be read. */
const first = (table: SQL, key: SQL, beforeMs: number, limit: number): SQL => sql`
  select row from (select ctid as row, at from ${table} where exists (select from fence) order by ${key} limit ${limit}::int) x
  where x.at < ${at(beforeMs)}`;

/** By an index on their time. */
const aged = (table: SQL, time: SQL, beforeMs: number, limit: number): SQL => sql`
  select ctid as row from ${table} where ${time} < ${at(beforeMs)} and exists (select from fence) order by ${time} limit ${limit}::int`;

/**
 * A domain's last switch that was made records what is live, and since when: it is kept, as are
 * those whose outcome is not known.
 */
const oldChanges = (beforeMs: number, limit: number): SQL => sql`
  select c.ctid as row from routing_changes c
  where c.intended_at < ${at(beforeMs)} and exists (select from fence) and c.result not in ('intent', 'accepted')
    and (c.result <> all (array['insync', 'unconfirmed']) or exists (
      select from routing_changes n
      where n.domain_id = c.domain_id and n.result in ('accepted', 'insync', 'unconfirmed') and n.intended_at >= c.intended_at
        and (n.intended_at, n.id) > (c.intended_at, c.id)))
  order by c.intended_at limit ${limit}::int`;

const oldDrifts = (beforeMs: number, limit: number): SQL => sql`
  select f.row from service_domains d cross join lateral (
    select ctid as row from routing_drifts where domain_id = d.id and found_at < ${at(beforeMs)}
    order by found_at limit ${sql.raw(String(perDomain))}
  ) f where exists (select from fence) limit ${limit}::int`;

/**
 * A chain is cut behind the last record of a storm, where no storm spans the cut and all before it may be deleted: those
 * that ended long ago, are on no invoice, and have no window that is still to be billed or adjusted. A storm that was
 * not among those read stays: it begins behind the records of a very long one.
 */
const evidence = (fence: Fence, beforeMs: number, afterServiceId: number, services: number): SQL => sql`
  with ${fenceCte(fence)}, page as materialized (
    select service_id, coalesce(pruned_seq, 0) + 1 as first from evidence_chains
    where service_id > ${afterServiceId} and exists (select from fence) order by service_id limit ${services}::int
  ), old as (
    select p.* from page p join evidence e on e.service_id = p.service_id and e.seq = p.first where e.created_at < ${at(beforeMs)}
  ), storms as materialized (
    select x.service_id, x.storm_id, x.first, y.last, y.newest < ${at(beforeMs)} and s.ended_at < ${at(beforeMs)}
        and not exists (select from invoice_line_storms l where l.storm_id = x.storm_id)
        and not exists (
          select from usage_snapshots u where u.service_id = x.service_id and u.invoice_id is null
            and u.window_start > s.started_at - interval '1 day' and u.window_start < s.ended_at and u.window_end > s.started_at)
        and not exists (
          select from adjustment_causes a where a.service_id = x.service_id and a.from_at < s.ended_at and a.to_at > s.started_at) as goes
    from (
      select o.service_id, e.storm_id, min(e.seq) as first
      from old o cross join lateral (
        select * from evidence e where e.service_id = o.service_id and e.seq >= o.first order by e.seq limit ${sql.raw(String(perChain))}
      ) e group by 1, 2
    ) x join storm_events s on s.id = x.storm_id
    cross join lateral (select max(e.seq) as last, max(e.created_at) as newest from evidence e where e.storm_id = x.storm_id) y
  ), cuts as (
    select c.service_id, max(c.last) as seq from storms c
    where not exists (
      select from storms k where k.service_id = c.service_id and k.first <= c.last and (not coalesce(k.goes, false) or k.last > c.last))
      and not exists (
        select from evidence e where e.service_id = c.service_id and e.seq between c.first and c.last
          and e.storm_id not in (select k.storm_id from storms k where k.service_id = c.service_id))
    group by 1
  ), free as (
    select service_id from evidence_chains where service_id in (select service_id from cuts) order by service_id for update skip locked
  ), gone as (
    delete from evidence e using cuts c join free using (service_id) where e.service_id = c.service_id and e.seq <= c.seq returning 1
  )
  select (select count(*) from gone) as rows, (select max(service_id) from page) as "lastServiceId"`;

export const createRetentionStore = (db: Database): RetentionStore => {
  const deleted = async (statement: SQL): Promise<number> => (await db.rows<{ rows: number }>(statement))[0]?.rows ?? 0;
  const of = (fence: Fence, table: string, doomed: SQL) => deleted(chunk(fence, sql.raw(table), doomed));
  return {
    auditLog: (fence, beforeMs, limit) => of(fence, "audit_log", first(sql`audit_log`, sql`id`, beforeMs, limit)),
    routingChanges: (fence, beforeMs, limit) => of(fence, "routing_changes", oldChanges(beforeMs, limit)),
    routingDrifts: (fence, beforeMs, limit) => of(fence, "routing_drifts", oldDrifts(beforeMs, limit)),
    evidence: async (fence, beforeMs, afterServiceId, services) => {
      const [page] = await db.rows<PrunedPage>(evidence(fence, beforeMs, afterServiceId, services));
      return page ?? { rows: 0, lastServiceId: null };
    },
    takeovers: (fence, beforeMs, limit) =>
      of(
        fence,
        "takeovers",
        sql`
      ${first(sql`takeovers`, sql`seq`, beforeMs, limit)} and x.row <> (select ctid from takeovers order by seq desc limit 1)`,
      ),
    findings: (fence, beforeMs, limit) =>
      of(fence, "reconciliation_findings", aged(sql`reconciliation_findings`, sql`cleared_at`, beforeMs, limit)),
    vantages: (fence, beforeMs, limit) => of(fence, "vantages", aged(sql`vantages`, sql`last_heard_at`, beforeMs, limit)),
    checkLeases: (fence, beforeMs, limit) =>
      of(
        fence,
        "leases",
        sql`
      select ctid as row from leases where name like 'readiness:%' and expires_at < ${at(beforeMs)} and exists (select from fence) limit ${limit}::int`,
      ),
    probeTargets: (fence, beforeMs, limit) => of(fence, "probe_targets", aged(sql`probe_targets`, sql`checked_at`, beforeMs, limit)),
    deliveries: (fence, beforeMs, limit) => of(fence, "deliveries", oldDeliveries(beforeMs, limit)),
    notifications: (fence, beforeMs, limit) => of(fence, "notifications", oldNotifications(beforeMs, limit)),
    incidentServices: (fence, beforeMs, limit) => of(fence, "incident_services", oldIncidentServices(beforeMs, limit)),
    incidents: (fence, beforeMs, limit) => of(fence, "incidents", oldIncidents(beforeMs, limit)),
    serviceStates: (fence, beforeMs, limit) => of(fence, "service_states", aged(sql`service_states`, sql`ended_at`, beforeMs, limit)),
    sloAlerts: (fence, beforeMs, limit) => of(fence, "slo_alerts", aged(sql`slo_alerts`, sql`resolved_at`, beforeMs, limit)),
    costEvents: (fence, beforeMs, limit) => of(fence, "cost_events", oldEvents(beforeMs, limit)),
    costHours: (fence, beforeMs, limit) => of(fence, "cost_hours", aged(sql`cost_hours`, sql`hour`, beforeMs, limit)),
    deadBatches: (fence, beforeMs, limit) => of(fence, "cost_batches", deadBatches(beforeMs, limit)),
    costAnomalies: (fence, beforeMs, limit) => of(fence, "cost_anomalies", aged(sql`cost_anomalies`, sql`resolved_at`, beforeMs, limit)),
    zombies: (fence, beforeMs, limit) => of(fence, "zombies", aged(sql`zombies`, sql`remediated_at`, beforeMs, limit)),
    breakers: (fence, beforeMs, limit) => of(fence, "breakers", aged(sql`breakers`, sql`updated_at`, beforeMs, limit)),
    accountLinks: (fence, beforeMs, limit) => of(fence, "account_links", aged(sql`account_links`, sql`expires_at`, beforeMs, limit)),
    accountSessions: (fence, beforeMs, limit) =>
      of(fence, "account_sessions", aged(sql`account_sessions`, sql`expires_at`, beforeMs, limit)),
    accountAttempts: (fence, beforeMs, limit) =>
      of(fence, "account_attempts", aged(sql`account_attempts`, sql`window_start`, beforeMs, limit)),
    invoiceLinks: (fence, beforeMs, limit) => of(fence, "invoice_links", aged(sql`invoice_links`, sql`expires_at`, beforeMs, limit)),
  };
};
