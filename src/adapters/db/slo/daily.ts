import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Tally } from "../../../domain/slo/tally.ts";
import { isoTime } from "../../../iso-time.ts";
import type { ClosedService, DayBook, DayObjective, DayService } from "../../ports/slo/daily.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { asOfEnd, livedAt, windowDaysBefore } from "./past.ts";
import { tallies, talliesOf, tallyColumns } from "./tally.ts";
import type { TallyRow } from "./tally.ts";
import { objectiveColumns } from "./terms.ts";

const endOf = (day: SQL): SQL => sql`((${day} + 1)::timestamp at time zone 'UTC')`;

/** Of each objective `o` the day that is to be closed next, where it lived at its end; an objective's days are closed one after the other. */
const due = sql`
  select o.id, o.service_id, n.day, n.streak from slo_objectives o
  left join lateral (select d.day, d.streak from slo_daily_snapshots d where d.objective_id = o.id order by d.day desc limit 1) l on true
  cross join lateral (select coalesce(l.day + 1, (o.created_at at time zone 'UTC')::date) as day, coalesce(l.streak, 0) as streak) n
  where ${livedAt(endOf(sql`n.day`))}`;

type Row = TallyRow &
  DayObjective["terms"] & {
    readonly id: number;
    readonly serviceId: number;
    readonly version: number;
    readonly streakBefore: number;
    readonly ofDay: Tally;
    readonly closed: DayObjective["closed"];
    readonly facts: Omit<DayService, "serviceId" | "objectives">;
  };

const tallyJson = (t: string): SQL =>
  sql.raw(
    `jsonb_build_object('elapsedUs', ${t}."elapsedUs", 'measuredUs', ${t}."measuredUs", 'downUs', ${t}."downUs", 'consumedUs', ${t}."consumedUs")`,
  );

/** What is measured is kept apart (`t`, `q`): a plan that joins it row by row would measure it as often. */
const services = (day: string, afterServiceId: number, limit: number, nowMs: number): SQL => {
  const end = endOf(sql`${day}::date`);
  const measured = (windowDays: SQL) =>
    tallies(
      sql`select id, "serviceId" as service_id, ${windowDays} as window_days, null::text as calendar, "dependencyExclusion" as dependency_exclusion,
        "excludedUpstreams" as excluded_upstreams from lived`,
      end,
      asOfEnd.correction,
      sql`${isoTime(nowMs)}::timestamptz`,
    );
  return sql`
  with due as (${due}), page as (
    select distinct service_id as id from due where day = ${day}::date and service_id > ${afterServiceId} order by 1 limit ${limit}::int
  ), lived as materialized (
    select ${objectiveColumns}, ${windowDaysBefore(end)} as window_days
    from page p join slo_objectives o on o.service_id = p.id ${asOfEnd.version(end)} where ${livedAt(end)}
  ), domains as materialized (
    select d.customer_id, count(*)::int as live,
      count(*) filter (where exists (select from slo_objectives o where o.service_id = d.service_id and ${livedAt(end)}))::int as covered
    from service_domains d
    where d.customer_id in (select s.customer_id from services s join page p on p.id = s.id) and d.created_at < ${end} and (d.deleted_at is null or d.deleted_at >= ${end})
    group by 1
  ), facts as materialized (
    select p.id as service_id, jsonb_build_object(
      'trackedSinceUs', (select (extract(epoch from x.started_at) * 1000000)::bigint from service_states x where x.service_id = p.id order by x.started_at limit 1),
      'domains', jsonb_build_object('live', coalesce(d.live, 0), 'covered', coalesce(d.covered, 0)),
      -- The shortest that ended because visitors were moved.
      'outages', coalesce((select jsonb_agg(y) from (
        select (extract(epoch from b.outage_at) * 1000000)::bigint as "fromUs", (extract(epoch from x.started_at) * 1000000)::bigint as "toUs", true as "movedAway"
        from service_states x join service_states b on b.service_id = x.service_id and b.ended_at = x.started_at and b.outage_at is not null
        where x.service_id = p.id and x.avoided and x.outage_at is null and x.started_at <= ${end} order by x.started_at - b.outage_at limit 1) y), '[]')) as facts
    from page p join services s on s.id = p.id left join domains d on d.customer_id = s.customer_id
  ), t as materialized (${measured(sql`window_days`)}
  ), q as materialized (${measured(sql`1`)}
  )
  select l.*, ${tallyColumns("t")}, ${tallyJson("q")} as "ofDay", coalesce(u.streak, 0) as "streakBefore", f.facts,
    case when c.day is not null then jsonb_build_object('allowedUs', c.allowed_us, 'verdict', c.verdict, 'streak', c.streak, 'window',
      jsonb_build_object('elapsedUs', c.elapsed_us, 'measuredUs', c.measured_us, 'downUs', c.down_us, 'consumedUs', c.consumed_us)) end as closed
  from lived l
  join t on t."objectiveId" = l.id
  join q on q."objectiveId" = l.id
  join facts f on f.service_id = l."serviceId"
  left join due u on u.id = l.id and u.day = ${day}::date
  left join slo_daily_snapshots c on c.objective_id = l.id and c.day = ${day}::date
  where u.id is not null or c.day is not null
  order by l."serviceId", l.id`;
};

const objectiveOf = (row: Row): DayObjective => {
  const { target, window, dependencyExclusion, excludedUpstreams, burnWarningPercent, burnCriticalPercent, fastBurnMultiplier } = row;
  return {
    objectiveId: row.id,
    version: row.version,
    terms: { target, window, dependencyExclusion, excludedUpstreams, burnWarningPercent, burnCriticalPercent, fastBurnMultiplier },
    tallies: talliesOf(row),
    ofDay: row.ofDay,
    streakBefore: row.streakBefore,
    closed: row.closed,
  };
};

const close = (fence: Fence, day: string, closed: readonly ClosedService[]): SQL => {
  const days = closed.flatMap((one) =>
    one.days.map(({ objectiveId, window, ofDay, ...rest }) => ({
      objective_id: objectiveId,
      version: rest.version,
      state: rest.state,
      allowed_us: rest.allowedUs,
      consumed_us: window.consumedUs,
      down_us: window.downUs,
      measured_us: window.measuredUs,
      elapsed_us: window.elapsedUs,
      day_consumed_us: ofDay.consumedUs,
      day_down_us: ofDay.downUs,
      day_measured_us: ofDay.measuredUs,
      day_elapsed_us: ofDay.elapsedUs,
      verdict: rest.verdict,
      streak: rest.streak,
      broken_streak: rest.brokenStreak,
    })),
  );
  const achievements = closed.flatMap(({ serviceId, achievements: own }) =>
    own.map(({ name, objectiveId }) => ({ service_id: serviceId, name, objective_id: objectiveId })),
  );
  return sql`
  with ${fenceCte(fence)}, days as (
    insert into slo_daily_snapshots (objective_id, day, version, state, allowed_us, consumed_us, down_us, measured_us, elapsed_us, day_consumed_us, day_down_us,
      day_measured_us, day_elapsed_us, verdict, streak, broken_streak)
    select x.objective_id, ${day}::date, x.version, x.state, x.allowed_us, x.consumed_us, x.down_us, x.measured_us, x.elapsed_us, x.day_consumed_us, x.day_down_us,
      x.day_measured_us, x.day_elapsed_us, x.verdict, x.streak, x.broken_streak
    from jsonb_to_recordset(${JSON.stringify(days)}::jsonb) as x(objective_id bigint, version int, state text, allowed_us bigint, consumed_us bigint, down_us bigint,
      measured_us bigint, elapsed_us bigint, day_consumed_us bigint, day_down_us bigint, day_measured_us bigint, day_elapsed_us bigint, verdict text, streak int,
      broken_streak int)
    where exists (select from fence) order by x.objective_id
    on conflict do nothing returning 1
  ), achieved as (
    insert into slo_achievements (service_id, name, objective_id, day)
    select x.service_id, x.name, x.objective_id, ${day}::date
    from jsonb_to_recordset(${JSON.stringify(achievements)}::jsonb) as x(service_id bigint, name text, objective_id bigint)
    where exists (select from fence) order by x.service_id, x.name
    on conflict do nothing
  )
  select exists (select from fence) as held, (select count(*) from days) as days`;
};

/** Days of objectives over the database. */
export const createDayBook = (db: Database): DayBook => ({
  oldestDue: async (overByMs, afterDay) => {
    const [row] = await db.rows<{ day: string | null }>(
      sql`select min(u.day) as day from (${due}) u where ${endOf(sql`u.day`)} <= ${isoTime(overByMs)}::timestamptz and u.day > coalesce(${afterDay}::date, '-infinity')`,
    );
    return row?.day ?? null;
  },
  nextService: async (day, afterServiceId) => {
    const [row] = await db.rows<{ id: number | null }>(
      sql`select min(u.service_id) as id from (${due}) u where u.day = ${day}::date and u.service_id > ${afterServiceId}`,
    );
    return row?.id ?? null;
  },
  services: async (day, afterServiceId, limit, nowMs) => {
    const rows = await db.rows<Row>(services(day, afterServiceId, limit, nowMs));
    return [...Map.groupBy(rows, ({ serviceId }) => serviceId)].flatMap(([serviceId, own]) => {
      const [first] = own;
      return first === undefined ? [] : [{ serviceId, ...first.facts, objectives: own.map(objectiveOf) }];
    });
  },
  close: async (fence, day, closed) => {
    const [row] = await db.rows<{ held: boolean; days: number }>(close(fence, day, closed));
    return row?.held === true ? row.days : null;
  },
});
