import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { CheckSpan } from "../../../domain/metering/check-spans.ts";
import { factsKeptMs } from "../../../domain/metering/metering.ts";
import { namesTold } from "../../../domain/metering/window-tally.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { CheckWindows, WindowRule } from "../../ports/billing/reconciliation.ts";
import { fenceCte } from "../platform/fence.ts";
import { standsCte } from "../metering/holdings.ts";
import { at, noteCtes, notedColumns, spansCte } from "./reconcile-findings.ts";
import { factsCtes, measuredByStored } from "../metering/usage-facts.ts";
import { knownToday } from "../metering/usage-write.ts";

/** Facts are not checked for so long before their deletion: the two jobs do not begin at the same time. */
const dayMs = 86_400_000;

const rules: readonly WindowRule[] = ["window_facts", "window_stranger"];

/** What is stored of the spans: windows as known today, readings, pushes. */
const storedCtes: SQL = sql`snaps as materialized (
  select x.customer_id, u.* from spans x
  cross join lateral (
    select ${knownToday}, u.created_at from usage_snapshots u
    left join lateral (select k.* from usage_corrections k where k.snapshot_id = u.id offset 0) k on true
    where u.service_id = x.service_id and u.window_start >= x.from_at and u.window_start < x.to_at
    offset 0) u
), readings_now as materialized (
  select r.* from spans x
  cross join lateral (
    select r.* from usage_readings r
    where r.service_id = x.service_id and r.window_start >= x.from_at and r.window_start < x.to_at
    offset 0) r
), pushes_now as materialized (
  select p.* from spans x
  cross join lateral (
    select p.* from usage_pushes p
    where p.service_id = x.service_id and p.window_start >= x.from_at and p.window_start < x.to_at
    offset 0) p
)`;

/** Every window of the spans: those that are stored, and, where they are of the length configured, those that might be. */
const touchedCte = (windowSeconds: number): SQL => sql`touched as materialized (
  select service_id, window_start, window_end from snaps
  union all
  select x.service_id, g, g + ${windowSeconds}::int * interval '1 second'
  from spans x
  cross join generate_series(x.from_at, x.to_at - interval '1 microsecond', ${windowSeconds}::int * interval '1 second') g
  where not exists (select from snaps u where u.service_id = x.service_id and u.window_start = g)
    and (select coalesce(usage_window_seconds, ${windowSeconds}) from settings) = ${windowSeconds}::int
)`;

/**
 * `measured`: which CDNs somebody measures today, and since when at the earliest: a source is asked for 31 days back. `states`:
 * each slice with whether it was read, should be, or is not read for good (`in_doubt`), and whether anything of its CDN was
 * read in its window (`is_heard`): otherwise it may not have been measured then.
 */
const slicesCtes = (measuredCdns: readonly string[]): SQL => sql`measured as materialized (
  select c.customer_id, c.cdn, case when ${JSON.stringify(measuredCdns)}::jsonb ? c.cdn then '-infinity' else (
    select min(a.created_at) - interval '31 days' from cdn_accounts a where a.customer_id = c.customer_id and a.cdn = c.cdn) end as since
  from (select distinct customer_id, cdn from holdings) c
  where ${measuredByStored(measuredCdns, "c.customer_id", "c.cdn")}
), heard as materialized (
  select distinct service_id, window_start, cdn from readings_now
), states as materialized (
  select s.service_id, s.window_start, s.side, s.cdn, s.host, r.domain_id is not null as is_read, e.cdn is not null as is_heard,
    coalesce(s.to_at > c.since, false) as is_measured,
    m.unreadable_since is not null and s.to_at > coalesce(m.settled_until, '-infinity') as in_doubt
  from slices s
  left join readings_now r on r.domain_id = s.domain_id and r.cdn = s.cdn and r.from_at = s.from_at
  left join measured c on c.customer_id = s.customer_id and c.cdn = s.cdn
  left join heard e on e.service_id = s.service_id and e.window_start = s.window_start and e.cdn = s.cdn
  left join metering_marks m on m.domain_id = s.domain_id and m.cdn = s.cdn
), held_sides as materialized (
  select service_id, window_start, side, array_agg(distinct cdn) as cdns, bool_or(not is_read and is_measured and is_heard) as incomplete,
    bool_or(in_doubt) as in_doubt
  from states
  group by service_id, window_start, side
)`;

const sideOf = (side: "primary" | "backup"): SQL =>
  sql.raw(`('${side}', u.${side}_bytes, u.${side}_source, u.${side}_incomplete, d.${side}_bytes, d.${side}_source)`);

/**
 * `judged`: both sides of each stored window, as stored and as derived from its facts; where a host is missing or in doubt, these are a
 * lower bound. Whether such a side is marked incomplete depends on missing readings: what is in doubt may be about to be
 * stored. Without any fact a side is judged only where
 * there would be one: stored since facts are kept, measured, and not so old that they are deleted.
 */
const judgedCtes = (nowMs: number): SQL => sql`sides_now as (
  select u.id, u.customer_id, u.service_id, u.window_start, u.window_end, u.created_at, x.*,
    array_remove(string_to_array(x.source, '+'), 'push') as cdns
  from snaps u
  join derived d on d.service_id = u.service_id and d.window_start = u.window_start
  cross join lateral (values ${sideOf("primary")}, ${sideOf("backup")}) x (side, bytes, source, incomplete, fact_bytes, fact_source)
), judged as materialized (
  select s.*, coalesce(h.incomplete and p.service_id is null, false) as fact_incomplete,
    coalesce((h.incomplete or h.in_doubt) and p.service_id is null, false) as is_bound, s.window_start > ${at(nowMs - factsKeptMs + dayMs)} as is_kept,
    s.fact_bytes is not null or s.created_at >= (select usage_facts_since from settings) as is_known,
    array(select c from unnest(s.cdns) c where not c = any(coalesce(h.cdns, '{}')) order by c) as strange_cdns
  from sides_now s
  left join held_sides h on h.service_id = s.service_id and h.window_start = s.window_start and h.side = s.side
  left join pushes_now p on p.service_id = s.service_id and p.window_start = s.window_start and p.side = s.side and p.covers = 'whole'
), different as (
  select j.*, format('%s %s (%s%s)', side, fact_bytes, fact_source, case when fact_incomplete then ', incomplete' end) as by_facts
  from judged j
  where is_kept and fact_bytes is not null and (source is distinct from fact_source or (fact_incomplete and not incomplete)
    or case when is_bound then bytes < fact_bytes else bytes <> fact_bytes end)
  union all
  select j.*, format('%s: a reading of %s', side, array_to_string(cdns, ', '))
  from judged j
  where is_kept and is_known and fact_bytes is null and cardinality(cdns) > 0 and cardinality(strange_cdns) = 0
  union all
  select j.*, format('%s: a push', side)
  from judged j
  where is_kept and is_known and fact_bytes is null and cardinality(cdns) = 0 and source = 'push'
)`;

const asStored = sql`format('%s %s (%s%s)', side, bytes, coalesce(source, 'reported by nobody'), case when incomplete then ', incomplete' end)`;

const foundCte: SQL = sql`found (customer_id, rule, object_type, object_id, expected, actual) as materialized (
  select customer_id, 'window_facts', 'usage_snapshot', id, string_agg(by_facts, '; ' order by side desc), string_agg(${asStored}, '; ' order by side desc)
  from different
  group by customer_id, id
  union all
  select customer_id, 'window_stranger', 'usage_snapshot', id,
    string_agg(format('%s: nothing of %s', side, array_to_string(strange_cdns, ', ')), '; ' order by side desc), string_agg(${asStored}, '; ' order by side desc)
  from judged
  where is_known and bytes > 0 and cardinality(strange_cdns) > 0
  group by customer_id, id
)`;

/** Windows that are summed up in one finding per service, with what each is about. */
const tallyCtes = (completeByMs: number): SQL => sql`wanted as (
  select service_id, window_start, side, cdn as name from states where is_measured or is_read
  union
  select service_id, window_start, side, 'push' from pushes_now
), told (service_id, rule, window_start, window_end, name) as (
  select n.service_id, 'window_missing:' || n.side, n.window_start, w.window_end, n.name
  from wanted n
  join touched w on w.service_id = n.service_id and w.window_start = n.window_start
  left join snaps u on u.service_id = n.service_id and u.window_start = n.window_start
  where w.window_end <= ${at(completeByMs)} and case n.side when 'primary' then u.primary_source else u.backup_source end is null
  union all
  select j.service_id, 'side_incomplete', j.window_start, j.window_end, s.host
  from judged j
  left join states s on s.service_id = j.service_id and s.window_start = j.window_start and s.side = j.side and j.is_kept
    and (s.in_doubt or (not s.is_read and s.is_measured))
  where j.incomplete and j.window_end <= ${at(completeByMs)}
  union all
  select r.service_id, 'reading_stranger', r.window_start, greatest(r.to_at, w.window_end), t.name
  from readings_now r
  join service_domains t on t.id = r.domain_id
  left join touched w on w.service_id = r.service_id and w.window_start = r.window_start
  where not exists (
    select from holdings h
    where h.domain_id = r.domain_id and h.service_id = r.service_id and h.cdn = r.cdn and h.from_at <= r.from_at and h.to_at >= r.to_at)
), tallied as (
  select service_id, rule, count(distinct window_start) as windows, range_agg(tstzrange(window_start, window_end)) as spans,
    coalesce((array_agg(distinct name order by name) filter (where name is not null))[1:${sql.raw(String(namesTold + 1))}], '{}') as names
  from told
  group by service_id, rule
)`;

const spanOf = (order: "asc" | "desc"): SQL =>
  sql.raw(`(
  select jsonb_build_object('fromMs', extract(epoch from lower(s)) * 1000, 'toMs', extract(epoch from upper(s)) * 1000)
  from unnest(t.spans) s order by lower(s) ${order} limit 1)`);

/**
 * Windows against the facts that they were made of (semantics §8): readings per host, pushes, and who held what when. The
 * figures are derived by the very statement parts that store usage.
 */
export const factsStatement = (fence: Fence, spans: readonly CheckSpan[], check: CheckWindows): SQL => {
  const windowSeconds = check.windowMs / 1_000;
  return sql`
with ${fenceCte(fence)}, ${spansCte(spans)}, ${storedCtes}, ${touchedCte(windowSeconds)},
${standsCte(windowSeconds, sql`h.service_id in (select service_id from spans)`)},
${factsCtes({ windowSeconds, measured: sql`false`, readings: "readings_now", pushes: "pushes_now" })},
${slicesCtes(check.measuredCdns)}, ${judgedCtes(check.nowMs)}, ${foundCte}, ${tallyCtes(check.completeByMs)},
${noteCtes(sql`r.rule = any(${`{${rules.join(",")}}`}::text[]) and r.object_id in (select id from snaps)`, check.nowMs)}
select ${notedColumns}, coalesce((select jsonb_agg(jsonb_build_object('serviceId', t.service_id, 'rule', t.rule, 'windows', t.windows,
  'spans', (select count(*) from unnest(t.spans)), 'first', ${spanOf("asc")}, 'last', ${spanOf("desc")}, 'names', t.names)
  order by t.service_id, t.rule) from tallied t), '[]') as tallies`;
};
