import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import { fenceCte } from "../platform/fence.ts";

const key = sql.raw("domain_id, path, vantage");

/** The minutes of one hour in one row a path and vantage, for a page of domains. Idempotent: nothing shrinks. */
export const foldMinutes = (fence: Fence, startMs: number, afterDomainId: number, limit: number): SQL => {
  const start = sql`${isoTime(startMs)}::timestamptz`;
  return sql`
  with ${fenceCte(fence)}, page as (
    select id from service_domains where id > ${afterDomainId} and exists (select from fence) order by id limit ${limit}::int
  ), own as materialized (
    select m.* from page join probe_rollups_minute m on m.domain_id = page.id
      and m.start_at >= ${start} and m.start_at < ${start} + interval '1 hour'
  ), paths as (
    select ${key}, sum(samples) as samples, sum(samples) = sum(ok) as spotless from own group by ${key}
  ), minutes as (
    select ${key}, array_agg(coalesce(o.samples, 0) order by m) as counts, array_agg(coalesce(o.ok, 0) order by m) as oks
    from (select ${key}, m, ${start} + m * interval '1 minute' as start_at from paths cross join generate_series(0, 59) m) x
    left join own o using (${key}, start_at)
    group by ${key}
  ), latencies as (
    select ${key}, array_agg(l.place order by o.start_at, l.place) as places
    from own o cross join lateral unnest(o.places, o.counts) as l(place, n) cross join lateral generate_series(1, l.n)
    group by ${key}
  ), folded as (
    insert into probe_minutes_folded as f (${key}, start_at, samples, counts, oks, places)
    select ${key}, ${start}, p.samples, m.counts::smallint[], case when not p.spotless then m.oks::smallint[] end, coalesce(l.places, '{}')
    from paths p join minutes m using (${key}) left join latencies l using (${key})
    on conflict (domain_id, start_at, path, vantage) do update
      set samples = excluded.samples, counts = excluded.counts, oks = excluded.oks, places = excluded.places
      where excluded.samples > f.samples
  )
  select max(id) as "lastId" from page`;
};

/**
 * The minutes in folded rows `p`, as `u` (start_at, samples, ok, places): the latencies of each minute's samples that were ok,
 * one entry a sample. To be cross-joined.
 */
export const unfolded: SQL = sql`lateral (
    select p.start_at + (c.n - 1) * interval '1 minute' as start_at, c.samples, c.ok,
      p.places[(c.upto - c.ok + 1)::int:c.upto::int] as places
    from (
      select n, samples, ok, sum(ok) over (order by n) as upto
      from unnest(p.counts, coalesce(p.oks, p.counts)) with ordinality as m(samples, ok, n)
    ) c
    where c.samples > 0
  ) u`;
