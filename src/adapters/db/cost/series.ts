import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { CostBaseline, CostTrendHour, SeriesStore } from "../../ports/cost/series.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import { withinBytes } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";
import { namedSeries, seriesName } from "./series-name.ts";

/** `observed_actors` is a list of names, or of names with the time at which they were seen. */
const actors = sql`(select coalesce(jsonb_agg(coalesce(x->>'name', x#>>'{}') order by n), '[]') from jsonb_array_elements(s.observed_actors) with ordinality o(x, n))`;

const columns = sql`s.id, ${seriesName} as series, s.mean_hourly_cost as mean, s.stddev as deviation, s.event_count as count, ${actors} as actors,
  ${ms("s.last_hour", "lastHourMs")}, ${ms("s.updated_at", "updatedAtMs")}`;

const selected = (where: SQL): SQL => sql`select ${columns} from ${namedSeries} where ${where}`;

/** What is usual, in figures. What it was computed from has hundreds of them, and says nothing to people. */
const told = (row: string): SQL =>
  sql.raw(`jsonb_build_object('id', ${row}.id, 'mean_hourly_cost', ${row}.mean_hourly_cost, 'stddev', ${row}.stddev,
    'event_count', ${row}.event_count)`);

/** Baselines and what they were computed from. */
export const createSeriesStore = (db: Database): SeriesStore => ({
  list: (customerId, filter, page) =>
    db.rows<Paged<CostBaseline>>(
      withinBytes(
        sql`${selected(sql`s.customer_id = ${customerId} and s.id > ${page.afterId ?? 0}
          and (${filter.serviceId ?? null}::bigint is null or s.service_id = ${filter.serviceId ?? null}::bigint)
          and (${filter.kind ?? null}::text is null or s.kind = ${filter.kind ?? null}::text)`)} order by s.id limit ${page.limit}`,
        sql`id`,
      ),
    ),

  find: async (customerId, id) => {
    const [row] = await db.rows<CostBaseline>(selected(sql`s.customer_id = ${customerId} and s.id = ${id}`));
    return row ?? null;
  },

  // Its last hour stays: none is scored twice. Whoever is scoring it sees by its version that it was begun anew meanwhile.
  reset: async (customerId, id, change) => {
    const [row] = await write<CostBaseline>(
      db,
      sql`
      with was as (select * from cost_series where id = ${id} and customer_id = ${customerId}
      ), s as (
        update cost_series s set memory = 'null', mean_hourly_cost = 0, stddev = 0, event_count = 0, observed_actors = '[]', version = s.version + 1,
          updated_at = now()
        from was where s.id = was.id returning s.*
      ), seasons as (delete from cost_seasons x using was where x.series_id = was.id
      ), audit as (${auditRow(
        change,
        "reset",
        "cost_baseline",
        sql`select s.id as object_id, s.customer_id, ${told("was")} as before, ${told("s")} as after from s, was`,
      )}
      )
      select ${columns} from s left join services v on v.id = s.service_id`,
      {},
      sql`select 1 from cost_series where id = ${id} and customer_id = ${customerId} for update`,
    );
    return row ?? null;
  },

  hours: async (customerId, id, { fromMs, toMs }) => {
    const [row] = await db.rows<{ readonly hours: CostTrendHour[] }>(sql`
      select coalesce((select jsonb_agg(x order by x."hourMs") from (
        select ${ms("h.hour", "hourMs")}, h.value, h.score, h.severity, h.label,
          case when h.usual_mean is not null and h.usual_low is not null and h.usual_high is not null
            then jsonb_build_object('low', h.usual_low, 'mean', h.usual_mean, 'high', h.usual_high) end as usual
        from cost_hours h where h.series_id = s.id and h.hour >= ${isoTime(fromMs)}::timestamptz and h.hour < ${isoTime(toMs)}::timestamptz) x), '[]') as hours
      from cost_series s where s.id = ${id} and s.customer_id = ${customerId}`);
    return row?.hours ?? null;
  },
});
