import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { AppError } from "../../errors.ts";
import { isoTime } from "../../iso-time.ts";
import type { UsageFilter, UsageStore, UsageWindow } from "../ports/usage-store.ts";
import type { Database } from "./client.ts";
import { meteringCte, requireWindow } from "./usage-window.ts";
import { knownToday, lockWindows, storeUsageCtes, withCorrection } from "./usage-write.ts";
import type { ReportedUsage } from "./usage-write.ts";
import { auditRow, ms } from "./write.ts";

const sampling = (side: "primary" | "backup"): SQL =>
  sql.raw(`case when ${side}_sampling is not null then jsonb_build_object('interval', ${side}_sampling->'interval',
    'lowerBytes', ${side}_sampling->'lower', 'upperBytes', ${side}_sampling->'upper') end as "${side}Sampling"`);

const columns = sql`id, ${ms("window_start", "windowStartMs")}, ${ms("window_end", "windowEndMs")},
  primary_bytes as "primaryBytes", backup_bytes as "backupBytes", primary_source as "primarySource",
  backup_source as "backupSource", ${sampling("primary")}, ${sampling("backup")}, invoice_id as "invoiceId",
  ${ms("corrected_at", "correctedAtMs")}`;

/** What one push came to: stored windows, or what stands in their way. */
type Outcome = {
  readonly measuredSide: "primary" | "backup" | null;
  readonly windowSeconds: number | null;
  readonly missed: number;
};

/** A window that is stored or billed by somebody else in the same moment is a matter of milliseconds. */
const attempts = 3;

const between = (filter: UsageFilter): SQL => {
  const conditions = [
    filter.fromMs !== undefined && sql`u.window_start >= ${isoTime(filter.fromMs)}::timestamptz`,
    filter.toMs !== undefined && sql`u.window_start < ${isoTime(filter.toMs)}::timestamptz`,
  ].filter((condition) => condition !== false);
  return sql.join(conditions.map((condition) => sql` and ${condition}`));
};

/** A side is measured where the operator measures that CDN, or the customer has an account of its own there. */
const measured = (cdn: string, measuredCdns: string): SQL => sql`(${measuredCdns}::jsonb ? ${sql.raw(cdn)} or exists (
  select from cdn_accounts a where a.customer_id = services.customer_id and a.cdn = ${sql.raw(cdn)} and a.deleted_at is null))`;

export const createUsageStore = (db: Database): UsageStore => ({
  list: async (customerId, serviceId, filter, page) => {
    const rows = await db.rows<{ windows: UsageWindow[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id) from (
        select ${columns} from (
          select ${knownToday} from usage_snapshots u ${withCorrection}
          where u.service_id = s.id and u.id > ${page.afterId ?? 0}${between(filter)}
          order by u.id limit ${page.limit}) y) x), '[]') as windows
      from services s where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`);
    return rows[0]?.windows ?? null;
  },

  gaps: async (customerId, serviceId, { fromMs, toMs, windowMs }, page) => {
    const seconds = windowMs / 1_000;
    const after = page.afterId === null ? fromMs : Math.max(fromMs, page.afterId * 1_000 + 1);
    const [first, last] = [Math.ceil(after / windowMs) * seconds, Math.floor(toMs / windowMs) * seconds - seconds];
    const rows = await db.rows<{ windows: UsageWindow[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id) from (
        select ${columns} from (
          select extract(epoch from g)::bigint as id, g as window_start, g + ${seconds}::int * interval '1 second' as window_end,
            coalesce(u.primary_bytes, 0) as primary_bytes, coalesce(u.backup_bytes, 0) as backup_bytes,
            u.primary_source, u.backup_source, u.primary_sampling, u.backup_sampling, u.invoice_id, u.corrected_at
          from generate_series(
            greatest(to_timestamp(${first}::bigint), to_timestamp(div(extract(epoch from s.created_at), ${seconds}) * ${seconds})),
            to_timestamp(${last}::bigint), ${seconds}::int * interval '1 second') g
          left join (select ${knownToday} from usage_snapshots u ${withCorrection} where u.service_id = s.id) u on u.window_start = g
          where u.primary_source is null or u.backup_source is null
          order by g limit ${page.limit}) y) x), '[]') as windows
      from services s where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`);
    return rows[0]?.windows ?? null;
  },

  push: async (customerId, serviceId, windows, options, change) => {
    const reported = windows.map(({ windowStartMs, windowEndMs, primaryBytes, backupBytes }): ReportedUsage => ({
      serviceId, startMs: windowStartMs, endMs: windowEndMs, primaryBytes: primaryBytes ?? null, backupBytes: backupBytes ?? null,
    }));
    const [first] = reported;
    const windowSeconds = first === undefined ? 0 : (first.endMs - first.startMs) / 1_000;
    const cdns = JSON.stringify(options.measuredCdns);
    const isOpen = sql`exists (select from owner, measured m where m.side is null)`;
    const allowed = sql`${isOpen} and (select seconds from metering) = ${windowSeconds}`;
    const statement = sql`
      with owner as (
        select id, customer_id, ${measured("primary_cdn", cdns)} as primary_measured, ${measured("backup_cdn", cdns)} as backup_measured
        from services where id = ${serviceId} and customer_id = ${customerId} and deleted_at is null for share
      ), measured as (
        select case when ${options.mayOverride}::boolean then null
          when primary_measured and ${reported.some((row) => row.primaryBytes !== null)}::boolean then 'primary'
          when backup_measured and ${reported.some((row) => row.backupBytes !== null)}::boolean then 'backup' end as side
        from owner
      ), ${meteringCte(windowSeconds, isOpen)}, ${storeUsageCtes(reported, "push", allowed, { sinceCreation: false })},
      after as (
        select * from added union all select * from replaced
      ), audit as (${auditRow(change, "push", "usage", sql`
        select o.id as object_id, o.customer_id,
          (select jsonb_agg(to_jsonb(b) - 'service_id' order by b.window_start) from before b) as before,
          (select jsonb_agg(x.row - 'service_id' order by x.row->>'window_start') from (
            select to_jsonb(a) as row from after a
            union all select to_jsonb(c) - 'in_bytes' from changed c where c.invoice_id is not null) x) as after
        from owner o where exists (select from after) or exists (select from corrected)`)}
      )
      select m.side as "measuredSide", (select seconds from metering) as "windowSeconds", (select count from missed) as missed
      from measured m`;
    const starts = JSON.stringify(reported.map(({ startMs }) => isoTime(startMs)));
    const stored = sql`
      select ${columns} from (
        select ${knownToday} from services s
        join usage_snapshots u on u.service_id = s.id ${withCorrection}
        where s.id = ${serviceId} and s.customer_id = ${customerId}
          and u.window_start in (select t::timestamptz from jsonb_array_elements_text(${starts}::jsonb) t)
        order by u.window_start) y`;
    for (let attempt = 1; ; attempt += 1) {
      const results = await db.batch<[unknown[], Outcome[], UsageWindow[]]>([lockWindows(reported, customerId), statement, stored]);
      const [, [outcome], answer] = results;
      if (outcome === undefined) return null;
      if (outcome.measuredSide !== null) {
        throw new AppError("conflict", `the ${outcome.measuredSide} side of this service is measured, not pushed`);
      }
      requireWindow(outcome.windowSeconds, windowSeconds);
      if (outcome.missed === 0) return answer;
      if (attempt === attempts) throw new AppError("unavailable", "the windows are being stored or billed", { headers: { "retry-after": "1" } });
    }
  },
});
