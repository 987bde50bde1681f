import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Measurers } from "../ports/ingest.ts";
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

export type FactsQuery = {
  readonly windowSeconds: number;
  /** `measuredBy` of the slices `s`. */
  readonly measured: SQL;
  /** The relation that holds the readings of the touched windows: the table, or a CTE of its form. */
  readonly readings: string;
  /** Likewise the pushes. */
  readonly pushes: string;
};

/**
 * Whether a side `p` (service_id, side) of a window `w` has a part that can only be pushed: some CDN stood there of whose
 * hosts there is no reading in the window, or nothing is known of who stood there.
 */
const hasRest = (p: string, w: string): SQL => sql.raw(`(
  not exists (
    select from stands h
    where h.service_id = ${p}.service_id and h.side = ${p}.side and h.from_at < ${w}.window_end and h.to_at > ${w}.window_start)
  or exists (
    select from stands h
    where h.service_id = ${p}.service_id and h.side = ${p}.side and h.from_at < ${w}.window_end and h.to_at > ${w}.window_start
      and not exists (
        select from figures f
        where f.service_id = ${p}.service_id and f.window_start = ${w}.window_start and f.side = ${p}.side and h.cdn = any(f.cdns))))`);

/**
 * The CTEs that lead from `touched` (service_id, window_start, window_end) and `stands` to `derived`: what each window comes to by its
 * facts, that is by readings per host, pushes, and the history of who held what (semantics §8). One row per window;
 * `primary_bytes` and the like are null where nobody said anything of that side.
 *
 * A side is the sum of its slices' readings. What was pushed for the rest counts while some CDN of that side has no reading
 * in the window; an admin's figure for the whole takes the place of all readings. Incomplete is a side of which a slice that
 * somebody measures has no reading, or none for good while its host can not be read.
 */
export const factsCtes = ({ windowSeconds, measured, readings, pushes }: FactsQuery): SQL => sql`
${holdingsCte(windowSeconds, sql`t.service_id in (select service_id from touched)
  and t.from_at < (select max(window_end) from touched)
  and coalesce(t.to_at, 'infinity') > (select min(window_start) from touched)`)},
slices as materialized (
  select w.service_id, w.window_start, h.customer_id, h.domain_id, h.host, h.cdn, h.side,
    greatest(h.from_at, w.window_start) as from_at, least(h.to_at, w.window_end) as to_at
  from touched w
  join holdings h on h.service_id = w.service_id and h.from_at < w.window_end and h.to_at > w.window_start
), figures as (
  select s.service_id, s.window_start, s.side, count(r.domain_id) as read, sum(r.bytes)::bigint as bytes,
    string_agg(distinct case when r.domain_id is not null then s.cdn end, '+') as source,
    array_remove(array_agg(distinct case when r.domain_id is not null then s.cdn end), null) as cdns,
    bool_or((r.domain_id is null and ${measured})
      or (m.unreadable_since is not null and s.to_at > coalesce(m.settled_until, '-infinity'))) as incomplete,
    case when bool_or(r.sampling is not null) then jsonb_build_object(
      'interval', max(coalesce((r.sampling->>'interval')::numeric, 1)), 'lower', ${bound("lower")}, 'upper', ${bound("upper")}) end as sampling
  from slices s
  left join ${sql.raw(readings)} r on r.domain_id = s.domain_id and r.cdn = s.cdn and r.from_at = s.from_at
  left join metering_marks m on m.domain_id = s.domain_id and m.cdn = s.cdn
  group by s.service_id, s.window_start, s.side
), pushed as (
  select p.service_id, p.window_start, p.side, p.bytes, p.covers = 'whole' as whole, p.covers = 'rest' and ${hasRest("p", "w")} as rest
  from touched w
  join ${sql.raw(pushes)} p on p.service_id = w.service_id and p.window_start = w.window_start
), sides as (
  select w.service_id, w.window_start, w.window_end, x.side,
    case when p.whole then p.bytes when p.rest then p.bytes + coalesce(f.bytes, 0) when f.read > 0 then f.bytes end as bytes,
    case when p.whole then 'push' when p.rest then concat_ws('+', f.source, 'push') else f.source end as source,
    case when not coalesce(p.whole, false) then f.sampling end as sampling,
    coalesce(f.incomplete, false) and not coalesce(p.whole, false) as incomplete
  from touched w
  cross join (values ('primary'), ('backup')) x (side)
  left join figures f on f.service_id = w.service_id and f.window_start = w.window_start and f.side = x.side
  left join pushed p on p.service_id = w.service_id and p.window_start = w.window_start and p.side = x.side
), derived as materialized (
  select service_id, window_start, window_end,
    max(bytes) filter (where side = 'primary') as primary_bytes, max(bytes) filter (where side = 'backup') as backup_bytes,
    max(source) filter (where side = 'primary') as primary_source, max(source) filter (where side = 'backup') as backup_source,
    (array_agg(sampling) filter (where side = 'primary'))[1] as primary_sampling,
    (array_agg(sampling) filter (where side = 'backup'))[1] as backup_sampling,
    bool_or(incomplete) filter (where side = 'primary') as primary_incomplete,
    bool_or(incomplete) filter (where side = 'backup') as backup_incomplete
  from sides
  group by service_id, window_start, window_end
)`;
