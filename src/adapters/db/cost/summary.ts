import { sql } from "drizzle-orm";
import type { CostSummary, CostSummaryStore } from "../../ports/cost/summary.ts";
import { mostSummarised } from "../../ports/cost/summary.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";
import { namedSeries, seriesName } from "./series-name.ts";

/** `SpanSum` of the hours under a condition: with one hour of which nothing was usual yet, nothing is of the whole. */
const span = (condition: string) =>
  sql.raw(`jsonb_build_object('value', coalesce(sum(h.value) filter (where ${condition}), 0), 'hours', count(h.hour) filter (where ${condition}),
    'usual', case when count(h.hour) filter (where ${condition}) = count(h.usual_mean) filter (where ${condition}) then sum(h.usual_mean) filter (where ${condition}) end)`);

/** The last 24 hours, and the last 7 days, that are over. */
const egress = (customerId: number) => sql`
  select s.id as "seriesId", ${seriesName} as series, ${span("h.hour >= e.until - interval '24 hours'")} as day, ${span("true")} as week,
    row_number() over (order by coalesce(sum(h.value) filter (where h.hour >= e.until - interval '24 hours'), 0) desc, s.id) as place
  from ${namedSeries} cross join (select date_trunc('hour', now(), 'UTC') as until) e
    left join cost_hours h on h.series_id = s.id and h.hour >= e.until - interval '7 days' and h.hour < e.until
  where s.customer_id = ${customerId} and s.kind = 'egress' and v.deleted_at is null
  group by s.id, v.name`;

/** How a customer's costs stand, in one statement. */
export const createCostSummaryStore = (db: Database): CostSummaryStore => ({
  summary: async (customerId) => {
    const [row] = await db.rows<CostSummary>(sql`
      with egress as (${egress(customerId)})
      select ${ms("now()", "asOfMs")},
        (select coalesce(jsonb_agg(to_jsonb(x) - 'place' order by x.place), '[]') from egress x where x.place <= ${mostSummarised}::int) as egress,
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
