import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { blamedListed } from "../../../domain/slo/avoided.ts";
import type { DowntimeTerms } from "./avoided.ts";
import { currencyAt, microseconds, moment, statesWithin } from "./avoided.ts";

/** What visitors got in a storm `e`, a `StormDowntime` (`domain/slo/avoided.ts`) as jsonb. */
export const stormDowntime = ({ clock, currency }: DowntimeTerms): SQL => {
  const at = moment(clock.nowMs());
  const until = sql`coalesce(e.ended_at, ${at})`;
  const sum = (condition: SQL): SQL => sql`coalesce((select sum(g.us) from g where ${condition}), 0)::bigint`;
  return sql`(
    with g as (
      select p.state, p.avoided, p.upstream_cdn, sum(${microseconds(sql`p.b - p.a`)})::bigint as us
      from (${statesWithin(sql`e.service_id`, sql`e.started_at`, until, at)}) p group by 1, 2, 3
    )
    select jsonb_build_object(
      'avoidedUs', ${sum(sql`g.avoided`)}, 'downUs', ${sum(sql`g.state = 'down'`)},
      'unmeasuredUs', greatest(${microseconds(sql`${until} - e.started_at`)}, 0) - ${sum(sql`g.state <> 'unknown'`)},
      'blamed', coalesce((
        select jsonb_agg(jsonb_build_object('upstreamCdn', b.upstream_cdn, 'us', b.us) order by b.us desc, b.upstream_cdn)
        from (select g.upstream_cdn, g.us from g where g.state = 'down' order by g.us desc, g.upstream_cdn limit ${blamedListed}::int) b), '[]'),
      'centsPerMinute', o.downtime_cents_per_minute, 'currency', ${currencyAt(sql`o.customer_id`, at, currency)})
    from services o where o.id = e.service_id)`;
};
