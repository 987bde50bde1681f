import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import type { Account, AccountCredential, AccountSession, AccountStore, SessionAccount } from "../../ports/tenants/accounts.ts";
import { mostSessions } from "../../../domain/tenants/accounts.ts";
import type { Change } from "../../ports/tenants/change.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";
import { createAccountAttempts } from "./account-attempts.ts";
import { addressTaken, createAccountLinks, toldInvitation } from "./account-links.ts";

const accountColumns = sql`id, customer_id as "customerId", address, role, created_by as "createdBy", ${ms("created_at", "createdAtMs")},
  ${ms("last_sign_in_at", "lastSignInAtMs")}, ${ms("deactivated_at", "deactivatedAtMs")}`;

const credentialColumns = sql`id, address, password_hash as "passwordHash"`;

/** What an audit row tells of an account. */
const told = (row: string): SQL => sql.raw(`to_jsonb(${row}) - 'password_hash'`);

/** The operator's as well: null is a value here. */
const of = (customerId: number | null): SQL => sql`customer_id is not distinct from ${customerId}::bigint`;

/** One at a time: a session that begins and a password that changes see each other. */
const accountLock = (accountId: number): SQL => sql`select from accounts where id = ${accountId} for update`;

/** Who makes the operator's first account, or ends the last one, waits for whoever else does. */
const operatorLock = sql`select pg_advisory_xact_lock(hashtext('tranche operator accounts'))`;

/** Every session of the accounts of a CTE, and every link that would change its password. */
const endAccess = (ended: string, keptSessionId = 0): SQL => sql`
  over as (
    delete from account_sessions s using ${sql.raw(ended)} e where s.account_id = e.id and s.id <> ${keptSessionId}
  ), unlinked as (
    update account_links l set ended_at = now() from ${sql.raw(ended)} e where l.account_id = e.id and l.ended_at is null
  )`;

const seconds = (durationMs: number): SQL => sql`${durationMs}::bigint * interval '1 millisecond'`;

const audited = (change: Pick<Change, "actor" | "requestId">, action: string, from: SQL): SQL => auditRow(change, action, "account", from);

/** Accounts and their sessions; links and attempts have files of their own. */
export const createAccountStore = (db: Database): AccountStore => ({
  ...createAccountLinks(db),
  ...createAccountAttempts(db),

  createFirst: async (address, passwordHash) => {
    const author = { actor: "first-admin", requestId: null };
    const [account] = await write<Account>(
      db,
      sql`
      with created as (
        insert into accounts (customer_id, address, role, password_hash, created_by)
        select null::bigint, ${address}, 'admin', ${passwordHash}, ${author.actor}
        where not exists (select from accounts where customer_id is null and deactivated_at is null) returning *
      ), audit as (${auditRow(author, "create", "account", sql`select id as object_id, customer_id, null::jsonb as before, ${told("created")} as after from created`)}
      )
      select ${accountColumns} from created`,
      { accounts_live_address_key: addressTaken("this address has an account already") },
      operatorLock,
    );
    return account ?? null;
  },

  list: async (customerId, page) =>
    await db.rows<Account>(sql`
      select ${accountColumns} from accounts where ${of(customerId)} and id > ${page.afterId ?? 0} order by id limit ${page.limit}`),

  get: async (customerId, id) => {
    const [account] = await db.rows<Account>(sql`select ${accountColumns} from accounts where id = ${id} and ${of(customerId)}`);
    return account ?? null;
  },

  deactivate: async (customerId, id, change) => {
    const [row] = await write<{ account: Account | null; isLast: boolean }>(
      db,
      sql`
      with found as (select * from accounts where id = ${id} and ${of(customerId)}
      ), last as (
        select from found where customer_id is null and deactivated_at is null
          and not exists (select from accounts o where o.customer_id is null and o.deactivated_at is null and o.id <> found.id)
      ), ended as (
        update accounts a set deactivated_at = now() from found
        where a.id = found.id and a.deactivated_at is null and not exists (select from last) returning a.*
      ), ${endAccess("ended")}, audit as (${audited(
        change,
        "deactivate",
        sql`select e.id as object_id, e.customer_id, ${told("f")} as before, ${told("e")} as after from ended e join found f on f.id = e.id`,
      )}
      ), withdrawn as (
        update account_links l set ended_at = now() from ended e
        where l.kind = 'invitation' and l.created_by = e.address and l.ended_at is null returning l.*
      ), withdrawn_audit as (${auditRow(
        change,
        "withdraw",
        "account_invitation",
        sql`select id as object_id, customer_id, ${toldInvitation("withdrawn")} as before, null::jsonb as after from withdrawn where expires_at > now()`,
      )}
      )
      select exists (select from last) as "isLast", (select to_jsonb(v) from (
        select ${accountColumns} from (select * from ended union all select * from found where not exists (select from ended)) x) v) as account`,
      {},
      operatorLock,
      accountLock(id),
    );
    if (row?.isLast === true) throw new AppError("conflict", "this is the last account of the operator: invite another admin first");
    return row?.account ?? null;
  },

  credential: async (wanted) => {
    const is = "id" in wanted ? sql`id = ${wanted.id}` : sql`address = ${wanted.address}`;
    const [row] = await db.rows<AccountCredential>(sql`select ${credentialColumns} from accounts where ${is} and deactivated_at is null`);
    return row ?? null;
  },

  rehash: async ({ id, passwordHash: before }, passwordHash) =>
    void (await db.rows(sql`update accounts set password_hash = ${passwordHash} where id = ${id} and password_hash = ${before}`)),

  changePassword: async ({ id, passwordHash: before }, passwordHash, keptSessionId, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with changed as (
        update accounts set password_hash = ${passwordHash}, password_changed_at = now()
        where id = ${id} and password_hash = ${before} and deactivated_at is null returning *
      ), ${endAccess("changed", keptSessionId)}, audit as (${audited(
        change,
        "change_password",
        sql`select id as object_id, customer_id, null::jsonb as before, null::jsonb as after from changed`,
      )}
      )
      select id from changed`,
      {},
      accountLock(id),
    );
    return rows.length > 0;
  },

  beginSession: async ({ id, passwordHash }, session, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with owner as (
        update accounts set last_sign_in_at = now()
        where id = ${id} and password_hash = ${passwordHash} and deactivated_at is null returning *
      ), surplus as (
        delete from account_sessions where account_id in (select id from owner) and (expires_at <= now() or id in (
          select id from account_sessions where account_id = ${id} order by id desc offset ${mostSessions - 1}))
      ), begun as (
        insert into account_sessions (account_id, session_hash, client, expires_at)
        select id, ${session.hash}, ${session.client}, now() + ${seconds(session.durationMs)} from owner returning id
      ), audit as (${audited(
        change,
        "sign_in",
        sql`select id as object_id, customer_id, null::jsonb as before, jsonb_build_object('client', ${session.client}::text) as after from owner`,
      )}
      )
      select id from begun`,
      {},
      accountLock(id),
    );
    return rows.length > 0;
  },

  session: async (hash) => {
    const [row] = await db.rows<SessionAccount>(sql`
      with found as (
        select s.id as session_id, s.last_seen_at, a.* from account_sessions s join accounts a on a.id = s.account_id
        where s.session_hash = ${hash} and s.expires_at > now() and a.deactivated_at is null
      ), seen as (
        update account_sessions s set last_seen_at = now() from found
        where s.id = found.session_id and found.last_seen_at < now() - interval '1 minute'
      )
      select id, customer_id as "customerId", address, role, session_id as "sessionId" from found`);
    return row ?? null;
  },

  sessions: async (accountId) =>
    await db.rows<AccountSession>(sql`
      select id, client, ${ms("created_at", "createdAtMs")}, ${ms("last_seen_at", "lastSeenAtMs")}, ${ms("expires_at", "expiresAtMs")}
      from account_sessions where account_id = ${accountId} and expires_at > now() order by id desc limit ${mostSessions}`),

  endSession: async (accountId, sessionId, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with ended as (delete from account_sessions where id = ${sessionId} and account_id = ${accountId} returning account_id
      ), audit as (${audited(
        change,
        "end_session",
        sql`select a.id as object_id, a.customer_id, null::jsonb as before, null::jsonb as after from ended e join accounts a on a.id = e.account_id`,
      )}
      )
      select account_id as id from ended`,
    );
    return rows.length > 0;
  },

  endSessions: async (accountId, change) => {
    await write(
      db,
      sql`
      with owner as (select * from accounts where id = ${accountId}
      ), over as (delete from account_sessions where account_id = ${accountId}
      ), audit as (${audited(
        change,
        "end_sessions",
        sql`select id as object_id, customer_id, null::jsonb as before, null::jsonb as after from owner`,
      )}
      )
      select 1`,
      {},
      accountLock(accountId),
    );
  },
});
