import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Change } from "../../ports/tenants/change.ts";
import type { SessionOwner, SessionStore } from "../../ports/tenants/sessions.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, write } from "../platform/write.ts";

/** Increments the number, and returns whose sessions are over: as `object_id` and `customer_id`. */
const ended = ({ kind, tokenId }: SessionOwner): SQL => {
  if (kind === "customer")
    return sql`update customer_tokens set session_epoch = session_epoch + 1 where id = ${tokenId} returning id as object_id, customer_id`;
  if (tokenId === null)
    return sql`update settings set bootstrap_session_epoch = bootstrap_session_epoch + 1 returning null::bigint as object_id, null::bigint as customer_id`;
  return sql`update admin_tokens set session_epoch = session_epoch + 1 where id = ${tokenId} returning id as object_id, null::bigint as customer_id`;
};

export const createSessionStore = (db: Database): SessionStore => ({
  endAll: async (owner: SessionOwner, change: Change) => {
    const objectType = owner.kind === "customer" ? "token" : "admin_token";
    await write(
      db,
      sql`
      with ended as (${ended(owner)}
      ), audit as (${auditRow(
        change,
        "end_sessions",
        objectType,
        sql`select object_id, customer_id, null::jsonb as before, null::jsonb as after from ended`,
      )}
      )
      select 1 from ended`,
    );
  },
  bootstrapEpoch: async () => {
    const [row] = await db.rows<{ epoch: number }>(sql`select bootstrap_session_epoch as epoch from settings`);
    return row?.epoch ?? 0;
  },
});
