import { sql } from "drizzle-orm";
import { isoTimeOrNull } from "../../../iso-time.ts";
import type { AdminToken, AdminTokenOwner, AdminTokenStore } from "../../ports/tenants/admin-tokens.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";

const columns = sql`id, name, to_jsonb(scopes) as scopes, created_by as "createdBy", ${ms("created_at", "createdAtMs")},
  ${ms("expires_at", "expiresAtMs")}, ${ms("last_used_at", "lastUsedAtMs")}, ${ms("revoked_at", "revokedAtMs")}`;

export const createAdminTokenStore = (db: Database): AdminTokenStore => ({
  verify: async (hash) => {
    const rows = await db.rows<AdminTokenOwner>(sql`
      with found as (
        select id, name, scopes, expires_at, last_used_at, session_epoch from admin_tokens
        where token_hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > now())
      ), used as (
        update admin_tokens t set last_used_at = now() from found
        where t.id = found.id and (found.last_used_at is null or found.last_used_at < now() - interval '1 minute')
      )
      select id as "tokenId", name, to_jsonb(scopes) as scopes, ${ms("expires_at", "expiresAtMs")},
        session_epoch as "sessionEpoch" from found`);
    return rows[0] ?? null;
  },

  create: async (input, change) => {
    const rows = await write<AdminToken>(
      db,
      sql`
      with created as (
        insert into admin_tokens (name, scopes, expires_at, token_hash, created_by)
        select ${input.name}, array(select jsonb_array_elements_text(${JSON.stringify(input.scopes)}::jsonb)),
          ${isoTimeOrNull(input.expiresAtMs)}::timestamptz, ${input.hash}, ${change.actor}
        returning *
      ), remembered as (${rememberedAnswer(change, "created", null)}
      ), audit as (${auditRow(
        change,
        "create",
        "admin_token",
        sql`
        select id as object_id, null::bigint as customer_id, null::jsonb as before, to_jsonb(created) - 'token_hash' as after
        from created`,
      )}
      )
      select ${columns} from created`,
      {
        admin_tokens_live_name_key: taken("a token that is not revoked has this name", "/name"),
      },
    );
    const [token] = rows;
    if (token === undefined) throw new Error("an insert returned no row");
    return token;
  },

  list: (page) =>
    db.rows<AdminToken>(sql`
    select ${columns} from admin_tokens where id > ${page.afterId ?? 0} order by id limit ${page.limit}`),

  revoke: async (id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with found as (
        select * from admin_tokens where id = ${id} for update
      ), revoked as (
        update admin_tokens t set revoked_at = now() from found
        where t.id = found.id and found.revoked_at is null returning t.*
      ), audit as (${auditRow(
        change,
        "revoke",
        "admin_token",
        sql`
        select r.id as object_id, null::bigint as customer_id,
          to_jsonb(found) - 'token_hash' as before, to_jsonb(r) - 'token_hash' as after
        from revoked r join found on found.id = r.id`,
      )}
      )
      select id from found`,
    );
    return rows.length > 0;
  },
});
