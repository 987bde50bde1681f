import { sql } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import type { AdjustmentCause, AdjustmentStore } from "../../ports/billing/adjustments.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";

/** Of `n`, a cause, and `s`, its service. An infinite end is none. */
const columns = sql`n.id, s.customer_id as "customerId", n.service_id as "serviceId", n.cause, ${ms("n.from_at", "fromMs")},
  case when isfinite(n.to_at) then trunc(extract(epoch from n.to_at) * 1000)::bigint end as "toMs", ${ms("n.noted_at", "notedAtMs")}, n.idle`;

type Asked = { readonly billed: boolean; readonly cause: AdjustmentCause | null };

export const createAdjustmentStore = (db: Database): AdjustmentStore => ({
  list: async ({ afterId, limit }) =>
    await db.rows<AdjustmentCause>(sql`
    select ${columns} from adjustment_causes n join services s on s.id = n.service_id
    where n.id > ${afterId ?? 0}::bigint order by n.id limit ${limit}::int`),

  want: async ({ snapshotId, reason }, change) => {
    // An idle cause is not enough: it has been looked at, and waits for the next invoice.
    const [asked] = await write<Asked>(
      db,
      sql`
      with target as (
        select u.service_id, u.window_start, u.window_end, u.invoice_id is not null as billed from usage_snapshots u
        where u.id = ${snapshotId}::bigint
      ), waiting as (
        select n.* from target t join adjustment_causes n on n.service_id = t.service_id
        where n.cause = 'usage' and not n.idle and n.from_at = t.window_start and n.to_at = t.window_end order by n.id limit 1
      ), made as (
        insert into adjustment_causes (service_id, cause, from_at, to_at)
        select service_id, 'usage', window_start, window_end from target where billed and not exists (select from waiting) returning *
      ), shown as (
        select ${columns} from made n join services s on s.id = n.service_id
        union all
        select ${columns} from waiting n join services s on s.id = n.service_id where exists (select from target where billed)
      ), audit as (${auditRow(
        change,
        "want",
        "adjustment",
        sql`
        select m.id as object_id, s.customer_id, null::jsonb as before, to_jsonb(m) || jsonb_build_object('reason', ${reason}::text) as after
        from made m join services s on s.id = m.service_id`,
      )}
      ), remembered as (${rememberedAnswer(change, "shown", "shown")}
      )
      select billed, (select to_jsonb(v) from shown v) as cause from target`,
    );
    if (asked === undefined) return null;
    if (!asked.billed) throw new AppError("conflict", "this window is not billed yet: there is nothing to adjust");
    if (asked.cause === null) throw new TypeError("a billed window was given no cause");
    return asked.cause;
  },
});
