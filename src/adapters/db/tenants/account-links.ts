import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import type { AccountCredential, AccountStore, Invitation, OpenLink } from "../../ports/tenants/accounts.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";

const invitationColumns = sql`id, customer_id as "customerId", address, role, created_by as "createdBy", ${ms("created_at", "createdAtMs")},
  ${ms("expires_at", "expiresAtMs")}`;

const after = (durationMs: number): SQL => sql`now() + ${durationMs}::bigint * interval '1 millisecond'`;

const isOpen = sql`ended_at is null and expires_at > now()`;

/** What an audit row tells of an invitation. */
export const toldInvitation = (row: string): SQL => sql.raw(`jsonb_build_object('address', ${row}.address, 'role', ${row}.role)`);

/** An address has one live account in the whole installation. */
export const addressTaken = (detail: string) => () =>
  new AppError("conflict", detail, { fields: [{ pointer: "/address", detail: "has an account already" }] });

/** Invitations, and resets of passwords. */
export const createAccountLinks = (
  db: Database,
): Pick<AccountStore, "invite" | "invitations" | "withdraw" | "link" | "accept" | "askReset" | "reset"> => ({
  invite: async ({ customerId, address, role, hash, validMs }, change) => {
    const [row] = await write<{ invitation: Invitation | null; isMember: boolean }>(
      db,
      sql`
      with member as (
        select from accounts where address = ${address} and customer_id is not distinct from ${customerId}::bigint and deactivated_at is null
      ), barred as (
        select where exists (select from accounts where address = ${change.actor})
          and not exists (select from accounts where address = ${change.actor} and deactivated_at is null)
      ), replaced as (
        update account_links set ended_at = now()
        where kind = 'invitation' and address = ${address} and customer_id is not distinct from ${customerId}::bigint and ended_at is null
          and not exists (select from barred)
      ), created as (
        insert into account_links (kind, link_hash, customer_id, address, role, created_by, expires_at)
        select 'invitation', ${hash}, ${customerId}::bigint, ${address}, ${role}, ${change.actor}, ${after(validMs)}
        where not exists (select from member) and not exists (select from barred)
          and (${customerId}::bigint is null or exists (select from customers where id = ${customerId}::bigint)) returning *
      ), audit as (${auditRow(
        change,
        "invite",
        "account_invitation",
        sql`select id as object_id, customer_id, null::jsonb as before, ${toldInvitation("created")} as after from created`,
      )}
      )
      select exists (select from member) as "isMember", (select to_jsonb(v) from (select ${invitationColumns} from created) v) as invitation`,
      {},
      // Whoever is deactivated just now either has this one withdrawn as well, or invites nobody any more.
      sql`select from accounts where address = ${change.actor} and deactivated_at is null for update`,
    );
    if (row?.isMember === true) throw addressTaken("this address has an account already")();
    return row?.invitation ?? null;
  },

  invitations: async (customerId, page) =>
    await db.rows<Invitation>(sql`
      select ${invitationColumns} from account_links
      where kind = 'invitation' and customer_id is not distinct from ${customerId}::bigint and ${isOpen} and id > ${page.afterId ?? 0}
      order by id limit ${page.limit}`),

  withdraw: async (customerId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with ended as (
        update account_links set ended_at = now()
        where id = ${id} and kind = 'invitation' and customer_id is not distinct from ${customerId}::bigint and ${isOpen} returning *
      ), audit as (${auditRow(
        change,
        "withdraw",
        "account_invitation",
        sql`select id as object_id, customer_id, ${toldInvitation("ended")} as before, null::jsonb as after from ended`,
      )}
      )
      select id from ended`,
    );
    return rows.length > 0;
  },

  link: async (hash) => {
    const [row] = await db.rows<OpenLink>(sql`
      select l.kind, coalesce(l.address, a.address) as address, coalesce(l.role, a.role) as role
      from account_links l left join accounts a on a.id = l.account_id
      where l.link_hash = ${hash} and l.ended_at is null and l.expires_at > now() and a.deactivated_at is null`);
    return row ?? null;
  },

  // Two at once: the second one waits for the row of the link, and finds it ended.
  accept: async (hash, passwordHash, requestId) => {
    const [row] = await write<AccountCredential>(
      db,
      sql`
      with used as (
        update account_links set ended_at = now() where link_hash = ${hash} and kind = 'invitation' and ${isOpen} returning *
      ), created as (
        insert into accounts (customer_id, address, role, password_hash, created_by)
        select customer_id, address, role, ${passwordHash}, created_by from used returning *
      ), audit as (
        insert into audit_log (customer_id, actor, action, object_type, object_id, before, after, request_id)
        select customer_id, address, 'create', 'account', id, null, to_jsonb(created) - 'password_hash', ${requestId} from created
      )
      select id, address, password_hash as "passwordHash" from created`,
      {
        accounts_live_address_key: () =>
          new AppError(
            "conflict",
            "this address has an account here already, and an address has one: sign in with it, or have somebody invite another address",
          ),
      },
    );
    return row ?? null;
  },

  askReset: async (address, hash, validMs, requestId) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with owner as (select * from accounts where address = ${address} and deactivated_at is null
      ), created as (
        insert into account_links (kind, link_hash, account_id, customer_id, created_by, expires_at)
        select 'reset', ${hash}, id, customer_id, address, ${after(validMs)} from owner
      ), audit as (
        insert into audit_log (customer_id, actor, action, object_type, object_id, before, after, request_id)
        select customer_id, 'anybody', 'ask_reset', 'account', id, null, null, ${requestId} from owner
      )
      select id from owner`,
    );
    return rows.length > 0;
  },

  reset: async (hash, passwordHash, requestId) => {
    const [row] = await write<AccountCredential>(
      db,
      sql`
      with used as (
        update account_links set ended_at = now() where link_hash = ${hash} and kind = 'reset' and ${isOpen} returning account_id
      ), changed as (
        update accounts a set password_hash = ${passwordHash}, password_changed_at = now() from used
        where a.id = used.account_id and a.deactivated_at is null returning a.*
      ), over as (delete from account_sessions where account_id in (select id from changed)
      ), unlinked as (
        update account_links l set ended_at = now() from changed c where l.account_id = c.id and l.ended_at is null and l.link_hash <> ${hash}
      ), audit as (
        insert into audit_log (customer_id, actor, action, object_type, object_id, before, after, request_id)
        select customer_id, address, 'reset_password', 'account', id, null, null, ${requestId} from changed
      )
      select id, address, password_hash as "passwordHash" from changed`,
      {},
      sql`select from accounts where id = (select account_id from account_links where link_hash = ${hash}) for update`,
    );
    return row ?? null;
  },
});
