import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { costsACent, isWithheld, termsOf } from "./billing-due.ts";
import type { DueRules } from "./billing-due.ts";

export const ids = (values: readonly number[]): SQL => sql`${`{${values.join(",")}}`}::bigint[]`;

/**
 * n / d to the nearest integer, halves away from zero, for n >= 0 and d > 0. On `div`, which is exact: `/` keeps some
 * 16 digits only, so `round(n / d)` sees a half where the quotient lies just below one.
 */
const nearest = (n: SQL, d: SQL): SQL => sql`div((${n}) * 2 + ${d}, ${d} * 2)`;

/** What a side's bytes cost; 1073741824 = 2^30 bytes are the gigabyte of the rate. */
const charge = (bytes: SQL): SQL => nearest(sql`${bytes} * w.rate`, sql`1073741824::numeric`);

/**
 * Until when a storm counts: its end; while recovering, since when; while open, beyond any window. A corroborated one counts
 * only for as long as its CDN was seen failing.
 */
const stormEnd = sql`least(case e.state when 'ended' then e.ended_at when 'recovering' then e.recovering_since
  else 'infinity'::timestamptz end, e.credited_until)`;

const microseconds = (interval: SQL): SQL => sql`extract(epoch from ${interval}) * 1000000`;

/** No window is longer than a day (USAGE_WINDOW): bounds the search for the windows of a span. */
const longestWindow = sql`interval '1 day'`;

/** The condition by which `storm_events e` may lie in a window `w`: an index knows when each storm ended. */
const isNear = sql`e.service_id = w.service_id and e.started_at < w.window_end and coalesce(e.ended_at, 'infinity') > w.window_start`;

/** By that index, window by window: a service may have had thousands, and those of all services are not scanned. */
const nearStorms = sql`cross join lateral (select e.* from storm_events e where ${isNear} offset 0) e`;
/** For a CTE `storm_events` in place of the table: few rows, no index. */
export const stormsAtHand = sql`join storm_events e on ${isNear}`;

/** The CTE `uncredited`: the storms of the windows in `entries` that have earned nothing so far, and why. */
export const uncreditedCte = sql`uncredited as (
  select snapshot_id, n.storm_id, n.credit, n.reason from entries w join near_parts n using (snapshot_id) where n.credit <> 'earned'
)`;

/**
 * The CTEs `near_parts` (storms whatever they earn), `storm_parts` (those that earn) and `priced` over a CTE `windows` (snapshot_id, service_id, window_start, window_end,
 * primary_bytes, backup_bytes, rate, discount_rate, ...): semantics §9 to the cent. `domain/billing/pricing.ts` explains the same.
 */
export const pricedCtes = (storms: SQL): SQL => sql`near_parts as materialized (
  select w.snapshot_id, e.id as storm_id, e.max_coverage_factor as factor, e.credit, e.credit_reason as reason,
    greatest(e.started_at, w.window_start) as from_at, least(${stormEnd}, w.window_end) as to_at
  from windows w
  ${storms}
  where ${stormEnd} > w.window_start and ${stormEnd} > e.started_at
), storm_parts as (
  select snapshot_id, storm_id, factor, from_at, to_at from near_parts where credit = 'earned'
), stormy as (
  select snapshot_id, max(factor) as factor, range_agg(tstzrange(from_at, to_at)) as storms
  from storm_parts
  group by snapshot_id
), covered as (
  select snapshot_id, factor, (select sum(${microseconds(sql`upper(r) - lower(r)`)}) from unnest(storms) r) as storm_us
  from stormy
), charged as (
  select w.*,
    ${charge(sql`w.primary_bytes`)} as primary_cents,
    ${charge(sql`w.backup_bytes`)} as backup_cents,
    coalesce(c.storm_us, 0) as storm_us, coalesce(c.factor, 0) as factor,
    ${microseconds(sql`(w.window_end - w.window_start)`)} as window_us
  from windows w
  left join covered c using (snapshot_id)
), priced as materialized (
  select *, primary_cents + backup_cents as amount,
    least(primary_cents + backup_cents,
      ${nearest(sql`backup_cents * discount_rate * storm_us * factor`, sql`window_us`)}) as discount
  from charged
)`;

/** What was issued for a window so far: its line, with the terms frozen onto it, and every adjustment since. */
export const issuedFor = (snapshotId: SQL): SQL => sql`
  join invoice_line_items l on l.snapshot_id = ${snapshotId} and l.kind = 'usage'
  cross join lateral (
    select l.primary_bytes + coalesce(sum(a.primary_bytes), 0) as primary_bytes,
      l.backup_bytes + coalesce(sum(a.backup_bytes), 0) as backup_bytes,
      l.amount_cents + coalesce(sum(a.amount_cents), 0) as amount,
      l.discount_cents + coalesce(sum(a.discount_cents), 0) as discount
    from invoice_line_items a
    where a.snapshot_id = ${snapshotId} and a.kind = 'adjustment'
  ) was`;

export type EntriesQuery = DueRules & {
  readonly maxWindows: number;
  /** Whether the windows to bill are locked: bytes that are being replaced are then waited for. */
  readonly lock: boolean;
};

/**
 * The CTEs that lead from `chosen` (`chosenCtes`) to `entries`: what an invoice run bills these customers. Ordinary lines
 * for what is unbilled, and differences for billed windows for which a cause was noted (`seen`) and whose bytes or cents
 * are no longer what was issued. What costs something comes first under the limit. Of a customer and currency of which no
 * line has cents (`weighed`) there are no entries: it waits. Locks in (service, window) order, as those who store usage do.
 * `<>` instead of `= 'usage'`: the planner takes an equality for rare, and would join thousands of lines in nested loops.
 */
export const entriesCtes = (query: EntriesQuery): SQL => sql`eligible as (
  select u.id, u.service_id, u.window_start, c.customer_id, c.arrears_until, c.rides, ${costsACent(query)} as costs, t.id as terms_id,
    coalesce(t.rate_cents_per_gb, ${query.defaults.rateCentsPerGb}::numeric) as rate,
    coalesce(t.discount_rate, ${query.defaults.discountRate}::numeric) as discount_rate,
    coalesce(t.currency, ${query.defaults.currency}) as currency
  from chosen c
  join services s on s.customer_id = c.customer_id
  join usage_snapshots u on u.service_id = s.id
  ${termsOf(sql`c.customer_id`)}
  where u.invoice_id is null and u.window_end <= c.bill_until and not ${isWithheld(query)}
), picked as materialized (
  select * from eligible
  where rides
  order by costs desc, service_id, window_start
  limit ${query.maxWindows}
), due as materialized (
  select u.id as snapshot_id, p.customer_id, u.service_id, u.window_start, u.window_end, u.primary_bytes, u.backup_bytes,
    p.rate, p.discount_rate, p.currency, p.terms_id, u.window_end <= p.arrears_until as arrears,
    u.primary_incomplete or u.backup_incomplete as estimated
  from picked p
  join usage_snapshots u on u.id = p.id
  where u.invoice_id is null and not ${isWithheld(query)}
  order by u.service_id, u.window_start
  ${query.lock ? sql`for update of u` : sql``}
), seen as materialized (
  select n.id, s.customer_id, n.service_id, n.from_at, n.to_at, n.idle
  from chosen c
  join services s on s.customer_id = c.customer_id
  join adjustment_causes n on n.service_id = s.id
  where c.rides
), touched as materialized (
  select distinct u.id as snapshot_id, n.customer_id
  from seen n
  join usage_snapshots u on u.service_id = n.service_id and u.window_start < n.to_at
    and u.window_start > n.from_at - ${longestWindow} and u.window_end > n.from_at
  where u.invoice_id is not null
), windows as materialized (
  select 'usage' as kind, d.*,
    0::numeric as was_primary_bytes, 0::numeric as was_backup_bytes, 0::numeric as was_amount, 0::numeric as was_discount
  from due d
  union all
  select 'adjustment', u.id, c.customer_id, u.service_id, u.window_start, u.window_end,
    coalesce(k.primary_bytes, u.primary_bytes), coalesce(k.backup_bytes, u.backup_bytes),
    l.rate_cents_per_gb, l.discount_rate, l.currency, l.terms_id, false,
    coalesce(k.primary_incomplete or k.backup_incomplete, u.primary_incomplete or u.backup_incomplete),
    was.primary_bytes, was.backup_bytes, was.amount, was.discount
  from touched c
  join usage_snapshots u on u.id = c.snapshot_id
  left join usage_corrections k on k.snapshot_id = u.id
  ${issuedFor(sql`u.id`)}
), ${pricedCtes(nearStorms)}, adjusted as materialized (
  select *, (amount, discount) is distinct from (was_amount, was_discount) as costs from priced
  where kind = 'adjustment' and (primary_bytes, backup_bytes, amount, discount)
    is distinct from (was_primary_bytes, was_backup_bytes, was_amount, was_discount)
  order by costs desc, service_id, window_start
  limit ${query.maxWindows}
), weighed as materialized (
  select kind, snapshot_id, customer_id, service_id, window_start, window_end, rate, discount_rate, currency, terms_id,
    arrears, estimated, storm_us, factor, primary_bytes - was_primary_bytes as primary_bytes,
    backup_bytes - was_backup_bytes as backup_bytes, amount - was_amount as amount, discount - was_discount as discount
  from (select *, false as costs from priced where kind <> 'adjustment' union all select * from adjusted) x
), speaking as materialized (
  select distinct w.customer_id, w.currency from weighed w
  where w.amount <> 0 or w.discount <> 0
), entries as materialized (
  select * from weighed
  where (customer_id, currency) in (select s.customer_id, s.currency from speaking s)
)`;
