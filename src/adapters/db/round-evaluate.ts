import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../iso-time.ts";
import type { PolicyView, Presence, Sample } from "../ports/round.ts";
import type { Database } from "./client.ts";
import { beatStatements } from "./providers.ts";
import type { Shard } from "./round-load.ts";
import { epochMs, inShard } from "./round-load.ts";

/** Rows per statement: about 3 MB of JSON, well under the 10 MiB that Neon takes in one request. */
const samplesPerStatement = 20_000;

const insertSamples = (samples: readonly Sample[]): SQL => sql`
  insert into probe_samples
    (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
  select s, d, p, v, to_timestamp(r / 1000.0), a, to_timestamp(t / 1000.0), e is null, c, l, e
  from jsonb_to_recordset(${JSON.stringify(
    samples.map((sample) => ({
      s: sample.serviceId, d: sample.domainId, p: sample.path, v: sample.vantage, r: sample.roundAtMs,
      a: sample.attempt, t: sample.probedAtMs, c: sample.status, l: sample.latencyMs, e: sample.error,
    })),
  )}::jsonb) as x(s bigint, d bigint, p text, v text, r bigint, a int, t bigint, c int, l int, e text)
  where to_timestamp(t / 1000.0) < clock_timestamp() + interval '30 seconds'
  on conflict do nothing`;

const heard = ({ vantage, place, nowMs }: Presence): SQL => sql`
  insert into vantages (name, last_heard_at, place) values (${vantage}, least(${isoTime(nowMs)}::timestamptz, clock_timestamp()), ${place})
  on conflict (name) do update set last_heard_at = greatest(vantages.last_heard_at, excluded.last_heard_at),
    place = coalesce(excluded.place, vantages.place)`;

/**
 * The figures of every live policy of a shard, one row a policy, in one statement. A storm is judged by the version with
 * which it began. `round_at` leads the key of the samples and is never later than `probed_at`, nor earlier by more than
 * a round: the window plus a slack on it keeps the reading an index range.
 */
const evaluation = (shard: Shard, nowMs: number): SQL => {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  return sql`
    select p.id as "policyId", p.service_id as "serviceId", p.kind, t.version,
      t.threshold_avail::float8 as "thresholdAvail", t.window_seconds as "windowSeconds",
      t.cooldown_seconds as "cooldownSeconds", t.max_coverage_factor::float8 as "maxCoverageFactor",
      t.min_samples as "minSamples", t.min_failures as "minFailures", t.latency_ms as "latencyMs",
      case when e.id is not null then jsonb_build_object('id', e.id, 'state', e.state, 'relapses', e.relapses,
        'startedAtMs', ${epochMs("e.started_at")}, 'recoveringSinceMs', ${epochMs("e.recovering_since")},
        'creditReason', e.credit_reason) end as storm,
      (select max(o.ended_at) from storm_events o where o.service_id = p.service_id and o.kind = p.kind)
        as "previousEndedAtMs",
      coalesce(w.stats, '[]'::jsonb) as stats, coalesce(n.newest, '[]'::jsonb) as newest
    from storm_policies p
    join services v on v.id = p.service_id and v.deleted_at is null
    left join storm_events e on e.service_id = p.service_id and e.kind = p.kind and e.ended_at is null
    join storm_policy_versions t on t.policy_id = coalesce(e.policy_id, p.id) and t.version = coalesce(e.policy_version, p.version)
    left join lateral (
      select jsonb_agg(jsonb_build_object('domainId', g.domain_id, 'path', g.path, 'vantage', g.vantage,
        'samples', g.samples, 'failures', g.failures, 'firstFailedAtMs', g.first_failed)) as stats
      from (
        select s.domain_id, s.path, s.vantage, count(*) as samples,
          count(*) filter (where not good.good) as failures,
          ${epochMs("min(s.probed_at) filter (where not good.good)")} as first_failed
        from service_domains d
        join probe_samples s on s.domain_id = d.id
          and s.round_at > ${now} - make_interval(secs => t.window_seconds + 120) and s.round_at <= ${now}
          and s.probed_at > ${now} - make_interval(secs => t.window_seconds) and s.probed_at <= ${now}
        cross join lateral (select s.ok and (p.kind <> 'http_latency' or s.latency_ms <= t.latency_ms) as good) good
        where d.service_id = p.service_id and d.deleted_at is null
        group by s.domain_id, s.path, s.vantage
      ) g
    ) w on true
    left join lateral (
      select jsonb_agg(jsonb_build_object('domainId', d.id, 'path', q.path, 'vantage', a.name,
        'atMs', ${epochMs("l.probed_at")})) as newest
      from service_domains d
      cross join (values ('primary'), ('direct')) q(path)
      cross join vantages a
      cross join lateral (
        select s.probed_at from probe_samples s
        where s.domain_id = d.id and s.path = q.path and s.vantage = a.name and s.round_at >= e.started_at - interval '1 hour'
        order by s.round_at desc, s.attempt desc limit 1
      ) l
      where e.id is not null and d.service_id = p.service_id
    ) n on true
    where p.deleted_at is null and ${inShard(sql`p.service_id`, shard)}
    order by p.id`;
};

/** All but the last request's worth of the samples, which the caller sends with what else there is. @returns those */
const saveFirst = async (db: Database, samples: readonly Sample[]): Promise<readonly Sample[]> => {
  let from = 0;
  for (; samples.length - from > samplesPerStatement; from += samplesPerStatement) {
    await db.rows(insertSamples(samples.slice(from, from + samplesPerStatement)));
  }
  return samples.slice(from);
};

const beatOf = ({ beat }: Presence, ttlMs: number): readonly SQL[] => (beat === null ? [] : beatStatements(beat, ttlMs));

/** Stores the samples of a round and reads what follows from them: one round trip for up to 20,000 samples. */
export const saveAndEvaluate = async (
  db: Database,
  samples: readonly Sample[],
  shard: Shard,
  presence: Presence,
  ttlMs: number,
): Promise<readonly PolicyView[]> => {
  const last = await saveFirst(db, samples);
  const [, , views] = await db.batch<[unknown[], unknown[], PolicyView[], ...unknown[][]]>([
    insertSamples(last),
    heard(presence),
    evaluation(shard, presence.nowMs),
    ...beatOf(presence, ttlMs),
  ]);
  return views;
};

/** Stores what a witness saw, in one round trip for up to 20,000 samples. */
export const saveWitnessed = async (db: Database, samples: readonly Sample[], presence: Presence, ttlMs: number): Promise<void> => {
  const last = await saveFirst(db, samples);
  await db.batch([insertSamples(last), heard(presence), ...beatOf(presence, ttlMs)]);
};
