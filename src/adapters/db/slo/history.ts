import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { JudgedDay } from "../../../domain/slo/snapshot.ts";
import { streaksOf } from "../../../domain/slo/snapshot.ts";
import { isoTime } from "../../../iso-time.ts";
import type { DailySnapshot, DowntimeEvent, SloAlert, SloHistory } from "../../ports/slo/history.ts";
import type { Objective } from "../../ports/slo/objectives.ts";
import type { Page } from "../../ports/tenants/change.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";
import { believedUntil } from "./believed.ts";
import { inForce, liveObjective, objectiveColumns } from "./terms.ts";

/** A time as microseconds since the epoch, exact. */
const us = (time: string): SQL => sql.raw(`(extract(epoch from ${time}) * 1000000)::bigint`);

const timeOrNull = (epochMs: number | null): SQL => sql`${epochMs === null ? null : isoTime(epochMs)}::timestamptz`;

const before = ({ afterId }: Page): number => afterId ?? Number.MAX_SAFE_INTEGER;

type EventRow = { readonly objective: Objective; readonly fromUs: number; readonly toUs: number; readonly events: DowntimeEvent[] };

/**
 * Pieces of downtime, joined where one follows the other with the same to blame: a state also changes where visitors are served
 * from elsewhere. The present one is believed as long as somebody judges it.
 */
const events = (page: Page): SQL => sql`
  select a.id, a."endUs", a."isOpen", a."upstreamCdn", a."stormId", a.reconstructed,
    coalesce((select sum(upper(r) - lower(r)) from (
      select unnest(range_agg(int8range(${us("c.from_at")}, ${us("c.to_at")})) * int8multirange(int8range(a.id, a."endUs"))) as r
      from slo_corrections c where c.service_id = w.service_id and c.deleted_at is null) y), 0)::bigint as "correctedUs"
  from (
    select ${us("min(i.a)")} as id, ${us("max(i.b)")} as "endUs", bool_or(i.goes_on) as "isOpen", i.upstream_cdn as "upstreamCdn",
      i.storm_id as "stormId", i.reconstructed
    from (
      select s.*, count(*) filter (where s.begins) over (order by s.a) as island from (
        select x.*, lag(x.b) over (order by x.a) is distinct from x.a or (x.upstream_cdn, x.storm_id, x.reconstructed)
          is distinct from (lag(x.upstream_cdn) over (order by x.a), lag(x.storm_id) over (order by x.a), lag(x.reconstructed) over (order by x.a)) as begins
        from (
          select greatest(t.started_at, w.from_at) as a, least(coalesce(t.ended_at, w.believed), w.to_at) as b,
            t.ended_at is null and w.believed = w.at and w.to_at >= w.at as goes_on, t.upstream_cdn, t.storm_id, t.reconstructed
          from service_states t
          where t.service_id = w.service_id and t.state = 'down' and coalesce(t.ended_at, 'infinity') > w.from_at and t.started_at < w.to_at
        ) x where x.b > x.a
      ) s
    ) i group by i.island, i.upstream_cdn, i.storm_id, i.reconstructed
  ) a
  where a.id < ${before(page)} order by a.id desc limit ${page.limit}`;

const snapshotColumns = sql`d.day - date '1970-01-01' as id, d.day, d.version, v.target::float8 as target, d.state, d.allowed_us as "allowedUs",
  jsonb_build_object('elapsedUs', d.elapsed_us, 'measuredUs', d.measured_us, 'downUs', d.down_us, 'consumedUs', d.consumed_us) as "window",
  jsonb_build_object('elapsedUs', d.day_elapsed_us, 'measuredUs', d.day_measured_us, 'downUs', d.day_down_us, 'consumedUs', d.day_consumed_us) as "ofDay",
  d.verdict, d.streak, d.broken_streak as "brokenStreak"`;

/** Reads what is recorded of objectives. */
export const createSloHistory = (db: Database): SloHistory => ({
  events: async (customerId, serviceId, objectiveId, { fromMs, toMs }, page) => {
    const [row] = await db.rows<EventRow>(sql`
      select w.objective, ${us("w.from_at")} as "fromUs", ${us("w.to_at")} as "toUs",
        coalesce((select jsonb_agg(e order by e.id desc) from (${events(page)}) e), '[]') as events
      from (
        -- Of a span that is all to come nothing is left.
        select z.*, least(z.to_at, coalesce(${timeOrNull(fromMs)}, case when z.calendar is null then z.to_at - make_interval(hours => 24 * z.window_days)
          else date_trunc(z.calendar, z.to_at, 'UTC') end)) as from_at
        from (
          select o.service_id, v.calendar, v.window_days, now() as at, least(coalesce(${timeOrNull(toMs)}, now()), now()) as to_at,
            ${believedUntil(sql`o.service_id`, sql`now()`)} as believed,
            (select to_jsonb(y) from (select ${objectiveColumns}) y) as objective
          from (${liveObjective(customerId, serviceId, objectiveId)}) o ${inForce}
        ) z
      ) w`);
    return row === undefined ? null : { objective: row.objective, span: { fromUs: row.fromUs, toUs: row.toUs }, events: row.events };
  },

  alerts: async (customerId, serviceId, objectiveId, isOpen, page) => {
    const [row] = await db.rows<{ alerts: SloAlert[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id desc) from (
        select a.id, a.kind, ${ms("a.fired_at", "firedAtMs")}, a.fired, ${ms("a.resolved_at", "resolvedAtMs")}, a.resolved from slo_alerts a
        where a.objective_id = o.id and a.id < ${before(page)} ${isOpen === null ? sql`` : sql`and (a.resolved_at is null) = ${isOpen}::boolean`}
        order by a.id desc limit ${page.limit}) x), '[]') as alerts
      from (${liveObjective(customerId, serviceId, objectiveId)}) o`);
    return row?.alerts ?? null;
  },

  snapshots: async (customerId, serviceId, objectiveId, page) => {
    const [row] = await db.rows<{ days: DailySnapshot[]; verdicts: JudgedDay[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id desc) from (
        select ${snapshotColumns} from slo_daily_snapshots d
        join slo_objective_versions v on (v.objective_id, v.version) = (d.objective_id, d.version)
        where d.objective_id = o.id and d.day - date '1970-01-01' < ${before(page)}::bigint order by d.day desc limit ${page.limit}) x), '[]') as days,
        coalesce((select jsonb_agg(jsonb_build_object('day', d.day, 'verdict', d.verdict) order by d.day)
          from slo_daily_snapshots d where d.objective_id = o.id), '[]') as verdicts
      from (${liveObjective(customerId, serviceId, objectiveId)}) o`);
    return row === undefined ? null : { ...streaksOf(row.verdicts), days: row.days };
  },
});
