import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { MetricsReading, MetricsStore } from "../ports/metrics.ts";
import type { Database } from "./client.ts";
import { domainStatus } from "./views.ts";

const list = (query: SQL): SQL => sql`coalesce((select jsonb_agg(x) from (${query}) x), '[]')`;

export const createMetricsStore = (db: Database): MetricsStore => ({
  read: async () => {
    const [reading] = await db.rows<MetricsReading>(sql`select
      ${list(sql`select kind, state, count(*) as count from storm_events where ended_at is null group by 1, 2 order by 1, 2`)} as storms,
      (select count(*) from storm_events) as "stormsTotal",
      ${list(sql`
        select path, vantage, coalesce(error, 'ok') as result, count(*) as count from probe_samples
        where probed_at > now() - interval '5 minutes' group by 1, 2, 3 order by 1, 2, 3`)} as samples,
      ${list(sql`
        select job, provider, successes, failures, overruns, last_duration_ms as "lastDurationMs",
          extract(epoch from now() - last_succeeded_at)::float8 as "lastSuccessAgeSeconds"
        from job_runs order by job, provider`)} as jobs,
      ${list(sql`select name, provider, label, value from counters order by name, provider, label`)} as counters,
      ${list(sql`select result, count(*) as count from routing_changes group by 1 order by 1`)} as "routingChanges",
      ${list(sql`
        select coalesce(${domainStatus}, 'unread') as status, count(*) as count
        from service_domains d left join domain_routing r on r.domain_id = d.id
        where d.deleted_at is null group by 1 order by 1`)} as domains,
      ${list(sql`select coalesce(left_alone, 'healing') as outcome, count(*) as count from routing_drifts group by 1 order by 1`)} as drifts,
      exists (select from settings where freeze_set_at is not null and (freeze_until is null or freeze_until > now())) as frozen,
      ${list(sql`
        select name, provider, epoch, expires_at > clock_timestamp() as held from leases
        where name not like 'shard:%' or split_part(name, ':', 2)::int < (select shards from settings) order by name`)} as leases,
      ${list(sql`
        select name, place, extract(epoch from now() - last_heard_at)::float8 as "lastHeardAgeSeconds"
        from vantages order by name`)} as vantages,
      (select shards from settings) as shards,
      ${list(sql`select rule, count(*) as count from reconciliation_findings where cleared_at is null group by 1 order by 1`)} as findings,
      (select count(*) from adjustment_causes) as "adjustmentCauses",
      (select count(*) from invoices) as invoices`);
    if (reading === undefined) throw new TypeError("a select without from returned no row");
    return reading;
  },
});
