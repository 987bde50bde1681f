import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { longestSilenceMs } from "../../../domain/slo/visitors.ts";
import { lookBacks } from "../../../domain/slo/look-back.ts";
import type { Tallies } from "../../../domain/slo/tally.ts";

/** Longer without a judged round than this, and the present span is not believed beyond the last one. */
const longestSilence = sql.raw(`interval '${longestSilenceMs / 1_000} seconds'`);

/** A time as microseconds since the epoch. Exact: it is kept so. */
const us = (time: SQL): SQL => sql`(extract(epoch from ${time}) * 1000000)::bigint`;

const listed = (parts: readonly SQL[]): SQL => sql.join([...parts], sql`, `);
const numbered = (write: (nth: number) => string): SQL => sql.raw(lookBacks.map((_, nth) => write(nth)).join(", "));

/** The sum of what lies after `since` of the pieces (a, b) that count. */
const after = (since: SQL, counts: SQL): SQL =>
  sql`coalesce(sum(p.b - greatest(p.a, ${since})) filter (where p.b > ${since} and ${counts}), 0)::bigint`;

const measured = sql`p.state <> 'unknown'`;

const burnSums = listed(
  lookBacks.flatMap((_, nth) => {
    const since = sql.raw(`p.since${nth}`);
    return [sql`${after(since, measured)} as ${sql.raw(`m${nth}`)}`, sql`${after(since, sql`p.consumes`)} as ${sql.raw(`c${nth}`)}`];
  }),
);

/** A row of `tallies`. Microseconds; `burn`: of each look-back what was measured, then what was consumed. */
export type TallyRow = {
  readonly objectiveId: number;
  readonly elapsedUs: number;
  readonly measuredUs: number;
  readonly downUs: number;
  readonly consumedUs: number;
  readonly avoidedUs: number;
  readonly selfUs: number;
  readonly upstreamsUs: Readonly<Record<string, number>> | null;
  readonly openSinceUs: number | null;
  readonly reconstructed: boolean;
  readonly burn: readonly number[];
};

export const talliesOf = (row: TallyRow): Tallies => ({
  window: { elapsedUs: row.elapsedUs, measuredUs: row.measuredUs, downUs: row.downUs, consumedUs: row.consumedUs },
  byUpstream: { ...(row.selfUs > 0 && { "": row.selfUs }), ...row.upstreamsUs },
  burn: Object.fromEntries(
    lookBacks.map(({ name }, nth) => [name, { measuredUs: row.burn[2 * nth] ?? 0, consumedUs: row.burn[2 * nth + 1] ?? 0 }]),
  ) as Tallies["burn"],
  openSinceUs: row.openSinceUs,
  avoidedUs: row.avoidedUs,
  reconstructed: row.reconstructed,
});

/** The columns of a `TallyRow`, of the relation `name` that `tallies` is. */
export const tallyColumns = (name: string): SQL =>
  sql.raw(
    [
      "objectiveId",
      "elapsedUs",
      "measuredUs",
      "downUs",
      "consumedUs",
      "avoidedUs",
      "selfUs",
      "upstreamsUs",
      "openSinceUs",
      "reconstructed",
      "burn",
    ]
      .map((column) => `${name}."${column}"`)
      .join(", "),
  );

/**
 * Selects a `TallyRow` per objective, as of `at`: one statement, one pass over the spans that reach into the windows of each
 * service's objectives, and one over those of the last three days. From the pieces on all times are integers, in microseconds.
 * @param objectives selects id, service_id, window_days, calendar, dependency_exclusion, excluded_upstreams
 * @param at the moment, a timestamp
 * @param correctionCounts a condition on a correction `c`
 */
export const tallies = (objectives: SQL, at: SQL, correctionCounts: SQL): SQL => sql`
  with terms as materialized (
    select o.id, o.service_id, o.dependency_exclusion = 'strict' as strict, o.excluded_upstreams, q.at, ${us(sql`w.since`)} as w_from, ${us(sql`q.at`)} as w_to,
      ${listed(
        lookBacks.map(
          (one, nth) => sql`${us(sql`q.at`)} - ${sql.raw(`${one.us / 30}`)}::bigint * w.thirtieths as ${sql.raw(`since${nth}`)}`,
        ),
      )}
    from (${objectives}) o cross join (select ${at}::timestamptz as at) q cross join lateral (
      select case when o.calendar is null then q.at - make_interval(hours => 24 * o.window_days) else date_trunc(o.calendar, q.at, 'UTC') end as since,
        -- Under seven days the look-backs scale with the window.
        case when o.window_days < 7 then o.window_days else 30 end as thirtieths
    ) w
  ), asked as materialized (
    select service_id, min(least(w_from, ${numbered((nth) => `t.since${nth}`)})) as since, min(w_to) as until, min(at) as at from terms t group by service_id
  ), judged as materialized (
    select name, judged_at from leases where judged_at is not null
  ), known as materialized (
    select k.*, to_timestamp(0) + k.since * interval '1 microsecond' as since_at, ${us(sql`f.tracked`)} as tracked,
      -- Up to when the present span is believed.
      ${us(sql`case when k.at - coalesce(j.judged_at, l.judged_at) > ${longestSilence} then coalesce(j.judged_at, l.judged_at) else k.at end`)} as believed,
      c.corrected
    from asked k
    cross join (select max(judged_at) as judged_at from judged) l
    left join judged j on j.name = 'shard:' || mod(k.service_id, (select shards from settings))
    left join lateral (select started_at as tracked from service_states x where x.service_id = k.service_id order by x.started_at limit 1) f on true
    left join (
      select c.service_id, range_agg(int8range(${us(sql`c.from_at`)}, ${us(sql`c.to_at`)})) as corrected
      from slo_corrections c join asked k on k.service_id = c.service_id and c.from_at < k.at where ${correctionCounts} group by c.service_id
    ) c on c.service_id = k.service_id
  ), spans as (
    -- Cut where nothing is known any more.
    select k.service_id, k.corrected, greatest(${us(sql`x.started_at`)}, k.since) as a,
      case when x.ended_at is null or x.ended_at > k.at then least(k.believed, k.until) else ${us(sql`x.ended_at`)} end as b,
      x.state, x.upstream_cdn, x.avoided, x.reconstructed,
      case when coalesce(x.ended_at, 'infinity') > k.at then ${us(sql`x.outage_at`)} end as open_since
    from known k
    join service_states x on x.service_id = k.service_id and coalesce(x.ended_at, 'infinity') > k.since_at and x.started_at <= k.at
  ), pieces as (
    select service_id, a, b, state, upstream_cdn, avoided, reconstructed, open_since from spans where corrected is null and (b > a or open_since is not null)
    union all
    -- Corrections are taken out.
    select s.service_id, lower(r), upper(r), s.state, s.upstream_cdn, s.avoided, s.reconstructed, null
    from spans s cross join lateral unnest(int8multirange(int8range(s.a, greatest(s.a, s.b))) - s.corrected) r where s.corrected is not null
    union all
    select service_id, b, b, 'unknown', null, false, false, open_since from spans where corrected is not null and open_since is not null
  ), parts as (
    select t.id, t.w_from, ${numbered((nth) => `t.since${nth}`)}, p.*,
      p.state = 'down' and (t.strict or p.upstream_cdn is null or p.upstream_cdn = any(t.excluded_upstreams)) as consumes
    from terms t join pieces p on p.service_id = t.service_id
  ), sums as (
    select p.id,
      ${after(sql`p.w_from`, measured)} as measured,
      ${after(sql`p.w_from`, sql`p.state = 'down'`)} as down,
      ${after(sql`p.w_from`, sql`p.state = 'down' and p.upstream_cdn is null`)} as self,
      ${after(sql`p.w_from`, sql`p.consumes`)} as consumed,
      ${after(sql`p.w_from`, sql`p.avoided`)} as avoided,
      coalesce(bool_or(p.reconstructed and p.b > p.w_from), false) as reconstructed,
      max(p.open_since) as open_since
    from parts p group by p.id
  ), recent as (
    select p.id, ${burnSums} from parts p where p.b > ${sql.raw(`p.since${lookBacks.length - 1}`)} group by p.id
  ), blamed as (
    select id, jsonb_object_agg(upstream_cdn, down) as upstreams from (
      select p.id, p.upstream_cdn, ${after(sql`p.w_from`, sql`true`)} as down
      from parts p where p.upstream_cdn is not null and p.b > p.w_from group by 1, 2
    ) x group by id
  )
  select t.id as "objectiveId",
    case when k.tracked < t.w_to then t.w_to - greatest(t.w_from, k.tracked) - case when k.corrected is null then 0 else coalesce((
      select sum(upper(r) - lower(r)) from unnest(k.corrected * int8multirange(int8range(greatest(t.w_from, k.tracked), t.w_to))) r), 0)::bigint end
      else 0 end as "elapsedUs",
    coalesce(s.measured, 0) as "measuredUs", coalesce(s.down, 0) as "downUs", coalesce(s.consumed, 0) as "consumedUs", coalesce(s.avoided, 0) as "avoidedUs",
    coalesce(s.self, 0) as "selfUs", b.upstreams as "upstreamsUs", s.open_since as "openSinceUs", coalesce(s.reconstructed, false) as reconstructed,
    case when r.id is null then '{}'::bigint[] else array[${numbered((nth) => `r.m${nth}, r.c${nth}`)}] end as burn
  from terms t
  join known k on k.service_id = t.service_id
  left join sums s on s.id = t.id
  left join recent r on r.id = t.id
  left join blamed b on b.id = t.id`;
