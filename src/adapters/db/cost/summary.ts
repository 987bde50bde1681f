import { sql } from "drizzle-orm";
import type { CostSummary, CostSummaryStore } from "../../ports/cost/summary.ts";
import { mostSummarised } from "../../ports/cost/summary.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";
import { namedSeries, seriesName } from "./series-name.ts";

/** Sums over the hours under a condition: with one hour of which nothing was usual yet, nothing is of the whole. */
const sums = (name: string, condition: string) =>
  sql.raw(`coalesce(sum(value) filter (where ${condition}), 0) as ${name}_value, count(*) filter (where ${condition}) as ${name}_hours,
    case when count(*) filter (where ${condition}) = count(usual_mean) filter (where ${condition}) then sum(usual_mean) filter (where ${condition}) end as ${name}_usual`);

const span = (name: string) => sql.raw(`jsonb_build_object('value', e.${name}_value, 'usual', e.${name}_usual, 'hours', e.${name}_hours)`);

/** Computed once: inlined they would be computed for every hour. */
const bounds = sql`
  select n as until, n - interval '24 hours' as day_from, n - interval '7 days' as week_from from (select date_trunc('hour', now(), 'UTC') as n) t`;

/** The last 24 hours, and the last 7 days, that are over: numbers alone, as there may be thousands of series. */
const egress = (customerId: number) => sql`
  select s.id, h.*, row_number() over (order by h.day_value desc, s.id) as place
  from bounds e, ${namedSeries} cross join lateral (
    select ${sums("day", "hour >= e.day_from")}, ${sums("week", "true")}
    from cost_hours where series_id = s.id and hour >= e.week_from and hour < e.until) h
  where s.customer_id = ${customerId} and s.kind = 'egress' and v.deleted_at is null`;

/** Those that are shown, with their names. */
const shown = sql`
  select e.place, s.id as "seriesId", ${seriesName} as series, ${span("day")} as day, ${span("week")} as week
  from egress e join (${namedSeries}) on s.id = e.id where e.place <= ${mostSummarised}::int`;

/** How a customer's costs stand, in one statement. */
export const createCostSummaryStore = (db: Database): CostSummaryStore => ({
  summary: async (customerId) => {
    const [row] = await db.rows<CostSummary>(sql`
      with bounds as materialized (${bounds}), egress as (${egress(customerId)})
      select ${ms("now()", "asOfMs")},
        (select coalesce(jsonb_agg(to_jsonb(x) - 'place' order by x.place), '[]') from (${shown}) x) as egress,
        (select count(*) from egress where place > ${mostSummarised}::int) as omitted,
        (select jsonb_build_object('critical', count(*) filter (where severity = 'critical'), 'high', count(*) filter (where severity = 'high'),
            'medium', count(*) filter (where severity = 'medium'))
          from cost_anomalies where customer_id = ${customerId} and (state = 'open' or (state = 'snoozed' and snoozed_until <= now()))) as anomalies,
        (select jsonb_build_object('open', count(*), 'critical', count(*) filter (where severity = 'critical'),
            'monthlyWasteCents', coalesce(sum(estimated_monthly_waste), 0), 'unpriced', count(*) filter (where estimated_monthly_waste is null))
          from zombies where customer_id = ${customerId} and state = 'open') as zombies,
        (select jsonb_build_object('waiting', coalesce(sum(cardinality(event_ids)) filter (where state = 'queued'), 0),
            'dead', coalesce(sum(cardinality(event_ids)) filter (where state = 'dead'), 0))
          from cost_batches where customer_id = ${customerId}) as events`);
    if (row === undefined) throw new Error("a select of one row returned none");
    return row;
  },
});
