import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";

/**
 * The granularity of changes of owner or side: a minute belongs to whoever held the host when it began, and
 * where windows are not whole minutes (a drill's), so does a second. Every source can be queried by the minute.
 */
const granuleSeconds = (windowSeconds: number): number => (windowSeconds % 60 === 0 ? 60 : 1);

/** A time rounded up to the next full granule. Exact: epochs are numeric. */
const fullGranule = (at: string, granule: number): SQL =>
  sql`to_timestamp(ceil(extract(epoch from ${sql.raw(at)}) / ${granule}::int) * ${granule}::int)`;

/**
 * The CTE `holdings` (domain_id, service_id, customer_id, host, cdn, side, from_at, to_at): which hosts a service held while
 * a CDN stood on one of its sides, half-open, `to_at` infinite while it lasts. Usage is attributed by this: by what was
 * true then, not today. The two history tables are written by triggers (`drizzle/0026`).
 * @param which conditions on `t` (domain_tenures) and `h` (service_cdns)
 */
export const holdingsCte = (windowSeconds: number, which: SQL): SQL => {
  const granule = granuleSeconds(windowSeconds);
  return sql`held as materialized (
    select t.domain_id, t.service_id, t.customer_id, t.name as host, h.primary_cdn, h.backup_cdn,
      ${fullGranule("greatest(t.from_at, h.from_at)", granule)} as from_at,
      coalesce(${fullGranule("least(t.to_at, h.to_at)", granule)}, 'infinity'::timestamptz) as to_at
    from domain_tenures t
    join service_cdns h on h.service_id = t.service_id and h.from_at < coalesce(t.to_at, 'infinity')
      and coalesce(h.to_at, 'infinity') > t.from_at
    where ${which}
  ), holdings as materialized (
    select x.domain_id, x.service_id, x.customer_id, x.host, s.cdn, s.side, x.from_at, x.to_at
    from held x
    cross join lateral (values (x.primary_cdn, 'primary'), (x.backup_cdn, 'backup')) s (cdn, side)
    where x.to_at > x.from_at
  )`;
};

/**
 * The CTE `stands` (service_id, side, cdn, from_at, to_at): which CDN stood on which side of a service, whatever hosts it
 * held, by the same granules as `holdings`.
 * @param which conditions on `h` (service_cdns)
 */
export const standsCte = (windowSeconds: number, which: SQL): SQL => {
  const granule = granuleSeconds(windowSeconds);
  return sql`stands as materialized (
    select x.service_id, s.side, s.cdn, x.from_at, x.to_at
    from (
      select h.*, ${fullGranule("h.from_at", granule)} as begun, coalesce(${fullGranule("h.to_at", granule)}, 'infinity'::timestamptz) as over
      from service_cdns h
      where ${which}
    ) h
    cross join lateral (select h.service_id, h.begun as from_at, h.over as to_at) x
    cross join lateral (values (h.primary_cdn, 'primary'), (h.backup_cdn, 'backup')) s (cdn, side)
    -- What was changed back within a granule never stood there.
    where x.to_at > x.from_at
  )`;
};
