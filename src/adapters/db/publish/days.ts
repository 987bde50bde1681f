import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { shownDays } from "../../../domain/publish/days.ts";
import { believedUntil } from "../slo/believed.ts";
import { us } from "../slo/tally.ts";

const dayUs = sql.raw("86400000000::float8");

/** Adds up what of each piece `p` lies in the day `d`. */
const within = (which: string): SQL =>
  sql`coalesce(sum(p.sign * (least(p.b, (d.nth + 1) * ${dayUs}) - greatest(p.a, d.nth * ${dayUs}))) filter (where ${sql.raw(which)}), 0)::bigint`;

/**
 * Selects of services what was measured of each of the last days, and how they are now: service_id, "state", "trackedUs" and "days" (jsonb).
 * By the rules of `tallies` in `../slo/tally.ts`: the same spans, believed for as long, the same corrections taken out. As there, nothing
 * is sorted or kept of a span on the way but its times.
 * @param services selects the ids of services, as id
 * @param at the moment, a timestamp
 */
export const measuredDays = (services: SQL, at: SQL): SQL => sql`
  with asked as materialized (
    select s.id as service_id, q.at, date_trunc('day', q.at, 'UTC') - make_interval(hours => ${24 * (shownDays - 1)}::int) as from_at, ${us(sql`q.at`)} as to_us,
      b.until, ${us(sql`b.until`)} as until_us
    from (${services}) s cross join (select ${at}::timestamptz as at) q cross join lateral (select ${believedUntil(sql`s.id`, sql`q.at`)} as until offset 0) b
  ), spans as materialized (
    select k.service_id, k.from_us, k.to_us, ${us(sql`x.started_at`)} as a,
      least(k.to_us, case when x.ended_at <= k.at then ${us(sql`x.ended_at`)} else k.until_us end) as b, x.state
    from (select a.*, ${us(sql`a.from_at`)} as from_us from asked a) k
    join service_states x on x.service_id = k.service_id and coalesce(x.ended_at, 'infinity') > k.from_at and x.started_at <= k.at
  ), tracked as materialized (
    select service_id, min(a) as since from spans group by service_id
  ), corrected as materialized (
    select u.service_id, greatest(lower(r)::float8, u.since) as a, least(upper(r)::float8, u.to_us) as b from (
      select c.service_id, t.since, k.to_us, range_agg(int8range(${us(sql`c.from_at`)}::bigint, ${us(sql`c.to_at`)}::bigint)) as ranges
      from slo_corrections c join asked k on k.service_id = c.service_id join tracked t on t.service_id = c.service_id
      where c.deleted_at is null and c.from_at < k.at and c.to_at > k.from_at group by c.service_id, t.since, k.to_us
    ) u cross join lateral unnest(u.ranges) r
  ), known as materialized (
    select service_id, greatest(a, from_us) as a, b, state from spans where state <> 'unknown' and b > greatest(a, from_us)
  ), pieces as (
    select service_id, a, b, state, 1::float8 as sign from known
    union all
    select k.service_id, greatest(k.a, c.a), least(k.b, c.b), k.state, -1 from known k join corrected c on c.service_id = k.service_id and c.a < k.b and c.b > k.a
    union all
    select c.service_id, greatest(c.a, ${us(sql`k.from_at`)}), c.b, 'corrected', 1 from corrected c join asked k on k.service_id = c.service_id
  ), days as materialized (
    select p.service_id, d.nth, ${within("p.state <> 'corrected'")} as measured, ${within("p.state = 'down'")} as down, ${within("p.state = 'corrected'")} as corrected
    from pieces p cross join lateral generate_series(floor(p.a / ${dayUs})::bigint, floor((p.b - 1) / ${dayUs})::bigint) d(nth)
    where p.b > p.a group by p.service_id, d.nth
  )
  select k.service_id, t.since::bigint as "trackedUs",
    coalesce((select case when k.until < k.at then 'unknown' else x.state end from service_states x where x.service_id = k.service_id and x.ended_at is null), 'unknown') as state,
    coalesce((select jsonb_agg(jsonb_build_object('day', d.nth, 'measuredUs', d.measured, 'downUs', d.down, 'correctedUs', d.corrected) order by d.nth)
      from days d where d.service_id = k.service_id), '[]') as days
  from asked k left join tracked t on t.service_id = k.service_id`;
