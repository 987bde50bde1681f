import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { lookBacks } from "../../../domain/slo/look-back.ts";
import type { Tallies } from "../../../domain/slo/tally.ts";
import { longestSilence } from "./believed.ts";

/**
 * A time as microseconds since the epoch, as every time from here on: whole numbers in float8, which has them exactly up to 2^53.
 * Exact until 2106: half a unit of the last binary digit of such seconds is less than half a microsecond. Six times as fast as numeric.
 */
export const us = (time: SQL): SQL => sql`round(date_part('epoch', ${time}) * 1000000)`;

const numbered = (write: (nth: number) => string, between = ", "): SQL => sql.raw(lookBacks.map((_, nth) => write(nth)).join(between));

/** A row of `tallies`. Microseconds; `burn`: of each look-back what was measured, then what was consumed, with commas between. */
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
  readonly burn: string;
};

export const talliesOf = (row: TallyRow): Tallies => {
  const burn = row.burn.split(",").map(Number);
  return {
    window: { elapsedUs: row.elapsedUs, measuredUs: row.measuredUs, downUs: row.downUs, consumedUs: row.consumedUs },
    byUpstream: { ...(row.selfUs > 0 && { "": row.selfUs }), ...row.upstreamsUs },
    burn: Object.fromEntries(
      lookBacks.map(({ name }, nth) => [name, { measuredUs: burn[2 * nth] ?? 0, consumedUs: burn[2 * nth + 1] ?? 0 }]),
    ) as Tallies["burn"],
    openSinceUs: row.openSinceUs,
    avoidedUs: row.avoidedUs,
    reconstructed: row.reconstructed,
  };
};

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

/** How much of the pieces (a, b) lies after `since`; that of corrections is taken away. */
const after = (since: string, as: string, which = ""): string =>
  `sum(p.sign * (p.b - greatest(p.a, ${since}))) filter (where p.b > ${since}${which}) as ${as}`;

/** The sum over the parts `s` of an objective that are of a kind. */
const of = (figure: string, kind: string): string => `coalesce(sum(${figure}) filter (where ${kind}), 0)::bigint`;
const isMeasured = "s.state <> 'unknown'";
const isDown = "s.state = 'down'";

const sinces = (relation: string): SQL => numbered((nth) => `${relation}.since${nth}`);

/** The spans `x` that reach into what `relation` asks for: a join with its condition. */
const spansOf = (relation: string): SQL =>
  sql.raw(`service_states x on x.service_id = ${relation}.service_id and coalesce(x.ended_at, 'infinity') > ${relation}.since_at
          and x.started_at <= ${relation}.at`);

/** When a span `x` ends, as far as it is believed. */
const endOf = (relation: string): SQL =>
  sql`case when x.ended_at <= ${sql.raw(relation)}.at then ${us(sql`x.ended_at`)} else ${sql.raw(relation)}.until end`;

/**
 * Selects a `TallyRow` per objective, as of `at`: one statement, one pass over the spans that reach into each window of a
 * service's objectives, whichever of them share it. These are added up by what they are (`parts`), and that by what it counts for. Nothing is kept of a span
 * on the way: what does not fit into the memory of a sort would go to disk. Of sums there are few, and all are kept: a planner that
 * expects less than there is would add them up again for each objective.
 * @param objectives selects id, service_id, window_days, calendar, dependency_exclusion, excluded_upstreams
 * @param at the moment, a timestamp
 * @param seenAt when one looks back at that moment, a timestamp: what is not known by then has not been seen since the last judged round
 * @param correctionCounts a condition on a correction `c`, of a service `k` that is asked for at `k.at`
 */
export const tallies = (objectives: SQL, at: SQL, correctionCounts: SQL, seenAt: SQL = at): SQL => sql`
  with judged as materialized (
    select name, judged_at from leases where judged_at is not null
  ), terms as materialized (
    select o.id, o.service_id, o.dependency_exclusion = 'strict' as strict, o.excluded_upstreams, q.at, ${us(sql`w.since`)} as w_from, ${us(sql`q.at`)} as w_to,
      -- Equal windows of a service are added up once.
      min(o.id) over (partition by o.service_id, w.since, w.thirtieths) as window_id,
      -- Up to when the present span is.
      least(${us(sql`q.at`)}, ${us(sql`case when ${seenAt} - l.judged_at > ${longestSilence} then l.judged_at end`)}) as until,
      ${sql.join(
        lookBacks.map(
          (one, nth) => sql`${us(sql`q.at`)} - ${sql.raw(`${one.us / 30}::float8`)} * w.thirtieths as ${sql.raw(`since${nth}`)}`,
        ),
        sql`, `,
      )},
      least(w.since, q.at - w.thirtieths * ${sql.raw(`interval '${Math.max(...lookBacks.map((one) => one.us)) / 30} microseconds'`)}) as since_at
    from (${objectives}) o cross join (select ${at}::timestamptz as at) q cross join lateral (
      select case when o.calendar is null then q.at - make_interval(hours => 24 * o.window_days) else date_trunc(o.calendar, q.at, 'UTC') end as since,
        -- Under seven days the look-backs scale with the window.
        case when o.window_days < 7 then o.window_days else 30 end as thirtieths
    ) w cross join lateral (
      select coalesce((select j.judged_at from judged j where j.name = 'shard:' || mod(o.service_id, (select shards from settings))),
        (select max(j.judged_at) from judged j)) as judged_at offset 0
    ) l
  ), measured as materialized (
    select service_id, max(at) as at, min(since_at) as since_at, max(until) as until from terms group by service_id
  ), corrected as materialized (
    select u.service_id, lower(r)::float8 as a, upper(r)::float8 as b from (
      select c.service_id, range_agg(int8range(${us(sql`c.from_at`)}::bigint, ${us(sql`c.to_at`)}::bigint)) as ranges
      from slo_corrections c join measured k on k.service_id = c.service_id
      where c.from_at < k.at and ${correctionCounts} group by c.service_id
    ) u cross join lateral unnest(u.ranges) r
  ), taken as materialized (
    -- One that begins after the last judged round is empty, and nothing is taken out of it.
    select s.service_id, greatest(s.a, c.a) as a, least(s.b, c.b) as b, s.state, s.upstream_cdn, s.avoided, s.reconstructed
    from (
      select k.service_id, ${us(sql`x.started_at`)} as a, ${endOf("k")} as b, x.state, x.upstream_cdn, x.avoided, x.reconstructed
      from (select k.* from measured k where k.service_id in (select service_id from corrected)) k join ${spansOf("k")} offset 0
    ) s join corrected c on c.service_id = s.service_id and c.a < s.b and c.b > s.a and s.a < s.b
  ), parts as materialized (
    -- One part at most for each upstream that is to blame: what was reconstructed of it is added up beside the rest.
    select p.id, p.state, p.upstream_cdn, p.avoided, min(p.a) as a, max(p.open_since) as open_since,
      ${sql.raw(after("p.w_from", "us"))}, ${sql.raw(after("p.w_from", "reconstructed_us", " and p.reconstructed"))}, ${numbered((nth) => after(`p.since${nth}`, `us${nth}`))}
    from (
      select s.id, s.w_from, ${sinces("s")}, s.a, greatest(s.a, s.b) as b, 1::float8 as sign, s.state, s.upstream_cdn, s.avoided, s.reconstructed, s.open_since
      from (
        select w.id, w.w_from, ${sinces("w")}, ${us(sql`x.started_at`)} as a, ${endOf("w")} as b, x.state, x.upstream_cdn, x.avoided, x.reconstructed,
          case when x.outage_at is not null and (x.ended_at is null or x.ended_at > w.at) then ${us(sql`x.outage_at`)} end as open_since
        from terms w join ${spansOf("w")} and w.id = w.window_id offset 0
      ) s
      union all
      select w.id, w.w_from, ${sinces("w")}, s.a, s.b, -1, s.state, s.upstream_cdn, s.avoided, s.reconstructed, null
      from terms w join taken s on s.service_id = w.service_id and w.id = w.window_id
    ) p group by p.id, p.state, p.upstream_cdn, p.avoided
  ), sums as materialized (
    select s.id, min(s.a) as tracked,
      ${sql.raw(of("s.us", isMeasured))} as measured, ${sql.raw(of("s.us", isDown))} as down, ${sql.raw(of("s.us", "s.consumes"))} as consumed,
      ${sql.raw(of("s.us", "s.avoided"))} as avoided, ${sql.raw(of("s.us", `${isDown} and s.upstream_cdn is null`))} as self,
      jsonb_object_agg(s.upstream_cdn, s.us::bigint) filter (where s.upstream_cdn is not null and s.us > 0) as upstreams,
      coalesce(bool_or(s.reconstructed_us > 0), false) as reconstructed, max(s.open_since)::bigint as open_since,
      concat_ws(',', ${numbered((nth) => `${of(`s.us${nth}`, isMeasured)} + greatest(0, min(s.a) - min(s.since${nth}))::bigint, ${of(`s.us${nth}`, "s.consumes")}`)}) as burn
    from (
      select t.id, s.a, s.state, s.upstream_cdn, s.avoided, s.us, s.reconstructed_us, s.open_since, ${numbered((nth) => `s.us${nth}, t.since${nth}`)}, ${sql.raw(isDown)} and (t.strict or s.upstream_cdn is null or s.upstream_cdn = any(t.excluded_upstreams)) as consumes
      from parts s join terms t on t.window_id = s.id
    ) s group by s.id
  )
  select t.id as "objectiveId",
    case when s.tracked < t.w_to then t.w_to - greatest(t.w_from, s.tracked) - coalesce((
      select sum(least(c.b, t.w_to) - greatest(c.a, t.w_from, s.tracked)) from corrected c
      where c.service_id = t.service_id and c.b > greatest(t.w_from, s.tracked) and c.a < t.w_to), 0) else 0 end::bigint as "elapsedUs",
    coalesce(s.measured, 0) as "measuredUs", coalesce(s.down, 0) as "downUs", coalesce(s.consumed, 0) as "consumedUs", coalesce(s.avoided, 0) as "avoidedUs",
    coalesce(s.self, 0) as "selfUs", s.upstreams as "upstreamsUs", s.open_since as "openSinceUs", coalesce(s.reconstructed, false) as reconstructed,
    coalesce(s.burn, '') as burn
  from terms t left join sums s on s.id = t.id`;
