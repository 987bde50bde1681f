import { sql } from "drizzle-orm";
import type { MetricsReading, MetricsStore } from "../ports/metrics.ts";
import type { Database } from "./client.ts";
import { leaseStandings, list, shardStandings } from "./status.ts";
import { domainStatus } from "./views.ts";

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
      (select jsonb_build_object('paused', count(*) filter (where paused_until > now()), 'pollsRefused', count(*) filter (where polls_refused > 0))
        from dns_standings) as "dnsAccounts",
      (select jsonb_build_object('count', count(*), 'oldestAgeSeconds', extract(epoch from now() - min(accepted_at))::float8)
        from routing_changes where result = 'accepted') as "pendingChanges",
      ${list(sql`
        select coalesce(${domainStatus}, 'unread') as status, count(*) as count
        from service_domains d left join domain_routing r on r.domain_id = d.id
        where d.deleted_at is null group by 1 order by 1`)} as domains,
      ${list(sql`select coalesce(left_alone, 'healing') as outcome, count(*) as count from routing_drifts group by 1 order by 1`)} as drifts,
      exists (select from settings where freeze_set_at is not null and (freeze_until is null or freeze_until > now())) as frozen,
      ${list(leaseStandings)} as leases,
      ${list(sql`
        select name, extract(epoch from clock_timestamp() - heartbeat_at)::float8 as "heartbeatAgeSeconds",
          extract(epoch from clock_timestamp() - last_round_at)::float8 as "lastRoundAgeSeconds",
          case when public_checked_at is not null then public_ok_since is not null end as "publicOk", clock_skew_ms as "clockSkewMs"
        from providers order by name`)} as providers,
      ${list(sql`
        select kind, from_provider as "from", to_provider as "to", count(*) as count from takeovers
        group by 1, 2, 3 order by 1, 2, 3`)} as takeovers,
      ${list(sql`
        select name, place, extract(epoch from now() - last_heard_at)::float8 as "lastHeardAgeSeconds"
        from vantages order by name`)} as vantages,
      (select shards from settings) as shards,
      ${list(shardStandings)} as "shardLoads",
      ${list(sql`select split_part(rule, ':', 1) as rule, count(*) as count from reconciliation_findings where cleared_at is null group by 1 order by 1`)} as findings,
      (select count(*) from adjustment_causes) as "adjustmentCauses",
      (select count(*) from invoices) as invoices`);
    if (reading === undefined) throw new TypeError("a select without from returned no row");
    return reading;
  },
});
