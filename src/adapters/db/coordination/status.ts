import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { agentVantage } from "../../../domain/detection/vantage.ts";
import { shardsWanted } from "../../../domain/coordination/shard-load.ts";
import type { Status, StatusStore } from "../../ports/coordination/status.ts";
import type { Database } from "../platform/client.ts";
import { sealStandings } from "../platform/seals.ts";
import { ms } from "../platform/write.ts";
import { panicInForce } from "../steering/panic.ts";
import { span } from "./providers.ts";

/** The rows of a query as one JSON array. */
export const list = (query: SQL): SQL => sql`coalesce((select jsonb_agg(x) from (${query}) x), '[]')`;

/** The leases of existing shards, by number, then those of jobs. Readiness checks' are left out: they last a moment. */
export const leaseStandings = sql`
  select name, provider, holder, epoch, expires_at > clock_timestamp() as held, ${ms("acquired_at", "acquiredAtMs")},
    ${ms("expires_at", "expiresAtMs")}, ${ms("released_at", "releasedAtMs")},
    round(extract(epoch from clock_timestamp() - acquired_at), 3)::float8 as "ageSeconds"
  from (select *, case when name like 'shard:%' then split_part(name, ':', 2)::int end as shard from leases) l
  where shard < (select shards from settings) or name like 'job:%'
  order by shard, name`;

const providerStandings = sql`
  select p.name, v.place, ${ms("heartbeat_at", "heartbeatAtMs")}, ${ms("heartbeat_since", "heartbeatSinceMs")},
    ${ms("last_round_at", "lastRoundAtMs")}, ${ms("public_checked_at", "publicCheckedAtMs")},
    ${ms("public_ok_since", "publicOkSinceMs")}, public_error as "publicError", clock_skew_ms as "clockSkewMs"
  from providers p left join vantages v on v.name = p.name order by p.name`;

/** Vantages that have been heard, and agents that have not been yet. */
const vantageStandings = sql`
  select v.name, v.place, ${ms("v.last_heard_at", "lastHeardAtMs")}, starts_with(v.name, ${agentVantage("")}) as agent from vantages v
  union all
  select ${agentVantage("")} || a.name, a.location, null, true from probe_agents a
  where a.deleted_at is null and not exists (select from vantages v where v.name = ${agentVantage("")} || a.name)
  order by 1`;

/** Shards of the present number of shards that their holder has measured within the last ten minutes. */
export const shardStandings = sql`
  select l.shard, l.domains, l.left_out as "leftOut", l.utilisation, ${ms("l.measured_at", "measuredAtMs")}
  from shard_loads l join settings s on s.shards = l.shards and l.shard < s.shards
  where l.measured_at > clock_timestamp() - interval '10 minutes' order by l.shard`;

/** Failed rounds in a row before a shard is reported: a minute of them. */
const manyFailed = 6;

/** Shards whose rounds fail under their lease's present or last holder. */
export const failingShards = sql`
  select l.shard, l.provider, j.failed_rounds as "failedRounds" from (
    select split_part(name, ':', 2)::int as shard, provider from leases where name like 'shard:%'
  ) l
  join job_runs j on j.job = 'tick:' || l.shard and j.provider = l.provider and j.failed_rounds >= ${manyFailed}::int
  where l.shard < (select shards from settings) order by l.shard`;

/** A job's runs by all providers. A tick is as good as the shard that was longest without one. */
const jobRunStandings = sql`
  select name as job, (array_agg(provider order by started desc))[1] as provider, ${ms("max(started)", "lastStartedAtMs")},
    ${ms("min(succeeded)", "lastSucceededAtMs")}, ${ms("max(failed)", "lastFailedAtMs")}
  from (
    select case when job like 'tick:%' then 'tick' else job end as name, (array_agg(provider order by last_started_at desc))[1] as provider,
      max(last_started_at) as started, max(last_succeeded_at) as succeeded, max(last_failed_at) as failed
    from job_runs
    where job not like 'witness:%' and (job not like 'tick:%' or split_part(job, ':', 2)::int < (select shards from settings))
    group by job
  ) j group by name order by name`;

/** A heartbeat that is older than this is silence: what two crons that fail to come leave. */
const silence = span(150_000);

const aliveSince = sql`
  select ${ms("min(heartbeat_since)", "at")} from providers where heartbeat_at > clock_timestamp() - ${silence}`;

const troubledNames = sql`(
  select jsonb_build_object('lapsing', count(*) filter (where lapsed_at is not null and held_at is null), 'held', count(*) filter (where held_at is not null),
    'disputed', count(*) filter (where disputed_at is not null and verified_at is null))
  from service_domains where deleted_at is null and (lapsed_at is not null or disputed_at is not null))`;

export const createStatusStore = (db: Database): StatusStore => ({
  read: async () => {
    const [status] = await db.rows<
      Omit<Status, "shardsWanted">
    >(sql`select (select shards from settings) as shards, ${list(leaseStandings)} as leases,
      (select to_jsonb(x) from (${panicInForce}) x) as panic,
      ${list(shardStandings)} as "shardLoads", ${list(failingShards)} as "failingShards",
      (select pg_has_role(relowner, 'usage') from pg_class where oid = 'evidence'::regclass) as "ownsTables",
      ${list(providerStandings)} as providers, ${list(vantageStandings)} as vantages, ${list(jobRunStandings)} as "jobRuns",
      (${aliveSince}) as "aliveSinceMs", ${ms("clock_timestamp()", "nowMs")},
      ${list(sealStandings)} as seals, ${troubledNames} as ownership,
      ${list(sql`
        select seq, kind, lease, from_provider as "from", to_provider as "to", epoch, lapsed, unheld_ms as "unheldMs",
          ${ms("at", "atMs")}, previous_hash as "previousHash", hash
        from takeovers order by seq desc limit 50`)} as takeovers`);
    if (status === undefined) throw new TypeError("a select without from returned no row");
    return { ...status, shardsWanted: shardsWanted(status.shards, status.shardLoads) };
  },
});
