import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Measurers } from "../../ports/metering/ingest.ts";
import { holdingsCte } from "./holdings.ts";

/** Whether somebody measures a CDN of a customer's service, as a condition. */
export const measuredBy = ({ cdns, accounts }: Measurers, customerId: string, cdn: string): SQL => sql`
  (${JSON.stringify(cdns)}::jsonb ? ${sql.raw(cdn)}
    or ${JSON.stringify(accounts.map((one) => `${one.customerId} ${one.cdn}`))}::jsonb ? (${sql.raw(customerId)} || ' ' || ${sql.raw(cdn)}))`;

/** The same, by the accounts that the database knows. */
export const measuredByStored = (cdns: readonly string[], customerId: string, cdn: string): SQL => sql`
  (${JSON.stringify(cdns)}::jsonb ? ${sql.raw(cdn)} or exists (
    select from cdn_accounts a where a.customer_id = ${sql.raw(customerId)} and a.cdn = ${sql.raw(cdn)} and a.deleted_at is null))`;

const bound = (name: "lower" | "upper"): SQL => sql`
  case when bool_and(r.sampling is null or (r.sampling->>${name}::text) is not null)
    then sum(coalesce((r.sampling->>${name}::text)::numeric, r.bytes))::bigint end`;

/** The CTE `touched_readings`: what is stored of the touched windows, and nothing else. */
export const touchedReadingsCte: SQL = sql`touched_readings as materialized (
    select r.domain_id, r.cdn, r.from_at, r.bytes, r.sampling
    from touched w
    join usage_readings r on r.service_id = w.service_id and r.window_start = w.window_start
  )`;

export type FactsQuery = {
  readonly windowSeconds: number;
  /** `measuredBy` of the slices `r`. */
  readonly measured: SQL;
  /** A relation (domain_id, cdn, from_at, bytes, sampling) with the readings of the touched windows, and no others. */
  readonly readings: string;
  /** A relation with the pushes of the touched windows; others in it do not matter. */
  readonly pushes: string;
  /** Which sides `b` (service_id, window_start, side) are derived; the others stay as they are. Default: every one. */
  readonly only?: SQL;
};

/**
 * The CTEs that lead from `touched` (service_id, window_start, window_end) and `stands` to `derived`: each window's
 * totals by its facts, that is by readings per host, pushes, and the history of who held what (semantics §8). One row per
 * window; `primary_bytes` and the like are null where nothing was reported for that side.
 *
 * A side is the sum of its slices' readings. What was pushed for the rest is added while some CDN of that side has no reading
 * in the window; once all have, the greater of both counts, so that an account that saw nothing takes back nothing. An
 * admin's figure for the whole takes the place of all readings. Incomplete is a side of which a slice that
 * somebody measures has no reading, or none for good while its host can not be read.
 *
 * Rows are brought together by grouping, not by joins: the planner knows nothing of the size of a CTE, and a nested loop
 * over five thousand rows on either side takes seconds.
 */
export const factsCtes = ({ windowSeconds, measured, readings, pushes, only = sql`true` }: FactsQuery): SQL => sql`
${holdingsCte(
  windowSeconds,
  sql`t.service_id in (select service_id from touched)
  and t.from_at < (select max(window_end) from touched)
  and coalesce(t.to_at, 'infinity') > (select min(window_start) from touched)`,
)},
slices as materialized (
  select w.service_id, w.window_start, h.customer_id, h.domain_id, h.host, h.cdn, h.side,
    greatest(h.from_at, w.window_start) as from_at, least(h.to_at, w.window_end) as to_at
  from touched w
  join holdings h on h.service_id = w.service_id and h.from_at < w.window_end and h.to_at > w.window_start
), slice_readings as materialized (
  select max(service_id) as service_id, max(window_start) as window_start, max(side) as side, max(customer_id) as customer_id,
    domain_id, cdn, max(to_at) as to_at, max(bytes) as bytes, (array_agg(sampling) filter (where sampling is not null))[1] as sampling
  from (
    select service_id, window_start, side, customer_id, domain_id, cdn, from_at, to_at, null::bigint as bytes, null::jsonb as sampling
    from slices
    union all
    select null, null, null, null, domain_id, cdn, from_at, null, bytes, sampling from ${sql.raw(readings)}
  ) x
  group by domain_id, cdn, from_at
  having max(side) is not null
), sums as (
  select r.service_id, r.window_start, r.side, sum(r.bytes)::bigint as bytes,
    array_agg(distinct r.cdn order by r.cdn) filter (where r.bytes is not null) as cdns,
    bool_or((r.bytes is null and ${measured})
      or (m.unreadable_since is not null and r.to_at > coalesce(m.settled_until, '-infinity') and ${measured})) as incomplete,
    case when bool_or(r.sampling is not null) then jsonb_build_object(
      'interval', max(coalesce((r.sampling->>'interval')::numeric, 1)), 'lower', ${bound("lower")}, 'upper', ${bound("upper")}) end as sampling
  from slice_readings r
  left join metering_marks m on m.domain_id = r.domain_id and m.cdn = r.cdn
  group by r.service_id, r.window_start, r.side
), facts as (
  select w.service_id, w.window_start, w.window_end, x.side, null::bigint as bytes, null::text[] as cdns, null::boolean as incomplete,
    null::jsonb as sampling, null::text as standing, null::bigint as pushed, null::text as covers
  from touched w cross join (values ('primary'), ('backup')) x (side)
  union all
  select service_id, window_start, null, side, bytes, cdns, incomplete, sampling, null, null, null from sums
  union all
  select h.service_id, w.window_start, null, h.side, null, null, null, null, h.cdn, null, null
  from touched w
  join stands h on h.service_id = w.service_id and h.from_at < w.window_end and h.to_at > w.window_start
  union all
  select p.service_id, p.window_start, null, p.side, null, null, null, null, null, p.bytes, p.covers
  from touched w
  join ${sql.raw(pushes)} p on p.service_id = w.service_id and p.window_start = w.window_start
), brought as (
  select service_id, window_start, max(window_end) as window_end, side, max(bytes) as bytes,
    coalesce(max(cdns), '{}') as cdns, coalesce(bool_or(incomplete), false) as incomplete,
    (array_agg(sampling) filter (where sampling is not null))[1] as sampling, max(pushed) as pushed,
    max(covers) = 'whole' as whole,
    array_agg(standing) filter (where standing is not null) as standing, max(covers) = 'rest' as rest
  from facts
  group by service_id, window_start, side
), sides as (
  select service_id, window_start, window_end, side,
    case when whole then pushed when rest and has_rest then pushed + coalesce(bytes, 0)
      when rest then greatest(pushed, bytes) else bytes end as bytes,
    case when whole or (rest and not has_rest and pushed > bytes) then 'push'
      when rest and has_rest then array_to_string(cdns || 'push'::text, '+')
      when bytes is not null then array_to_string(cdns, '+') end as source,
    case when not coalesce(whole, false) then sampling end as sampling,
    incomplete and not coalesce(whole, false) as incomplete
  -- A push has something to cover while a CDN stood there that has no reading, or nothing is known of who stood there.
  from (select *, standing is null or not standing <@ cdns as has_rest from brought) b
  where ${only}
), derived as materialized (
  select service_id, window_start, max(window_end) as window_end,
    max(bytes) filter (where side = 'primary') as primary_bytes, max(bytes) filter (where side = 'backup') as backup_bytes,
    max(source) filter (where side = 'primary') as primary_source, max(source) filter (where side = 'backup') as backup_source,
    (array_agg(sampling) filter (where side = 'primary'))[1] as primary_sampling,
    (array_agg(sampling) filter (where side = 'backup'))[1] as backup_sampling,
    bool_or(incomplete) filter (where side = 'primary') as primary_incomplete,
    bool_or(incomplete) filter (where side = 'backup') as backup_incomplete
  from sides
  group by service_id, window_start
)`;
