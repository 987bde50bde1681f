import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Sampling } from "../ports/usage.ts";

/** What was reported of one window of a service; a side that is null stays as it is. Epoch milliseconds. */
export type ReportedUsage = {
  readonly serviceId: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly primaryBytes: number | null;
  readonly backupBytes: number | null;
  readonly primarySampling?: Sampling | null;
  readonly backupSampling?: Sampling | null;
};

const sampling = (value: Sampling | null | undefined) =>
  value == null ? null : { interval: value.interval, lower: value.lowerBytes, upper: value.upperBytes };

const inputCte = (usage: readonly ReportedUsage[], since = false): SQL => {
  const rows = usage.map((row) => ({
    s: row.serviceId, f: row.startMs, t: row.endMs, p: row.primaryBytes, b: row.backupBytes,
    ps: sampling(row.primarySampling), bs: sampling(row.backupSampling),
  }));
  return sql`input as materialized (
    select s as service_id, to_timestamp(f / 1000.0) as window_start, to_timestamp(t / 1000.0) as window_end,
      p as primary_bytes, b as backup_bytes, nullif(ps, 'null') as primary_sampling, nullif(bs, 'null') as backup_sampling
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as x(s bigint, f bigint, t bigint, p bigint, b bigint, ps jsonb, bs jsonb)
    ${since ? sql`where exists (select from services v where v.id = s and v.created_at < to_timestamp(t / 1000.0))` : sql``}
  )`;
};

/**
 * Goes before the write, in its transaction: with the rows in hand nobody bills them meanwhile, so the write knows which
 * are billed. In (service, window) order, as billing locks them.
 * @param customerId nobody else's rows are locked; null: whoever's they are
 */
export const lockWindows = (usage: readonly ReportedUsage[], customerId: number | null = null): SQL => sql`
  with ${inputCte(usage)}
  select u.id from usage_snapshots u
  join input i on i.service_id = u.service_id and i.window_start = u.window_start
  where ${customerId}::bigint is null
    or exists (select from services s where s.id = u.service_id and s.customer_id = ${customerId}::bigint)
  order by u.service_id, u.window_start
  for update of u`;

const known = (side: "primary" | "backup"): SQL =>
  sql.raw(`coalesce(k.${side}_bytes, u.${side}_bytes) as ${side}_bytes,
    case when k.snapshot_id is null then u.${side}_source else k.${side}_source end as ${side}_source,
    case when k.snapshot_id is null then u.${side}_sampling else k.${side}_sampling end as ${side}_sampling`);

/** The windows in `usage_snapshots u` as known today: with the correction, if there is one. */
export const knownToday = sql`u.id, u.service_id, u.window_start, u.window_end, u.invoice_id, ${known("primary")},
  ${known("backup")}, k.updated_at as corrected_at`;

export const withCorrection = sql`left join usage_corrections k on k.snapshot_id = u.id`;

const kept = (side: "primary" | "backup", source: string): SQL => {
  const [bytes, from, estimate] = [`${side}_bytes`, `${side}_source`, `${side}_sampling`].map((name) => sql.raw(name));
  return sql`coalesce(i.${bytes}, b.${bytes}) as ${bytes},
    case when i.${bytes} is null then b.${from} else ${source} end as ${from},
    case when i.${bytes} is null then b.${estimate} else i.${estimate} end as ${estimate}`;
};

const sides = sql.raw("primary_bytes, backup_bytes, primary_source, backup_source, primary_sampling, backup_sampling");
const sidesOf = (alias: string): SQL =>
  sql.raw(["bytes", "source", "sampling"].flatMap((part) => [`${alias}.primary_${part}`, `${alias}.backup_${part}`]).join(", "));

/**
 * The CTEs that store reported usage (semantics §8). `added`, `replaced` and `corrected` are what happened: a window is
 * new, or unbilled and replaced side by side, or billed: then the snapshot stays, the correction says what is known today,
 * and billing is told to adjust. `missed` counts windows that somebody stored or billed in this very moment: again, please.
 * @param source who reports
 * @param allowed the condition under which anything is stored
 * @param options `sinceCreation`: windows that ended before the service existed are none of ours
 */
export const storeUsageCtes = (
  usage: readonly ReportedUsage[], source: string, allowed: SQL, options: { readonly sinceCreation: boolean },
): SQL => sql`${inputCte(usage, options.sinceCreation)},
before as materialized (
  select ${knownToday} from input i
  join usage_snapshots u on u.service_id = i.service_id and u.window_start = i.window_start and u.window_end = i.window_end
  ${withCorrection}
), merged as (
  select b.id, b.service_id, b.window_start, b.window_end, b.invoice_id, ${kept("primary", source)}, ${kept("backup", source)}
  from input i
  join before b on b.service_id = i.service_id and b.window_start = i.window_start
), changed as materialized (
  select m.*, (m.primary_bytes, m.backup_bytes) is distinct from (b.primary_bytes, b.backup_bytes) as in_bytes
  from merged m
  join before b on b.id = m.id
  where (${sidesOf("m")}) is distinct from (${sidesOf("b")}) and ${allowed}
), fresh as materialized (
  select i.* from input i
  where ${allowed} and not exists (
    select from usage_snapshots u where u.service_id = i.service_id and u.window_start = i.window_start)
), added as (
  insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source,
    backup_source, primary_sampling, backup_sampling)
  select service_id, window_start, window_end, coalesce(primary_bytes, 0), coalesce(backup_bytes, 0),
    case when primary_bytes is not null then ${source} end, case when backup_bytes is not null then ${source} end,
    primary_sampling, backup_sampling
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
