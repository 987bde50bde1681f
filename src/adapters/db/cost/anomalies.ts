import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import { isoTime } from "../../../iso-time.ts";
import type { AnomalyChange, AnomalyStore, CostAnomaly } from "../../ports/cost/anomalies.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";
import { namedSeries, seriesName } from "./series-name.ts";

/** One that was snoozed is open again by itself, from the moment on. */
const isAwake = sql`(a.state = 'snoozed' and a.snoozed_until <= now())`;
const state = sql`case when ${isAwake} then 'open' else a.state end`;

export const anomalyColumns = sql`a.id, a.series_id as "seriesId", ${seriesName} as series, ${state} as state, a.severity, a.score, a.explanation, a.figures,
  a.value, a.usual, ${ms("a.first_hour", "firstHourMs")}, ${ms("a.last_hour", "lastHourMs")}, a.hours,
  case when not ${isAwake} then trunc(extract(epoch from a.snoozed_until) * 1000)::bigint end as "snoozedUntilMs",
  a.changed_by as "changedBy", ${ms("a.changed_at", "changedAtMs")}, a.note, a.mode, ${ms("a.created_at", "createdAtMs")},
  ${ms("a.resolved_at", "resolvedAtMs")}`;

/** What people read of a change in the audit log: the explanation and its figures stay where they are. */
const told = (row: string): SQL =>
  sql.raw(`jsonb_build_object('id', ${row}.id, 'series_id', ${row}.series_id, 'state', ${row}.state, 'severity', ${row}.severity,
    'snoozed_until', ${row}.snoozed_until, 'note', ${row}.note)`);

/** What a person's word does to each column. That it was expected is remembered beyond its end, until somebody opens it again. */
const wordOf = (to: AnomalyChange): SQL => sql`
  state = ${to.state}, note = ${to.note}, changed_at = now(),
  snoozed_until = ${to.state === "snoozed" ? isoTime(to.untilMs) : null}::timestamptz,
  resolved_at = case when ${to.state === "resolved"}::boolean then now() end,
  expected_at = case ${to.state} when 'expected' then coalesce(a.expected_at, now()) when 'open' then null else a.expected_at end`;

const resolved = () =>
  new AppError("conflict", "the anomaly is resolved: it is history, and what is odd of its series next will be another one");

/** Anomalies of cost. */
export const createAnomalyStore = (db: Database): AnomalyStore => {
  const selected = (where: SQL): SQL => sql`
    select ${anomalyColumns} from cost_anomalies a join (${namedSeries}) on s.id = a.series_id where ${where}`;

  return {
    list: (customerId, filter, page) =>
      db.rows<Paged<CostAnomaly>>(
        withinBytes(
          sql`${selected(sql`a.customer_id = ${customerId}
            and (${filter.state ?? null}::text is null or ${state} = ${filter.state ?? null}::text)
            and (${filter.serviceId ?? null}::bigint is null or s.service_id = ${filter.serviceId ?? null}::bigint)
            and (${page.afterId}::bigint is null or a.id < ${page.afterId}::bigint)`)} order by a.id desc limit ${page.limit}`,
          sql`id desc`,
        ),
      ),

    find: async (customerId, id) => {
      const [row] = await db.rows<CostAnomaly>(selected(sql`a.customer_id = ${customerId} and a.id = ${id}`));
      return row ?? null;
    },

    change: async (customerId, id, to, change) => {
      const [row] = await write<{ readonly anomaly: CostAnomaly | null }>(
        db,
        sql`
        with was as (select * from cost_anomalies where id = ${id} and customer_id = ${customerId}
        ), a as (
          update cost_anomalies a set ${wordOf(to)}, changed_by = ${change.actor} from was where a.id = was.id and a.resolved_at is null returning a.*
        ), audit as (${auditRow(
          change,
          "update",
          "cost_anomaly",
          sql`select a.id as object_id, a.customer_id, ${told("was")} as before, ${told("a")} as after from a, was`,
        )}
        )
        select (select to_jsonb(y) from (select ${anomalyColumns} from a join (${namedSeries}) on s.id = a.series_id) y) as anomaly from was`,
        {},
        sql`select 1 from cost_anomalies where id = ${id} and customer_id = ${customerId} for update`,
      );
      if (row === undefined) return null;
      if (row.anomaly === null) throw resolved();
      return row.anomaly;
    },
  };
};
