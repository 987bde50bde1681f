import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";

/** A window of a service, epoch milliseconds. */
export type WindowKey = { readonly serviceId: number; readonly startMs: number; readonly endMs: number };

/** The CTE `touched` (service_id, window_start, window_end): the windows, each once. */
export const touchedCte = (windows: readonly WindowKey[]): SQL => {
  const rows = windows.map(({ serviceId, startMs, endMs }) => ({ s: serviceId, f: startMs, t: endMs }));
  return sql`touched as materialized (
    select distinct s as service_id, to_timestamp(f / 1000.0) as window_start, to_timestamp(t / 1000.0) as window_end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(s bigint, f bigint, t bigint)
  )`;
};

/**
 * Goes before the write, in its transaction: with the rows locked nobody bills them meanwhile, so the write knows which
 * are billed. In (service, window) order, as billing locks them.
 * @param customerId only this customer's rows are locked; null: anybody's
 */
export const lockWindows = (windows: readonly WindowKey[], customerId: number | null = null): SQL => sql`
  with ${touchedCte(windows)}
  select u.id from usage_snapshots u
  join touched i on i.service_id = u.service_id and i.window_start = u.window_start
  where ${customerId}::bigint is null
    or exists (select from services s where s.id = u.service_id and s.customer_id = ${customerId}::bigint)
  order by u.service_id, u.window_start
  for update of u`;

const parts = ["bytes", "source", "sampling", "incomplete"] as const;
const sideColumns = parts.flatMap((part) => [`primary_${part}`, `backup_${part}`]);
const sides = sql.raw(sideColumns.join(", "));
const sidesOf = (alias: string, prefix = ""): SQL => sql.raw(sideColumns.map((column) => `${alias}.${prefix}${column}`).join(", "));

const known = (side: "primary" | "backup"): SQL =>
  sql.raw(`coalesce(k.${side}_bytes, u.${side}_bytes) as ${side}_bytes,
    ${parts
      .slice(1)
      .map((part) => `case when k.snapshot_id is null then u.${side}_${part} else k.${side}_${part} end as ${side}_${part}`)
      .join(",\n    ")}`);

/** The windows in `usage_snapshots u` as known today: with the correction, if there is one. */
export const knownToday = sql`u.id, u.id as snapshot_id, u.service_id, u.window_start, u.window_end, u.invoice_id, ${known("primary")},
  ${known("backup")}, k.updated_at as corrected_at`;

export const withCorrection = sql`left join usage_corrections k on k.snapshot_id = u.id`;

/** A side without facts stays as it is; the reading of an incomplete one, a lower bound, never falls. */
const merged = (side: "primary" | "backup"): SQL =>
  sql.raw(`case when new_${side}_incomplete and new_${side}_source not like '%push%' then greatest(new_${side}_bytes, ${side}_bytes) else coalesce(new_${side}_bytes, ${side}_bytes) end as ${side}_bytes,
    case when new_${side}_bytes is null then ${side}_source else new_${side}_source end as ${side}_source,
    case when new_${side}_bytes is null then ${side}_sampling else new_${side}_sampling end as ${side}_sampling,
    coalesce(new_${side}_incomplete, ${side}_incomplete) as ${side}_incomplete`);

const olds = sql.raw(sideColumns.map((column) => `${column} as was_${column}`).join(", "));
const news = sql.raw(sideColumns.map((column) => `i.${column} as new_${column}`).join(", "));

/**
 * The CTE `favourable`, from a CTE `derived`: the billed windows whose cost it may lower. A side that falls does,
 * and so does a backup that rises where a storm may take more off each of its bytes than they cost: whether a storm earns may
 * be decided later, so any that touches the window counts, at its factor and for the whole of it.
 */
export const favourableCte: SQL = sql`favourable as materialized (
  select d.service_id, d.window_start, d.window_end, u.id as snapshot_id, n.primary_bytes, n.backup_bytes
  from derived d
  join usage_snapshots u on u.service_id = d.service_id and u.window_start = d.window_start and u.window_end = d.window_end
  left join usage_corrections k on k.snapshot_id = u.id
  cross join lateral (
    select coalesce(k.primary_bytes, u.primary_bytes) as primary_bytes, coalesce(k.backup_bytes, u.backup_bytes) as backup_bytes
  ) n
  join invoice_line_items l on l.snapshot_id = u.id and l.kind = 'usage'
  where d.primary_bytes < n.primary_bytes or d.backup_bytes < n.backup_bytes
    or (d.backup_bytes > n.backup_bytes and l.discount_rate * (
      select max(e.max_coverage_factor) from storm_events e
      where e.service_id = d.service_id and e.started_at < d.window_end and coalesce(e.ended_at, 'infinity') > d.window_start) > 1)
)`;

/**
 * The CTEs that store the totals of windows, from a CTE `derived` (see `factsCtes`). `added`, `replaced` and `corrected` are
 * what happened: a window is new, or unbilled and replaced side by side, or billed: then the snapshot stays, the correction
 * holds today's figures, and a cause of adjustment is noted. `missed` counts windows that were stored or billed
 * concurrently: to be retried.
 * @param allowed the condition under which anything is stored
 * @param from a CTE in place of `derived`
 */
export const storeUsageCtes = (allowed: SQL, from = "derived"): SQL => sql`compared as materialized (
  select ${knownToday}, ${news} from ${sql.raw(from)} i
  join usage_snapshots u on u.service_id = i.service_id and u.window_start = i.window_start and u.window_end = i.window_end
  ${withCorrection}
), before as (
  select id, service_id, window_start, window_end, invoice_id, ${sides}, corrected_at from compared
), changed as materialized (
  select m.id, m.service_id, m.window_start, m.window_end, m.invoice_id, ${sidesOf("m")},
    (m.primary_bytes, m.backup_bytes) is distinct from (m.was_primary_bytes, m.was_backup_bytes) as in_bytes
  from (
    select id, service_id, window_start, window_end, invoice_id, ${merged("primary")}, ${merged("backup")}, ${olds} from compared
  ) m
  where (${sidesOf("m")}) is distinct from (${sidesOf("m", "was_")}) and ${allowed}
), fresh as materialized (
  select i.* from ${sql.raw(from)} i
  where ${allowed} and (i.primary_bytes is not null or i.backup_bytes is not null) and not exists (
    select from usage_snapshots u where u.service_id = i.service_id and u.window_start = i.window_start)
), added as (
  insert into usage_snapshots (service_id, window_start, window_end, ${sides})
  select service_id, window_start, window_end, coalesce(primary_bytes, 0), coalesce(backup_bytes, 0), primary_source,
    backup_source, primary_sampling, backup_sampling, primary_incomplete, backup_incomplete
  from fresh
  order by service_id, window_start
  on conflict (service_id, window_start) do nothing
  returning *
), replaced as (
  update usage_snapshots u set (${sides}, updated_at) = (${sidesOf("c")}, now())
  from changed c
  where u.id = c.id and c.invoice_id is null and u.invoice_id is null
  returning u.*
), corrected as (
  insert into usage_corrections as k (snapshot_id, ${sides})
  select c.id, ${sidesOf("c")}
  from changed c
  where c.invoice_id is not null
  on conflict (snapshot_id) do update set (${sides}, updated_at) = (${sidesOf("excluded")}, now())
  returning snapshot_id
), caused as (
  insert into adjustment_causes (service_id, cause, from_at, to_at)
  select c.service_id, 'usage', c.window_start, c.window_end
  from changed c
  join corrected k on k.snapshot_id = c.id
  where c.in_bytes
), missed as (
  select (select count(*) from fresh) - (select count(*) from added)
    + (select count(*) from changed where invoice_id is null) - (select count(*) from replaced) as count
)`;
