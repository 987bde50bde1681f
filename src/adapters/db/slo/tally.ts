import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { BurnWindow } from "../../../domain/slo/status.ts";
import { believedUntil } from "./believed.ts";

/** The look-backs of burn alerts, in microseconds; each a multiple of 30, so that it scales exactly. */
const lookBacks: readonly { readonly name: BurnWindow; readonly us: number }[] = [
  { name: "5m", us: 300_000_000 },
  { name: "30m", us: 1_800_000_000 },
  { name: "1h", us: 3_600_000_000 },
  { name: "6h", us: 21_600_000_000 },
  { name: "3d", us: 259_200_000_000 },
];

/** A time as microseconds since the epoch. Exact: it is kept so. */
const us = (time: SQL): SQL => sql`(extract(epoch from ${time}) * 1000000)::bigint`;

const listed = (parts: readonly SQL[]): SQL => sql.join([...parts], sql`, `);

/** The sum of what lies after `since` of the pieces (a, b) that count. */
const after = (since: SQL, counts: SQL): SQL =>
  sql`coalesce(sum(p.b - greatest(p.a, ${since})) filter (where p.b > ${since} and ${counts}), 0)::bigint`;

const measured = sql`p.state <> 'unknown'`;
const isDown = sql`p.state = 'down'`;

/** Columns of an objective's tallies: of its window, and of its burn alerts. */
const sums = listed([
  sql`${after(sql`p.w_from`, measured)} as measured`,
  sql`${after(sql`p.w_from`, isDown)} as down`,
  sql`${after(sql`p.w_from`, sql`p.consumes`)} as consumed`,
  sql`${after(sql`p.w_from`, sql`p.avoided`)} as avoided`,
  sql`coalesce(bool_or(p.reconstructed and p.b > p.w_from), false) as reconstructed`,
  ...lookBacks.flatMap((_, nth) => {
    const since = sql.raw(`p.since${nth}`);
    return [sql`${after(since, measured)} as ${sql.raw(`m${nth}`)}`, sql`${after(since, sql`p.consumes`)} as ${sql.raw(`c${nth}`)}`];
  }),
]);

const sinceColumns = (of: string): SQL => listed(lookBacks.map((_, nth) => sql.raw(`${of}.since${nth}`)));

const burnJson = listed(
  lookBacks.map(
    ({ name }, nth) =>
      sql`${sql.raw(`'${name}'`)}, jsonb_build_object('measuredUs', coalesce(${sql.raw(`s.m${nth}`)}, 0), 'consumedUs', coalesce(${sql.raw(`s.c${nth}`)}, 0))`,
  ),
);

/**
 * Selects `objective_id` and `tallies` (`domain/slo/status.ts`) as of `at`: one statement, one pass over the spans that reach
 * into the windows of each service's objectives. From the pieces on all times are integers, in microseconds.
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
    select service_id, min(least(w_from, ${sinceColumns("t")})) as since, min(w_to) as until, min(at) as at from terms t group by service_id
  ), known as materialized (
    select k.*, to_timestamp(0) + k.since * interval '1 microsecond' as since_at, ${us(sql`f.tracked`)} as tracked, j.until as believed, (
      select range_agg(int8range(${us(sql`c.from_at`)}, ${us(sql`c.to_at`)})) from slo_corrections c
      where c.service_id = k.service_id and c.to_at > to_timestamp(0) + k.since * interval '1 microsecond' and c.from_at < k.at and ${correctionCounts}) as corrected
    from asked k
    left join lateral (select started_at as tracked from service_states x where x.service_id = k.service_id order by x.started_at limit 1) f on true
    cross join lateral (select ${us(believedUntil(sql`k.service_id`, sql`k.at`))} as until) j
  ), pieces as (
    -- Cut where nothing is known any more, and at corrections, which are taken out.
    select k.service_id, p.a, p.b, x.state, x.upstream_cdn, x.avoided, x.reconstructed
    from known k
    join service_states x on x.service_id = k.service_id and coalesce(x.ended_at, 'infinity') > k.since_at and x.started_at < k.at
    cross join lateral (
      select greatest(${us(sql`x.started_at`)}, k.since) as a, least(coalesce(${us(sql`x.ended_at`)}, k.believed), k.until) as b
    ) w
    cross join lateral (
      select w.a, w.b where k.corrected is null
      union all
      select lower(r), upper(r) from unnest(int8multirange(int8range(w.a, greatest(w.a, w.b))) - k.corrected) r where k.corrected is not null
    ) p
    where p.b > p.a
  ), parts as (
    select t.id, t.w_from, ${sinceColumns("t")}, p.a, p.b, p.state, p.avoided, p.reconstructed, p.upstream_cdn,
      p.state = 'down' and (t.strict or p.upstream_cdn is null or p.upstream_cdn = any(t.excluded_upstreams)) as consumes
    from terms t join pieces p on p.service_id = t.service_id
  ), sums as (
    select p.id, ${sums} from parts p group by p.id
  ), blamed as (
    select id, jsonb_object_agg(upstream, down) as by_upstream from (
      select p.id, coalesce(p.upstream_cdn, '') as upstream, ${after(sql`p.w_from`, sql`true`)} as down
      from parts p where ${isDown} and p.b > p.w_from group by 1, 2
    ) x group by id
  )
  select t.id as objective_id, jsonb_build_object(
    'window', jsonb_build_object('elapsedUs', coalesce(e.elapsed, 0), 'measuredUs', coalesce(s.measured, 0),
      'downUs', coalesce(s.down, 0), 'consumedUs', coalesce(s.consumed, 0)),
    'byUpstream', coalesce(b.by_upstream, '{}'),
    'burn', jsonb_build_object(${burnJson}),
    'openSinceUs', (select ${us(sql`x.outage_at`)} from service_states x
      where x.service_id = t.service_id and x.started_at <= t.at and coalesce(x.ended_at, 'infinity') > t.at order by x.started_at desc, x.id desc limit 1),
    'avoidedUs', coalesce(s.avoided, 0),
    'reconstructed', coalesce(s.reconstructed, false)) as tallies
  from terms t
  join known k on k.service_id = t.service_id
  left join sums s on s.id = t.id
  left join blamed b on b.id = t.id
  left join lateral (
    select w.b - w.a - coalesce((select sum(upper(r) - lower(r)) from unnest(k.corrected * int8multirange(int8range(w.a, w.b))) r), 0)::bigint as elapsed
    from (select greatest(t.w_from, k.tracked) as a, t.w_to as b) w where w.b > w.a
  ) e on true`;
