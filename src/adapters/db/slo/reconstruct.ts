import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { ProbePath } from "../../../domain/detection/probe.ts";
import { isPublicName } from "../../../domain/detection/probe.ts";
import type { ClosedSpan, MinuteCounts, Past, PastDomain } from "../../../domain/slo/reconstruct.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { DueService, ReconstructionStore } from "../../ports/slo/reconstruct.ts";
import { latencyPlace } from "../detection/latency-histogram.ts";
import { unfolded } from "../detection/minute-folds.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";

const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;
const ms = (column: string): SQL => sql.raw(`(extract(epoch from ${column}) * 1000)::bigint`);

/** A minute is summed up again for so long: before that it is not read. */
const settled = sql.raw("interval '10 minutes'");
/** The longest look-back of a burn alert, which may reach further back than a window. */
const longestLookBack = sql.raw("interval '3 days'");

const due = (afterServiceId: number, keptFromMs: number, nowMs: number, limit: number): SQL => sql`
  with wanted as (
    select o.service_id, least(${at(nowMs)} - ${longestLookBack}, min(case when v.calendar is null
      then ${at(nowMs)} - make_interval(hours => 24 * v.window_days) else date_trunc(v.calendar, ${at(nowMs)}, 'UTC') end)) as since
    from slo_objectives o join slo_objective_versions v on v.objective_id = o.id and v.version = o.version
    where o.deleted_at is null and o.service_id > ${afterServiceId}
    group by o.service_id
  )
  select s.id as "serviceId", n.needed as "neededFromMs", n.recorded as "recordedFromMs", r.done_from as "doneFromMs",
    (select count(*) from service_domains d where d.service_id = s.id) as domains, (
      select min(m.start_at) from service_domains d cross join lateral (
        (select start_at from probe_minutes_folded where domain_id = d.id order by start_at limit 1)
        union all (select start_at from probe_rollups_minute where domain_id = d.id order by start_at limit 1)
      ) m where d.service_id = s.id) as "firstMs"
  from wanted w
  join services s on s.id = w.service_id and s.deleted_at is null
  left join slo_reconstructions r on r.service_id = s.id
  cross join lateral (
    select greatest(w.since, ${at(keptFromMs)}, s.created_at) as needed,
      coalesce(r.until_at, (select x.started_at from service_states x where x.service_id = s.id order by x.started_at limit 1)) as recorded
  ) n
  where n.needed < coalesce(r.done_from, n.recorded) - interval '1 minute'
    and n.recorded + ${settled} <= (select done_until from rollup_marks where level = 'minute')
    and exists (select from storm_policies p where p.service_id = s.id and p.deleted_at is null)
  order by s.id limit ${limit}::int`;

/** A switch that was made, of the domain `d`. */
const switches = sql.raw(`routing_changes c
  where c.domain_id = d.id and c.result in ('accepted', 'insync', 'unconfirmed') and not c.shadow and c.accepted_at is not null`);

type DomainRow = {
  readonly id: number;
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly primary: boolean;
  readonly backup: boolean;
  readonly onBackup: boolean;
  readonly moves: readonly (readonly [atMs: number, onBackup: boolean])[];
};

/** `nths`: which minutes they are of; null: all of them. */
type CountsRow = MinuteCounts & { readonly nths: readonly number[] | null };

type PastRow = Pick<Past, "terms" | "cdns"> & { readonly domains: readonly DomainRow[]; readonly counts: readonly CountsRow[] };

/** Where folded minutes are read, up to their mark, and where others. A sample that was too slow is not good under a policy of latency. */
const minutesOf = (from: SQL, to: SQL): SQL => {
  const good = (ok: string, counted: string): SQL =>
    sql`case when p.slow is null then ${sql.raw(ok)} else coalesce((select ${sql.raw(counted)} where l.place <= p.slow), 0) end`;
  return sql`
    select p.domain_id, p.path, p.vantage, p.start_at, p.samples,
      ${good("p.ok", "sum(l.n) from unnest(p.places, p.counts) as l(place, n)")} as good
    from (select m.*, t.slow from terms t, mark k, domains d join probe_rollups_minute m on m.domain_id = d.id
      where m.start_at >= greatest(${from}, k.folded) and m.start_at < ${to}) p
    union all
    select p.domain_id, p.path, p.vantage, u.start_at, u.samples, ${good("u.ok", "count(*) from unnest(u.places) as l(place)")} as good
    from (select m.*, t.slow, k.folded from terms t, mark k, domains d join probe_minutes_folded m on m.domain_id = d.id
      where m.start_at > ${from} - interval '1 hour' and m.start_at < least(${to}, k.folded)) p
    cross join ${unfolded}
    where u.start_at >= ${from} and u.start_at < least(${to}, p.folded)`;
};

const past = (serviceId: number, fromMs: number, minutes: number): SQL => {
  const [from, to] = [at(fromMs), at(fromMs + minutes * 60_000)];
  return sql`
  with terms as (
    select t.*, case when p.kind = 'http_latency' then ${latencyPlace(sql`t.latency_ms`)} end as slow
    from storm_policies p join storm_policy_versions t on t.policy_id = p.id and t.version = p.version
    where p.service_id = ${serviceId} and p.deleted_at is null order by p.kind limit 1
  ), mark as (
    select coalesce((select done_until from rollup_marks where level = 'fold'), '-infinity') as folded
  ), domains as materialized (
    select d.id, d.name, d.created_at, d.deleted_at, d.primary_target is not null or coalesce(r.discovered_primary_ok, false) as has_primary,
      d.backup_target is not null or coalesce(r.discovered_backup_ok, false) as has_backup, r.backup_weight > r.primary_weight as on_backup
    from service_domains d left join domain_routing r on r.domain_id = d.id
    where d.service_id = ${serviceId} and d.created_at < ${to} and (d.deleted_at is null or d.deleted_at > ${from})
  ), counted as (
    select m.domain_id, m.path, m.vantage, jsonb_agg(m.samples order by m.start_at) as counts,
      case when sum(m.samples) > sum(m.good) then jsonb_agg(m.good order by m.start_at) end as good,
      case when count(*) < ${minutes}::int then jsonb_agg((extract(epoch from m.start_at - ${from}) / 60)::int order by m.start_at) end as nths
    from (${minutesOf(from, to)}) m
    group by 1, 2, 3
  )
  select jsonb_build_object('thresholdAvail', t.threshold_avail::float8, 'minSamples', t.min_samples, 'minFailures', t.min_failures,
      'windowSeconds', t.window_seconds) as terms,
    coalesce((select jsonb_agg(jsonb_build_object('fromMs', ${ms("h.from_at")}, 'pair', jsonb_build_array(h.primary_cdn, h.backup_cdn)) order by h.from_at)
      from service_cdns h where h.service_id = ${serviceId} and h.from_at < ${to} and coalesce(h.to_at, 'infinity') > ${from}), '[]') as cdns,
    coalesce((select jsonb_agg(jsonb_build_object('id', d.id, 'name', d.name, 'fromMs', ${ms("d.created_at")}, 'toMs', ${ms("d.deleted_at")},
        'primary', d.has_primary, 'backup', d.has_backup,
        'onBackup', coalesce(
          (select c.to_backup > c.to_primary from ${switches} and c.accepted_at <= ${from} order by c.accepted_at desc, c.id desc limit 1),
          (select c.from_backup > c.from_primary from ${switches} and c.accepted_at > ${from} order by c.accepted_at, c.id limit 1),
          d.on_backup, false),
        'moves', coalesce((select jsonb_agg(jsonb_build_array(${ms("c.accepted_at")}, c.to_backup > c.to_primary) order by c.accepted_at, c.id)
          from ${switches} and c.accepted_at > ${from} and c.accepted_at < ${to}), '[]')) order by d.id) from domains d), '[]') as domains,
    coalesce((select jsonb_agg(jsonb_build_object('domainId', c.domain_id, 'path', c.path, 'vantage', c.vantage, 'counts', c.counts, 'good', c.good, 'nths', c.nths)
      order by c.domain_id, c.path, c.vantage) from counted c), '[]') as counts
  from terms t`;
};

const domainOf = ({ id, name, fromMs, toMs, primary, backup, onBackup, moves }: DomainRow): PastDomain => ({
  domainId: id,
  fromMs,
  toMs,
  paths: [
    ...(primary ? (["primary"] as const) : []),
    ...(backup ? (["backup"] as const) : []),
    ...(isPublicName(name) ? (["direct"] as const) : []),
  ] satisfies readonly ProbePath[],
  before: onBackup ? "backup" : "primary",
  moves: moves.map(([atMs, isBackup]) => ({ atMs, to: isBackup ? "backup" : "primary" })),
});

const spread = (values: readonly number[], nths: readonly number[], minutes: number): readonly number[] => {
  const all = Array.from({ length: minutes }, () => 0);
  for (const [place, value] of values.entries()) all[nths[place] ?? 0] = value;
  return all;
};

const countsOf = ({ nths, ...row }: CountsRow, minutes: number): MinuteCounts =>
  nths === null ? row : { ...row, counts: spread(row.counts, nths, minutes), good: row.good && spread(row.good, nths, minutes) };

/** The service is locked as a deletion locks it: of one that is deleted nothing is added. */
const save = (
  fence: Fence,
  { serviceId, recordedFromMs, doneFromMs }: Pick<DueService, "serviceId" | "recordedFromMs" | "doneFromMs">,
  spans: readonly ClosedSpan[],
  fromMs: number,
): SQL => {
  const expected = sql`${doneFromMs === null ? null : isoTime(doneFromMs)}::timestamptz`;
  return sql`
  with ${fenceCte(fence)}, live as (
    select id from services where id = ${serviceId} and deleted_at is null and exists (select from fence) for share
  ), sent as (
    select x.*, to_timestamp(x.a / 1000.0) as started_at, to_timestamp(x.b / 1000.0) as ended_at, to_timestamp(x.o / 1000.0) as outage_at
    from jsonb_to_recordset(${JSON.stringify(
      spans.map(({ startedAtMs, endedAtMs, outageAtMs, ...span }) => ({ ...span, a: startedAtMs, b: endedAtMs, o: outageAtMs })),
    )}::jsonb) as x(a bigint, b bigint, o bigint, state text, serving text, attribution text, "upstreamCdn" text, avoided boolean)
  ), moved as (
    insert into slo_reconstructions (service_id, done_from, until_at)
    select l.id, ${at(fromMs)}, ${at(recordedFromMs)} from live l
    where (${expected} is null) <> exists (select from slo_reconstructions where service_id = ${serviceId})
      and not exists (select from service_states o where o.service_id = ${serviceId}
        and o.started_at < (select max(ended_at) from sent) and coalesce(o.ended_at, 'infinity') > (select min(started_at) from sent))
    on conflict (service_id) do update set done_from = excluded.done_from where slo_reconstructions.done_from = ${expected}
    returning service_id
  ), added as (
    insert into service_states (service_id, started_at, ended_at, state, serving, attribution, upstream_cdn, avoided, outage_at, reconstructed)
    select m.service_id, x.started_at, x.ended_at, x.state, x.serving, x.attribution, x."upstreamCdn", x.avoided, x.outage_at, true
    from sent x cross join moved m order by x.started_at
  )
  select service_id from moved`;
};

export const createReconstructionStore = (db: Database): ReconstructionStore => ({
  due: (afterServiceId, keptFromMs, nowMs, limit) => db.rows<DueService>(due(afterServiceId, keptFromMs, nowMs, limit)),
  past: async (serviceId, fromMs, minutes) => {
    const [row] = await db.rows<PastRow>(past(serviceId, fromMs, minutes));
    return row === undefined
      ? null
      : { ...row, fromMs, minutes, domains: row.domains.map(domainOf), counts: row.counts.map((counts) => countsOf(counts, minutes)) };
  },
  save: async (...given) => (await db.rows(save(...given))).length > 0,
});
