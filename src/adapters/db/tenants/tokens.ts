import { sql } from "drizzle-orm";
import type { QuotaLimits } from "../../../domain/tenants/quota.ts";
import { isoTimeOrNull } from "../../../iso-time.ts";
import type { CustomerToken, TokenOwner, TokenStore } from "../../ports/tenants/tokens.ts";
import type { Database } from "../platform/client.ts";
import type { Exhausted } from "./quotas.ts";
import { exhausted, noLimits, quotaLock, refuseExhausted } from "./quotas.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";

const columns = sql`id, customer_id as "customerId", name, role, ${ms("created_at", "createdAtMs")},
  ${ms("expires_at", "expiresAtMs")}, ${ms("last_used_at", "lastUsedAtMs")}, ${ms("revoked_at", "revokedAtMs")}`;

/** A time that may be missing, as a parameter. */
const timeOrNull = (epochMs: number | null) => sql`${isoTimeOrNull(epochMs)}::timestamptz`;

/** @param limits the quotas of customers without their own */
export const createTokenStore = (db: Database, limits: QuotaLimits = noLimits): TokenStore => ({
  verify: async (hash) => {
    const rows = await db.rows<TokenOwner>(sql`
      with found as (
        select id, customer_id, role, expires_at, last_used_at, session_epoch from customer_tokens
        where token_hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > now())
      ), used as (
        update customer_tokens t set last_used_at = now() from found
        where t.id = found.id and (found.last_used_at is null or found.last_used_at < now() - interval '1 minute')
      )
      select id as "tokenId", customer_id as "customerId", role, ${ms("expires_at", "expiresAtMs")}, session_epoch as "sessionEpoch" from found`);
    return rows[0] ?? null;
  },

  create: async (customerId, input, change) => {
    const rows = await write<{ token: CustomerToken | null; quota: Exhausted | null }>(
      db,
      sql`
      with quota as (${exhausted(customerId, limits, ["tokens"])}
      ), created as (
        insert into customer_tokens (customer_id, name, role, expires_at, token_hash)
        select id, ${input.name}, ${input.role}, ${timeOrNull(input.expiresAtMs)}, ${input.hash} from customers
        where id = ${customerId} and not exists (select from quota) returning *
      ), remembered as (${rememberedAnswer(change, "created", null)}
      ), audit as (${auditRow(
        change,
        "create",
        "token",
        sql`
        select id as object_id, customer_id, null::jsonb as before, to_jsonb(created) - 'token_hash' as after
        from created`,
      )}
      )
      select (select to_jsonb(v) from (select ${columns} from created) v) as token, (select to_jsonb(q) from quota q) as quota`,
      {},
      quotaLock(customerId),
    );
    refuseExhausted(rows[0]?.quota);
    return rows[0]?.token ?? null;
  },

  list: async (customerId, page) => {
    const rows = await db.rows<{ tokens: CustomerToken[] }>(sql`
      select coalesce((
        select jsonb_agg(t order by t.id) from (
          select ${columns} from customer_tokens
          where customer_id = c.id and id > ${page.afterId ?? 0} order by id limit ${page.limit}
        ) t), '[]') as tokens
      from customers c where c.id = ${customerId}`);
    return rows[0]?.tokens ?? null;
  },

  revoke: async (customerId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with found as (
        select * from customer_tokens where id = ${id} and customer_id = ${customerId} for update
      ), revoked as (
        update customer_tokens t set revoked_at = now() from found
        where t.id = found.id and found.revoked_at is null returning t.*
      ), audit as (${auditRow(
        change,
        "revoke",
        "token",
        sql`
        select r.id as object_id, r.customer_id,
          to_jsonb(found) - 'token_hash' as before, to_jsonb(r) - 'token_hash' as after
        from revoked r join found on found.id = r.id`,
      )}
      )
      select id from found`,
    );
    return rows.length > 0;
  },
});
