import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Change } from "../../ports/tenants/change.ts";
import type { CorrectionStore, UsageCorrection } from "../../ports/metering/corrections.ts";
import type { PushOptions } from "../../ports/metering/usage-store.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";

const columns = sql`q.id, q.customer_id as "customerId", q.service_id as "serviceId", ${ms("q.window_start", "windowStartMs")},
  ${ms("q.window_end", "windowEndMs")}, q.primary_bytes as "primaryBytes", q.backup_bytes as "backupBytes",
  q.was_primary_bytes as "wasPrimaryBytes", q.was_backup_bytes as "wasBackupBytes", q.status, q.actor,
  ${ms("q.requested_at", "requestedAtMs")}, ${ms("q.decided_at", "decidedAtMs")}, q.decided_by as "decidedBy", q.reason`;

/**
 * The CTEs that store what a push may not do without approval. From `favourable`, `news` and `owner` of the push: `asked` has the windows
 * that wait for an admin now, `withdrawn` the corrections that this push supersedes, `approved` the one that it carries out.
 */
export const correctionCtes = ({ mayOverride, approves }: PushOptions, change: Change): SQL => {
  const waits = !mayOverride && approves === undefined;
  return sql`asked as materialized (
      select h.*, x.pushed_primary, x.pushed_backup from favourable h
      cross join lateral (
        select max(n.bytes) filter (where n.side = 'primary') as pushed_primary, max(n.bytes) filter (where n.side = 'backup') as pushed_backup
        from news n where n.window_start = h.window_start
      ) x
      where ${waits}::boolean and coalesce(x.pushed_primary, x.pushed_backup) is not null
    ), withdrawn as (
      update usage_correction_requests q set status = 'superseded', decided_at = now(), decided_by = ${change.actor}
      from (select distinct service_id, window_start from news) n
      left join asked a using (service_id, window_start)
      where q.service_id = n.service_id and q.window_start = n.window_start and q.status = 'pending' and q.id <> ${approves?.id ?? 0}
        and (q.primary_bytes, q.backup_bytes) is distinct from (a.pushed_primary, a.pushed_backup)
      returning q.*
    ), requested as (
      insert into usage_correction_requests
        (customer_id, service_id, snapshot_id, window_start, window_end, primary_bytes, backup_bytes, was_primary_bytes, was_backup_bytes, actor)
      select o.customer_id, a.service_id, a.snapshot_id, a.window_start, a.window_end, a.pushed_primary, a.pushed_backup,
        a.primary_bytes, a.backup_bytes, ${change.actor}
      -- Counted first: of a window one correction is pending at a time, and whoever approves by id gets what it was when it was read.
      from (select count(*) from withdrawn) w, asked a, owner o
      where not exists (
        select from usage_correction_requests q where q.snapshot_id = a.snapshot_id and q.status = 'pending'
          and (q.primary_bytes, q.backup_bytes) is not distinct from (a.pushed_primary, a.pushed_backup))
      order by a.window_start
      returning *
    ), approved as (
      update usage_correction_requests q
      set status = 'approved', decided_at = now(), decided_by = ${change.actor}, reason = ${approves?.reason ?? null}
      where q.id = ${approves?.id ?? 0} and q.status = 'pending' and exists (select from news)
      returning q.*
    ), approved_view as (select ${columns} from approved q
    ), remembered as (${rememberedAnswer(change, "approved", "approved_view", 200)}
    )`;
};

const row = (action: string, from: string, change: Change): SQL =>
  auditRow(
    change,
    action,
    "usage_correction",
    sql`
      select q.id as object_id, q.customer_id, null::jsonb as before, to_jsonb(q) as after from ${sql.raw(from)} q`,
  );

/** The CTEs that write an audit row for each correction that was asked for, withdrawn or approved. */
export const auditedCorrections = (change: Change): SQL => sql`audited_requests as (${row("request", "requested", change)}
    ), audited_withdrawals as (${row("withdraw", "withdrawn", change)}
    ), audited_approval as (${row("approve", "approved", change)}
    )`;

export const createCorrectionStore = (db: Database): CorrectionStore => ({
  list: (customerId, { status }, page) =>
    db.rows<UsageCorrection>(sql`
      select ${columns} from usage_correction_requests q
      where q.id > ${page.afterId ?? 0} ${customerId === null ? sql`` : sql`and q.customer_id = ${customerId}`}
        ${status === undefined ? sql`` : sql`and q.status = ${status}`}
      order by q.id limit ${page.limit}`),

  get: async (id) =>
    (await db.rows<UsageCorrection>(sql`select ${columns} from usage_correction_requests q where q.id = ${id}`))[0] ?? null,

  reject: async (id, reason, change) => {
    const rows = await write<UsageCorrection>(
      db,
      sql`
      with rejected as (
        update usage_correction_requests q set status = 'rejected', decided_at = now(), decided_by = ${change.actor}, reason = ${reason}
        where q.id = ${id} and q.status = 'pending' returning q.*
      ), audited as (${row("reject", "rejected", change)}
      ), view as (select ${columns} from rejected q
      ), remembered as (${rememberedAnswer(change, "rejected", "view", 200)}
      )
      select * from view`,
    );
    return rows[0] ?? null;
  },
});
