import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { blamedListed } from "../../../domain/slo/avoided.ts";
import type { DowntimeTerms } from "./avoided.ts";
import { currencyAt, microseconds, moment, statesWithin } from "./avoided.ts";

/** What a storm `e` is priced by: expressions for its service's price of a minute, and its customer. */
type Whose = { readonly price: SQL; readonly customerId: SQL };

const ofStorm: Whose = {
  price: sql`(select o.downtime_cents_per_minute from services o where o.id = e.service_id)`,
  customerId: sql`(select o.customer_id from services o where o.id = e.service_id)`,
};

/** What visitors got in a storm `e`, a `StormDowntime` (`domain/slo/avoided.ts`) as jsonb. */
export const stormDowntime = ({ clock, currency }: DowntimeTerms, { price, customerId } = ofStorm): SQL => {
  const at = moment(clock.nowMs());
  const until = sql`coalesce(e.ended_at, ${at})`;
  const sum = (condition: SQL): SQL => sql`coalesce(sum(g.us) filter (where ${condition}), 0)::bigint`;
  return sql`(
    select jsonb_build_object(
      'avoidedUs', ${sum(sql`g.avoided`)}, 'downUs', ${sum(sql`g.state = 'down'`)},
      'unmeasuredUs', greatest(${microseconds(sql`${until} - e.started_at`)}, 0) - ${sum(sql`g.state <> 'unknown'`)},
      'blamed', coalesce(jsonb_agg(jsonb_build_object('upstreamCdn', g.upstream_cdn, 'us', g.us) order by g.place)
        filter (where g.state = 'down' and g.place <= ${blamedListed}::int), '[]'),
      'centsPerMinute', ${price},
      'currency', ${currencyAt(customerId, at, currency)})
    from (
      select p.state, p.avoided, p.upstream_cdn, sum(${microseconds(sql`p.b - p.a`)})::bigint as us,
        row_number() over (partition by p.state order by sum(p.b - p.a) desc, p.upstream_cdn) as place
      from (${statesWithin(sql`e.service_id`, sql`e.started_at`, until, at)}) p group by p.state, p.avoided, p.upstream_cdn
    ) g)`;
};
