import { sql } from "drizzle-orm";
import type { MetricsReading, MetricsStore } from "../../ports/coordination/metrics.ts";
import type { Database } from "../platform/client.ts";
import { costQueue, openAnomalies, openZombies } from "../cost/standing.ts";
import { channelStandings, deadDeliveries, openIncidents, outboxLagSeconds, pendingDeliveries } from "../notify/standing.ts";
import { openBreakers } from "../platform/breakers.ts";
import { objectiveStates, openSloAlerts } from "../slo/standing.ts";
import { sealStandings } from "../platform/seals.ts";
import { leaseStandings, list, shardStandings } from "./status.ts";
import { domainStatus } from "../platform/views.ts";

/**
 * Everything for one scrape, in one statement whose work does not grow with history: monotonic counters are kept as sums
 * (`counters`, the numbers of invoices, the storms of each chain), and not recounted.
 */
export const createMetricsStore = (db: Database): MetricsStore => ({
  read: async () => {
    const [reading] = await db.rows<MetricsReading>(sql`select
      ${list(sql`select kind, state, count(*) as count from storm_events where ended_at is null group by 1, 2 order by 1, 2`)} as storms,
      (select coalesce(sum(storms), 0)::bigint from evidence_chains) as "stormsTotal",
      ${list(sql`
        select path, vantage, coalesce(error, 'ok') as result, count(*) as count from probe_samples
        where probed_at > now() - interval '5 minutes' group by 1, 2, 3 order by 1, 2, 3`)} as samples,
      ${list(sql`
        select job, provider, successes, failures, overruns, last_duration_ms as "lastDurationMs",
          extract(epoch from now() - last_succeeded_at)::float8 as "lastSuccessAgeSeconds"
        from job_runs order by job, provider`)} as jobs,
      ${list(sql`select name, provider, label, value from counters order by name, provider, label`)} as counters,
      ${list(sql`
        select result, count(*) as count from (
          select result from routing_changes where intended_at > now() - interval '1 day'
          union all
          select result from routing_changes where result in ('intent', 'accepted') and intended_at <= now() - interval '1 day'
        ) c group by 1 order by 1`)} as "routingChanges",
      ${list(sql`
        select observed->'visitors'->>'proof' as proof, count(*) as count from routing_changes
        where intended_at > now() - interval '1 day' and observed->'visitors' is not null group by 1 order by 1`)} as "switchProofs",
      (select jsonb_build_object('paused', count(*) filter (where paused_until > now()), 'pollsRefused', count(*) filter (where polls_refused > 0))
        from dns_standings) as "dnsAccounts",
      (select jsonb_build_object('count', count(*), 'oldestAgeSeconds', extract(epoch from now() - min(accepted_at))::float8)
        from routing_changes where result = 'accepted') as "pendingChanges",
      ${list(sql`
        select coalesce(${domainStatus}, 'unread') as status, count(*) as count
        from service_domains d left join domain_routing r on r.domain_id = d.id
        where d.deleted_at is null group by 1 order by 1`)} as domains,
      ${list(sql`
        select coalesce(r.state, 'unsteered') as state, coalesce(r.reason, '') as reason, count(*) as count
        from services s left join service_routing r on r.service_id = s.id where s.deleted_at is null group by 1, 2 order by 1, 2`)} as services,
      ${list(sql`select label as outcome, sum(value)::bigint as count from counters where name = 'drifts' group by 1 order by 1`)} as drifts,
      exists (select from settings where freeze_set_at is not null and (freeze_until is null or freeze_until > now())) as frozen,
      exists (select from settings where panic_set_at is not null) as panic,
      (select count(*) from customer_freezes where until is null or until > now()) as "customerFreezes",
      ${list(sealStandings)} as seals,
      ${list(leaseStandings)} as leases,
      ${list(sql`
        select name, extract(epoch from clock_timestamp() - heartbeat_at)::float8 as "heartbeatAgeSeconds",
          extract(epoch from clock_timestamp() - last_round_at)::float8 as "lastRoundAgeSeconds",
          case when public_checked_at is not null then public_ok_since is not null end as "publicOk", clock_skew_ms as "clockSkewMs"
        from providers order by name`)} as providers,
      ${list(sql`
        select kind, "from", "to", sum(count)::bigint as count from (
          select kind, from_provider as "from", to_provider as "to", count(*) as count from takeovers group by 1, 2, 3
          union all
          select split_part(label, ' ', 1), split_part(label, ' ', 2), split_part(label, ' ', 3), value from counters where name = 'takeovers_pruned'
        ) t group by 1, 2, 3 order by 1, 2, 3`)} as takeovers,
      ${list(sql`
        select name, place, extract(epoch from now() - last_heard_at)::float8 as "lastHeardAgeSeconds"
        from vantages order by name`)} as vantages,
      ${list(sql`
        select name, extract(epoch from now() - coalesce(last_sample_at, created_at))::float8 as "lastSampleAgeSeconds"
        from probe_agents where deleted_at is null order by name`)} as "probeAgents",
      (select shards from settings) as shards,
      ${list(shardStandings)} as "shardLoads",
      ${list(sql`select split_part(rule, ':', 1) as rule, count(*) as count from reconciliation_findings where cleared_at is null group by 1 order by 1`)} as findings,
      ${list(openIncidents)} as incidents,
      ${list(channelStandings)} as channels,
      ${list(pendingDeliveries)} as "pendingDeliveries",
      ${list(deadDeliveries)} as "deadDeliveries",
      ${list(openSloAlerts)} as "sloAlerts",
      ${list(objectiveStates)} as objectives,
      ${list(openAnomalies)} as "costAnomalies",
      ${list(openZombies)} as zombies,
      ${list(costQueue)} as "costBatches",
      ${list(openBreakers)} as breakers,
      ${outboxLagSeconds} as "outboxLagSeconds",
      (select count(*) from adjustment_causes) as "adjustmentCauses",
      (select coalesce(sum(next_invoice_number - 1), 0)::bigint from customers) as invoices`);
    if (reading === undefined) throw new TypeError("a select without from returned no row");
    return reading;
  },
});
