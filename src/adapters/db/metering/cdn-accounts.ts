import { sql } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import { isoTime } from "../../../iso-time.ts";
import type { CdnAccount, CdnAccountStore, MeasurableCdn, SourceOutcome } from "../../ports/metering/cdn-accounts.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Secrets } from "../../ports/platform/secrets.ts";
import { everyPage } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { endsOfCdnAccounts } from "../notify/deleted-matters.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";

const columns = sql`id, cdn, account_ref as "accountRef", ${ms("created_at", "createdAtMs")},
  ${ms("last_read_at", "lastReadAtMs")}, last_error as "lastError", audit_log_error as "auditLogError"`;

/** The token of one customer for one CDN does not open as another's. */
export const sealingContext = (customerId: number, cdn: string): string => `cdn-account:${customerId}:${cdn}`;

/** @param secrets null where SECRETS_KEY is not set */
export const createCdnAccountStore = (db: Database, secrets: Secrets | null): CdnAccountStore => ({
  create: async (customerId, input, change) => {
    if (secrets === null) throw new AppError("conflict", "this deployment keeps no secrets (SECRETS_KEY is not set)");
    const sealed = await secrets.seal(input.apiToken, sealingContext(customerId, input.cdn));
    const rows = await write<CdnAccount>(
      db,
      sql`
      with created as (
        insert into cdn_accounts (customer_id, cdn, account_ref, sealed_token)
        values (${customerId}, ${input.cdn}, ${input.accountRef}, ${sealed}) returning *
      ), view as (select ${columns} from created
      ), remembered as (${rememberedAnswer(change, "created", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "cdn_account",
        sql`
        select id as object_id, customer_id, null::jsonb as before, to_jsonb(created) - 'sealed_token' as after from created`,
      )}
      )
      select * from view`,
      {
        cdn_accounts_live_key: taken(`there is an account for ${input.cdn}: delete it first`, "/cdn"),
        cdn_accounts_customer_id_customers_id_fk: () => new AppError("not_found", "no such resource"),
      },
    );
    const [account] = rows;
    if (account === undefined) throw new Error("an insert returned no row");
    return account;
  },

  list: (customerId, page) =>
    db.rows<CdnAccount>(sql`
    select ${columns} from cdn_accounts
    where customer_id = ${customerId} and deleted_at is null and id > ${page.afterId ?? 0}
    order by id limit ${page.limit}`),

  remove: async (customerId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with gone as (
        update cdn_accounts set deleted_at = now(), sealed_token = ''
        where id = ${id} and customer_id = ${customerId} and deleted_at is null returning *
      ), told as (${endsOfCdnAccounts(sql`gone`)}
      ), audit as (${auditRow(
        change,
        "delete",
        "cdn_account",
        sql`
        select id as object_id, customer_id, to_jsonb(gone) - 'sealed_token' as before, null::jsonb as after from gone`,
      )}
      )
      select id from gone`,
    );
    return rows.length > 0;
  },
});

/** A live account with its sealed token, as only ingestion reads it. */
export type SealedAccount = {
  readonly id: number;
  readonly customerId: number;
  readonly cdn: MeasurableCdn;
  readonly accountRef: string | null;
  readonly sealedToken: string;
};

export const sealedAccounts = (db: Database): Promise<SealedAccount[]> =>
  everyPage<"id", SealedAccount>(
    db,
    "id",
    (after) => sql`
  select id, customer_id as "customerId", cdn, account_ref as "accountRef", sealed_token as "sealedToken"
  from cdn_accounts where deleted_at is null and id > ${after} order by id`,
  );

export const noteReadings = async (db: Database, fence: Fence, outcomes: readonly SourceOutcome[], readAtMs: number): Promise<void> => {
  const rows = JSON.stringify(outcomes.map(({ accountId, error }) => ({ id: accountId, error })));
  await db.rows(sql`
    with ${fenceCte(fence)}
    update cdn_accounts a set last_error = x.error,
      last_read_at = case when x.error is null then ${isoTime(readAtMs)}::timestamptz else a.last_read_at end
    from jsonb_to_recordset(${rows}::jsonb) as x(id bigint, error text) where a.id = x.id and a.deleted_at is null
      and exists (select from fence)`);
};
