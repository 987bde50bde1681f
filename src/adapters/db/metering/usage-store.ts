import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { AppError, invalidBody } from "../../../errors.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Change } from "../../ports/tenants/change.ts";
import type { PushOptions, UsageFilter, UsagePush, UsageStore, UsageWindow } from "../../ports/metering/usage-store.ts";
import type { Database } from "../platform/client.ts";
import { standsCte } from "./holdings.ts";
import { factsCtes, measuredByStored, touchedReadingsCte } from "./usage-facts.ts";
import { auditedCorrections, correctionCtes } from "./usage-requests.ts";
import { meteringCte, requireWindow } from "./usage-window.ts";
import { favourableCte, knownToday, lockWindows, storeUsageCtes, touchedCte, withCorrection } from "./usage-write.ts";
import type { WindowKey } from "./usage-write.ts";
import { auditRow, ms } from "../platform/write.ts";

const sampling = (side: "primary" | "backup"): SQL =>
  sql.raw(`case when ${side}_sampling is not null then jsonb_build_object('interval', ${side}_sampling->'interval',
    'lowerBytes', ${side}_sampling->'lower', 'upperBytes', ${side}_sampling->'upper') end as "${side}Sampling"`);

const columns = sql`id, ${ms("window_start", "windowStartMs")}, ${ms("window_end", "windowEndMs")},
  primary_bytes as "primaryBytes", backup_bytes as "backupBytes", primary_source as "primarySource",
  backup_source as "backupSource", ${sampling("primary")}, ${sampling("backup")}, invoice_id as "invoiceId",
  primary_incomplete as "primaryIncomplete", backup_incomplete as "backupIncomplete",
  ${ms("corrected_at", "correctedAtMs")}, (
    select jsonb_build_object('id', q.id, 'primaryBytes', q.primary_bytes, 'backupBytes', q.backup_bytes)
    from usage_correction_requests q where q.snapshot_id = y.snapshot_id and q.status = 'pending' and y.invoice_id is not null) as "pendingCorrection"`;

/** The result of one push: stored windows, or the reason of its refusal. */
type Outcome = {
  readonly measuredSide: "primary" | "backup" | null;
  /** The first window that began after the service was deleted. */
  readonly lateStartMs: number | null;
  readonly windowSeconds: number | null;
  readonly missed: number;
};

/** Retries where a window is stored or billed concurrently: a matter of milliseconds. */
const attempts = 3;

const between = (filter: UsageFilter): SQL => {
  const conditions = [
    filter.fromMs !== undefined && sql`u.window_start >= ${isoTime(filter.fromMs)}::timestamptz`,
    filter.toMs !== undefined && sql`u.window_start < ${isoTime(filter.toMs)}::timestamptz`,
  ].filter((condition) => condition !== false);
  return sql.join(conditions.map((condition) => sql` and ${condition}`));
};

const afterDeletion = (index: number): AppError =>
  invalidBody({ pointer: `/${index}/window_start`, detail: "must be before the service was deleted" });

type PushStatement = {
  readonly customerId: number;
  readonly serviceId: number;
  readonly windows: readonly UsagePush[];
  readonly keys: readonly WindowKey[];
  readonly windowSeconds: number;
  readonly options: PushOptions;
  readonly change: Change;
};

/**
 * One push: refused as a whole where a window began after the service's end, or a side is measured throughout (its CDNs are measured
 * today, or were read). What an admin pushes for a measured side replaces the whole of it.
 */
const pushStatement = ({ customerId, serviceId, windows, keys, windowSeconds, options, change }: PushStatement): SQL => {
  const rows = windows.flatMap(({ windowStartMs, primaryBytes, backupBytes }) => [
    ...(primaryBytes === undefined ? [] : [{ f: windowStartMs, side: "primary", bytes: primaryBytes }]),
    ...(backupBytes === undefined ? [] : [{ f: windowStartMs, side: "backup", bytes: backupBytes }]),
  ]);
  const isMeasured = measuredByStored(options.measuredCdns, "o.customer_id", "h.cdn");
  const isOpen = sql`exists (select from owner, verdict v where v.side is null and v.late is null)`;
  const isPending =
    options.approves === undefined
      ? sql`true`
      : sql`exists (select from usage_correction_requests where id = ${options.approves.id} and status = 'pending')`;
  const allowed = sql`${isOpen} and (select seconds from metering) = ${windowSeconds} and ${isPending}`;
  return sql`
    with owner as materialized (
      select id, customer_id, deleted_at from services where id = ${serviceId} and customer_id = ${customerId} for share
    ), ${touchedCte(keys)}, ${standsCte(windowSeconds, sql`h.service_id in (select id from owner)`)}, input as materialized (
      select o.id as service_id, to_timestamp(x.f / 1000.0) as window_start, to_timestamp(x.f / 1000.0) + ${windowSeconds}::int * interval '1 second' as window_end,
        x.side, x.bytes, o.customer_id, o.deleted_at
      from owner o, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(f bigint, side text, bytes bigint)
    ), parts as materialized (
      select i.window_start, i.side, h.cdn, ${isMeasured} or exists (
        select from usage_readings r where r.service_id = i.service_id and r.window_start = i.window_start and r.cdn = h.cdn) as measured
      from input i
      join owner o on o.id = i.service_id
      join stands h on h.service_id = i.service_id and h.side = i.side
        and ((h.from_at < i.window_end and h.to_at > i.window_start)
          -- Before its history begins a service is what it was at first.
          or (h.from_at >= i.window_end and h.from_at = (select min(s.from_at) from stands s)))
    ), judged as materialized (
      select i.*, coalesce((select bool_or(p.measured) from parts p where p.window_start = i.window_start and p.side = i.side), false) as measured,
        coalesce((select bool_and(p.measured) from parts p where p.window_start = i.window_start and p.side = i.side), false) or exists (
          select from usage_pushes p
          where p.service_id = i.service_id and p.window_start = i.window_start and p.side = i.side and p.covers = 'whole') as closed
      from input i
    ), verdict as materialized (
      select (select side from judged where closed and not ${options.mayOverride}::boolean order by window_start, side desc limit 1) as side,
        (select min(window_start) from judged where window_start >= deleted_at) as late
    ), ${meteringCte(windowSeconds, isOpen)}, news as materialized (
      select service_id, window_start, side, bytes, case when measured and ${options.mayOverride}::boolean then 'whole' else 'rest' end as covers
      from judged
      where ${allowed}
    ), pushes_now as materialized (
      select service_id, window_start, side, bytes, covers from news
      union all
      select p.service_id, p.window_start, p.side, p.bytes, p.covers
      from touched w
      join usage_pushes p on p.service_id = w.service_id and p.window_start = w.window_start
      where not exists (select from news n where n.window_start = p.window_start and n.side = p.side)
    ), ${touchedReadingsCte}, ${factsCtes({
      windowSeconds,
      measured: measuredByStored(options.measuredCdns, "r.customer_id", "r.cdn"),
      readings: "touched_readings",
      pushes: "pushes_now",
      // A side that is not pushed stays as it is, with its completeness.
      only: sql`exists (select from news n where n.window_start = b.window_start and n.side = b.side)
        or not exists (select from usage_snapshots u where u.service_id = b.service_id and u.window_start = b.window_start)`,
    })},
    ${favourableCte}, ${correctionCtes(options, change)}, noted as (
      insert into usage_pushes as p (service_id, window_start, side, bytes, covers, actor)
      select n.service_id, n.window_start, n.side, n.bytes, n.covers, ${change.actor} from news n
      where not exists (select from asked a where a.window_start = n.window_start)
      order by n.service_id, n.window_start, n.side
      on conflict (service_id, window_start, side) do update
      set bytes = excluded.bytes, covers = excluded.covers, actor = excluded.actor, pushed_at = now()
      where (p.bytes, p.covers) is distinct from (excluded.bytes, excluded.covers)
    ), accepted as materialized (
      select d.* from derived d where not exists (select from asked a where a.window_start = d.window_start)
    ),
    ${storeUsageCtes(allowed, "accepted")},
    after as (
      select * from added union all select * from replaced
    ), audit as (${auditRow(
      change,
      "push",
      "usage",
      sql`
      select o.id as object_id, o.customer_id,
        (select jsonb_agg(to_jsonb(b) - 'service_id' order by b.window_start) from before b) as before,
        (select jsonb_agg(x.row - 'service_id' order by x.row->>'window_start') from (
          select to_jsonb(a) as row from after a
          union all select to_jsonb(c) - 'in_bytes' from changed c where c.invoice_id is not null) x) as after
      from owner o where exists (select from after) or exists (select from corrected)`,
    )}
    ), ${auditedCorrections(change)}
    select v.side as "measuredSide", ${ms("v.late", "lateStartMs")}, (select seconds from metering) as "windowSeconds",
      (select count from missed) as missed
    from owner, verdict v`;
};

export const createUsageStore = (db: Database): UsageStore => ({
  list: async (customerId, serviceId, filter, page) => {
    // The cursor's window is looked up within the service, so that a foreign id ends the list and reveals nothing.
    const after =
      page.afterId === null
        ? sql``
        : sql` and u.window_start > (
      select a.window_start from usage_snapshots a where a.id = ${page.afterId} and a.service_id = s.id)`;
    const rows = await db.rows<{ windows: UsageWindow[] }>(sql`
      select coalesce((select jsonb_agg(x order by x."windowStartMs") from (
        select ${columns} from (
          select ${knownToday} from usage_snapshots u ${withCorrection}
          where u.service_id = s.id${after}${between(filter)}
          order by u.window_start limit ${page.limit}) y) x), '[]') as windows
      from services s where s.id = ${serviceId} and s.customer_id = ${customerId}`);
    return rows[0]?.windows ?? null;
  },

  gaps: async (customerId, serviceId, { fromMs, toMs, windowMs }, page) => {
    const seconds = windowMs / 1_000;
    const after = page.afterId === null ? fromMs : Math.max(fromMs, page.afterId * 1_000 + 1);
    const [first, last] = [Math.ceil(after / windowMs) * seconds, Math.floor(toMs / windowMs) * seconds - seconds];
    const rows = await db.rows<{ windows: UsageWindow[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id) from (
        select ${columns} from (
          select extract(epoch from g)::bigint as id, u.id as snapshot_id, g as window_start, g + ${seconds}::int * interval '1 second' as window_end,
            coalesce(u.primary_bytes, 0) as primary_bytes, coalesce(u.backup_bytes, 0) as backup_bytes,
            u.primary_source, u.backup_source, u.primary_sampling, u.backup_sampling, u.invoice_id, u.corrected_at,
            coalesce(u.primary_incomplete, false) as primary_incomplete, coalesce(u.backup_incomplete, false) as backup_incomplete
          from generate_series(
            greatest(to_timestamp(${first}::bigint), to_timestamp(div(extract(epoch from s.created_at), ${seconds}) * ${seconds})),
            to_timestamp(${last}::bigint), ${seconds}::int * interval '1 second') g
          left join (
            select ${knownToday} from usage_snapshots u ${withCorrection}
            where u.service_id = s.id and u.window_start between to_timestamp(${first}::bigint) and to_timestamp(${last}::bigint)
          ) u on u.window_start = g
          where (u.primary_source is null or u.backup_source is null or u.primary_incomplete or u.backup_incomplete)
            and g < coalesce(s.deleted_at, 'infinity')
          order by g limit ${page.limit}) y) x), '[]') as windows
      from services s where s.id = ${serviceId} and s.customer_id = ${customerId}`);
    return rows[0]?.windows ?? null;
  },

  push: async (customerId, serviceId, windows, options, change) => {
    const keys = windows.map(({ windowStartMs, windowEndMs }): WindowKey => ({ serviceId, startMs: windowStartMs, endMs: windowEndMs }));
    const [first] = keys;
    if (first === undefined) return [];
    const windowSeconds = (first.endMs - first.startMs) / 1_000;
    const statement = pushStatement({ customerId, serviceId, windows, keys, windowSeconds, options, change });
    const starts = JSON.stringify(keys.map(({ startMs }) => isoTime(startMs)));
    const stored = sql`
      select ${columns} from (
        select ${knownToday} from services s
        join usage_snapshots u on u.service_id = s.id ${withCorrection}
        where s.id = ${serviceId} and s.customer_id = ${customerId}
          and u.window_start in (select t::timestamptz from jsonb_array_elements_text(${starts}::jsonb) t)
        order by u.window_start) y`;
    for (let attempt = 1; ; attempt += 1) {
      const [, , [outcome], answer] = await db.batch<[unknown[], unknown[], Outcome[], UsageWindow[]]>([
        // Serializes approval and rejection of a correction.
        sql`select id from usage_correction_requests where id = ${options.approves?.id ?? 0} for update`,
        lockWindows(keys, customerId),
        statement,
        stored,
      ]);
      if (outcome === undefined) return null;
      if (outcome.lateStartMs !== null) throw afterDeletion(keys.findIndex(({ startMs }) => startMs === outcome.lateStartMs));
      if (outcome.measuredSide !== null) {
        throw new AppError("conflict", `the ${outcome.measuredSide} side of this service is measured, not pushed`);
      }
      requireWindow(outcome.windowSeconds, windowSeconds);
      if (outcome.missed === 0) return answer;
      if (attempt === attempts)
        throw new AppError("unavailable", "the windows are being stored or billed", { headers: { "retry-after": "1" } });
    }
  },
});
