import { sql } from "drizzle-orm";
import type { AuditAccount, AuditReadings } from "../../ports/cost/audit-logs.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { ms } from "../platform/write.ts";

/** A message is shown in full wherever it is shown. */
const mostErrorChars = 500;
/** How long a token that may not read the log is not asked to. */
const refusedFor = sql`interval '6 hours'`;

export const createAuditReadings = (db: Database): AuditReadings => ({
  // Later than a refusal may make it is a clock that was wrong.
  due: (limit) =>
    db.rows<AuditAccount>(sql`
    select id, customer_id as "customerId", account_ref as "accountRef", sealed_token as "sealedToken",
      ${ms("created_at", "createdAtMs")}, ${ms("audit_log_cursor", "cursorMs")}
    from cdn_accounts where cdn = 'cloudflare' and deleted_at is null
      and (audit_log_due_at is null or audit_log_due_at <= now() or audit_log_due_at > now() + ${refusedFor})
    order by audit_log_due_at nulls first, id limit ${limit}`),

  known: async (customerId, eventIds) => {
    const rows = await db.rows<{ id: string }>(sql`
      select event_id as id from cost_events where customer_id = ${customerId}
        and event_id in (select jsonb_array_elements_text(${JSON.stringify(eventIds)}::jsonb))`);
    return new Set(rows.map(({ id }) => id));
  },

  note: async (fence, accountId, error, isRefused) => {
    await db.rows(sql`
      with ${fenceCte(fence)}
      update cdn_accounts set audit_log_error = ${error?.slice(0, mostErrorChars) ?? null}::text,
        audit_log_due_at = case when ${isRefused}::boolean then now() + ${refusedFor} else now() end
      where id = ${accountId} and deleted_at is null and exists (select from fence)`);
  },
});
