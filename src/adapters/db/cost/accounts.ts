import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { costSealingContext } from "../../../domain/cost/sealing.ts";
import type { QuotaLimits } from "../../../domain/tenants/quota.ts";
import { AppError } from "../../../errors.ts";
import type { CostAccount, CostAccountPatch, CostAccountStore, SealedCostAccount } from "../../ports/cost/accounts.ts";
import type { Secrets } from "../../ports/platform/secrets.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";
import type { Exhausted } from "../tenants/quotas.ts";
import { exhausted, noLimits, quotaLock, refuseExhausted } from "../tenants/quotas.ts";

const scope = sql`id, name, region, bucket, prefix, to_jsonb(aws_accounts) as "awsAccounts", to_jsonb(regions) as regions`;
const columns = sql`${scope}, access_key_id as "accessKeyId", role_arn as "roleArn", external_id as "externalId",
  ${ms("created_at", "createdAtMs")}, ${ms("last_read_at", "lastReadAtMs")}, last_error as "lastError"`;

const refusals = {
  cost_accounts_name_key: taken("there is an account of this name", "/name"),
  cost_accounts_customer_id_customers_id_fk: () => new AppError("not_found", "no such resource"),
};

/** What a reader of the audit log is not told. */
const audited = (cte: string): SQL => sql`to_jsonb(${sql.raw(cte)}) - 'sealed_secret' - 'last_read_at' - 'last_error'`;

const textArray = (texts: readonly string[]): SQL => sql`array(select jsonb_array_elements_text(${JSON.stringify(texts)}::jsonb))`;

/** `set` of the fields that a patch names. What was wrong with the account before is not known to be so any more. */
const changes = ({ name, region, bucket, prefix, awsAccounts, regions }: CostAccountPatch): SQL =>
  sql.join(
    [
      sql`last_error = null`,
      ...(name === undefined ? [] : [sql`name = ${name}`]),
      ...(region === undefined ? [] : [sql`region = ${region}`]),
      ...(bucket === undefined ? [] : [sql`bucket = ${bucket}`]),
      ...(prefix === undefined ? [] : [sql`prefix = ${prefix}`]),
      ...(awsAccounts === undefined ? [] : [sql`aws_accounts = ${textArray(awsAccounts)}`]),
      ...(regions === undefined ? [] : [sql`regions = ${textArray(regions)}`]),
    ],
    sql`, `,
  );

const live = (customerId: number, id: number): SQL => sql`id = ${id} and customer_id = ${customerId} and deleted_at is null`;

/**
 * @param secrets null where SECRETS_KEY is not set
 * @param limits the quotas of customers without their own
 */
export const createCostAccountStore = (db: Database, secrets: Secrets | null, limits: QuotaLimits = noLimits): CostAccountStore => ({
  create: async (customerId, input, change) => {
    const role = "roleArn" in input;
    if (!role && secrets === null) throw new AppError("conflict", "this deployment keeps no secrets (SECRETS_KEY is not set)");
    const form = role
      ? sql`null::text, null::text, ${input.roleArn}::text, gen_random_uuid()::text`
      : sql`${input.accessKeyId}::text, ${await secrets?.seal(input.secretAccessKey, costSealingContext(customerId, input.accessKeyId))}::text,
          null::text, null::text`;
    const [outcome] = await write<{ readonly account: CostAccount | null; readonly quota: Exhausted | null }>(
      db,
      sql`
      with quota as (${exhausted(customerId, limits, ["cost_accounts"])}
      ), created as (
        insert into cost_accounts
          (customer_id, name, region, bucket, prefix, aws_accounts, regions, access_key_id, sealed_secret, role_arn, external_id)
        select ${customerId}::bigint, ${input.name}, ${input.region}, ${input.bucket}, ${input.prefix}, ${textArray(input.awsAccounts)},
          ${textArray(input.regions)}, ${form}
        where not exists (select from quota) returning *
      ), view as (select ${columns} from created
      ), remembered as (${rememberedAnswer(change, "created", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "cost_account",
        sql`
        select id as object_id, customer_id, null::jsonb as before, ${audited("created")} as after from created`,
      )}
      )
      select (select to_jsonb(v) from view v) as account, (select to_jsonb(q) from quota q) as quota`,
      refusals,
      quotaLock(customerId),
    );
    refuseExhausted(outcome?.quota);
    if (outcome?.account == null) throw new Error("an insert returned no row");
    return outcome.account;
  },

  list: (customerId, page) =>
    db.rows<CostAccount>(sql`
    select ${columns} from cost_accounts
    where customer_id = ${customerId} and deleted_at is null and id > ${page.afterId ?? 0}
    order by id limit ${page.limit}`),

  find: async (customerId, id) => {
    const [account] = await db.rows<CostAccount>(sql`select ${columns} from cost_accounts where ${live(customerId, id)}`);
    return account ?? null;
  },

  update: async (customerId, id, patch, change) => {
    const [account] = await write<CostAccount>(
      db,
      sql`
      with old as (select * from cost_accounts where ${live(customerId, id)} for no key update
      ), saved as (
        update cost_accounts a set ${changes(patch)} from old where a.id = old.id returning a.*
      ), audit as (${auditRow(
        change,
        "update",
        "cost_account",
        sql`
        select saved.id as object_id, saved.customer_id, ${audited("old")} as before, ${audited("saved")} as after from saved, old`,
      )}
      )
      select ${columns} from saved`,
      refusals,
    );
    return account ?? null;
  },

  remove: async (customerId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with gone as (
        update cost_accounts set deleted_at = now(), sealed_secret = left(sealed_secret, 0) where ${live(customerId, id)} returning *
      ), unread as (
        delete from cost_cursors c using gone where c.account_id = gone.id
      ), audit as (${auditRow(
        change,
        "delete",
        "cost_account",
        sql`
        select id as object_id, customer_id, ${audited("gone")} as before, null::jsonb as after from gone`,
      )}
      )
      select id from gone`,
    );
    return rows.length > 0;
  },
});

const sealed = sql`${scope}, customer_id as "customerId", access_key_id as "accessKeyId", sealed_secret as "sealedSecret",
  role_arn as "roleArn", external_id as "externalId", ${ms("created_at", "createdAtMs")}`;

/** Live accounts with their sealed secrets, in the order of their ids. */
export const sealedCostAccounts = (db: Database) => ({
  page: (afterId: number, limit: number): Promise<SealedCostAccount[]> =>
    db.rows(sql`select ${sealed} from cost_accounts where deleted_at is null and id > ${afterId} order by id limit ${limit}`),
  ofCustomer: (customerId: number): Promise<SealedCostAccount[]> =>
    db.rows(sql`select ${sealed} from cost_accounts where customer_id = ${customerId} and deleted_at is null order by id`),
  of: async (customerId: number, id: number): Promise<SealedCostAccount | null> =>
    (await db.rows<SealedCostAccount>(sql`select ${sealed} from cost_accounts where ${live(customerId, id)}`))[0] ?? null,
});

export type SealedCostAccounts = ReturnType<typeof sealedCostAccounts>;
