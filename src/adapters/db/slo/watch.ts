import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { BudgetWatch, WatchedChange, WatchedObjective } from "../../ports/slo/watch.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { tallies, talliesOf, tallyColumns } from "./tally.ts";
import type { TallyRow } from "./tally.ts";
import { inForce, objectiveColumns } from "./terms.ts";

const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;

/** For so long what is over, or has changed, is still looked at: a run of each minute sees it at least twice. */
const recently = sql.raw("interval '3 minutes'");

/** What may have changed of the objective `o` of the service `s`. Each condition is answered by an index. */
const isChanging = (nowMs: number): SQL => sql`(
  exists (select from slo_alerts a where a.objective_id = o.id and a.resolved_at is null)
  or exists (select from service_states x where x.service_id = s.id and coalesce(x.ended_at, 'infinity') > ${at(nowMs)} - ${recently}
    and (x.state = 'down' or x.outage_at is not null))
  or o.updated_at > ${at(nowMs)} - ${recently}
  or exists (select from slo_corrections c where c.service_id = s.id and greatest(c.created_at, c.deleted_at) > ${at(nowMs)} - ${recently}))`;

const idList = (ids: readonly number[]): SQL => sql`${`{${ids.join()}}`}::bigint[]`;

type Row = TallyRow & WatchedObjective["terms"] & { readonly id: number; readonly open: WatchedObjective["open"] };

const rowsOf = ({ objectiveId, open, fire, resolve, note }: WatchedChange) => {
  const wasMs = (kind: string) => open.find((one) => one.kind === kind)?.belowSinceMs ?? null;
  return [
    ...fire.map(({ kind, figures }) => ({ objective: objectiveId, kind, does: "fire", figures })),
    ...resolve.map(({ kind, figures }) => ({ objective: objectiveId, kind, does: "resolve", was: wasMs(kind), figures })),
    ...note.map(({ kind, belowSinceMs }) => ({ objective: objectiveId, kind, does: "note", was: wasMs(kind), below: belowSinceMs })),
  ];
};

/** An objective that is being deleted gets no alert that would stay open: its row is locked as its deletion locks it. */
const save = (fence: Fence, changes: readonly WatchedChange[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, sent as (
    select * from jsonb_to_recordset(${JSON.stringify(changes.flatMap(rowsOf))}::jsonb) as x(objective bigint, kind text, does text, was bigint, below bigint, figures jsonb)
  ), live as materialized (
    select o.id, o.service_id from slo_objectives o
    where o.id in (select objective from sent) and o.deleted_at is null and exists (select from fence)
    order by o.id for share of o
  ), fired as (
    insert into slo_alerts (objective_id, service_id, kind, fired_at, fired)
    select l.id, l.service_id, x.kind, ${at(nowMs)}, x.figures from sent x join live l on l.id = x.objective where x.does = 'fire' order by l.id, x.kind
    on conflict (objective_id, kind) where resolved_at is null do nothing returning 1
  ), changed as (
    update slo_alerts a set
      below_since = case when x.does = 'note' then to_timestamp(x.below / 1000.0) else a.below_since end,
      resolved_at = case when x.does = 'resolve' then greatest(a.fired_at, ${at(nowMs)}) end,
      resolved = case when x.does = 'resolve' then x.figures end
    from sent x join live l on l.id = x.objective
    where x.does <> 'fire' and a.objective_id = x.objective and a.kind = x.kind and a.resolved_at is null and epoch_ms(a.below_since) is not distinct from x.was
    returning x.does
  )
  select exists (select from fence) as held, (select count(*) from fired) as fired,
    (select count(*) from changed where does = 'resolve') as resolved`;

/** Burn alerts over the database. */
export const createBudgetWatch = (db: Database): BudgetWatch => ({
  candidates: async (scope, seed, nowMs, limit) => {
    const rows = await db.rows<{ id: number }>(sql`
      select x.id from (
        select o.id, row_number() over (partition by s.customer_id order by hashint8extended(o.id, ${seed}::bigint)) as nth
        from slo_objectives o join services s on s.id = o.service_id
        where o.deleted_at is null and s.deleted_at is null ${scope === "all" ? sql`` : sql`and ${isChanging(nowMs)}`}
      ) x order by x.nth, x.id limit ${limit}::int`);
    return rows.map(({ id }) => id);
  },

  measure: async (objectiveIds, nowMs) => {
    const rows = await db.rows<Row>(sql`
      with chosen as materialized (
        select ${objectiveColumns}, v.window_days, v.calendar
        from slo_objectives o join services s on s.id = o.service_id ${inForce}
        where o.id = any(${idList(objectiveIds)}) and o.deleted_at is null and s.deleted_at is null
      ), t as materialized (${tallies(
        sql`select id, "serviceId" as service_id, window_days, calendar, "dependencyExclusion" as dependency_exclusion, "excludedUpstreams" as excluded_upstreams from chosen`,
        at(nowMs),
        sql`c.deleted_at is null`,
      )})
      select c.*, ${tallyColumns("t")}, coalesce((
        select jsonb_agg(jsonb_build_object('kind', a.kind, 'belowSinceMs', epoch_ms(a.below_since))) from slo_alerts a
        where a.objective_id = c.id and a.resolved_at is null), '[]') as open
      from chosen c join t on t."objectiveId" = c.id order by c.id`);
    return rows.map((row) => {
      const { target, window, dependencyExclusion, excludedUpstreams, burnWarningPercent, burnCriticalPercent, fastBurnMultiplier } = row;
      return {
        objectiveId: row.id,
        terms: { target, window, dependencyExclusion, excludedUpstreams, burnWarningPercent, burnCriticalPercent, fastBurnMultiplier },
        tallies: talliesOf(row),
        open: row.open,
      };
    });
  },

  save: async (fence, changes, nowMs) => {
    const [row] = await db.rows<{ held: boolean; fired: number; resolved: number }>(save(fence, changes, nowMs));
    return row?.held === true ? { fired: row.fired, resolved: row.resolved } : null;
  },
});
