import { sql } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import type { DnsAccount, DnsAccountStore, SealedDnsAccount } from "../../ports/steering/dns-accounts.ts";
import type { Secrets } from "../../ports/platform/secrets.ts";
import { everyPage } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";

const columns = sql`id, region, access_key_id as "accessKeyId", role_arn as "roleArn", external_id as "externalId", ${ms("created_at", "createdAtMs")}`;

/** The last error of `dns_accounts a`: of its latest calls, or else of GetChange. */
const fared = sql`(select coalesce(s.last_error, s.polls_error) from dns_standings s where s.customer_id = a.customer_id) as "lastError",
  (select trunc(extract(epoch from greatest(s.paused_until, s.polls_paused_until)) * 1000)::bigint from dns_standings s where s.customer_id = a.customer_id)
    as "pausedUntilMs"`;

/** Binds the sealed secret to its customer and key. */
export const dnsSealingContext = (customerId: number, accessKeyId: string): string => `dns-account:${customerId}:${accessKeyId}`;

/**
 * Another account may see other zones: what was read with the previous one is read again.
 * @param done the CTE that is empty where no account has changed
 */
const readAgain = (customerId: number, done: string) => sql`
  update domain_routing r set read_at = null from service_domains d
  where d.id = r.domain_id and d.customer_id = ${customerId} and exists (select from ${sql.raw(done)})`;

/** And it may be permitted what the previous one was not: its switches are retried at once, and the previous failures are dropped. */
const tryAgain = (customerId: number, done: string) => sql`
  update routing_changes c set next_attempt_at = now() from service_domains d
  where d.id = c.domain_id and d.customer_id = ${customerId} and c.next_attempt_at > now() and exists (select from ${sql.raw(done)})`;
const forgetTroubles = (customerId: number, done: string) => sql`
  delete from dns_standings where customer_id = ${customerId} and exists (select from ${sql.raw(done)})`;

/** @param secrets null where SECRETS_KEY is not set */
export const createDnsAccountStore = (db: Database, secrets: Secrets | null): DnsAccountStore => ({
  create: async (customerId, input, change) => {
    const role = "roleArn" in input;
    if (!role && secrets === null) throw new AppError("conflict", "this deployment keeps no secrets (SECRETS_KEY is not set)");
    const form = role
      ? sql`null, null, ${input.roleArn}, gen_random_uuid()`
      : sql`${input.accessKeyId}, ${await secrets?.seal(input.secretAccessKey, dnsSealingContext(customerId, input.accessKeyId))}, null, null`;
    const rows = await write<DnsAccount>(
      db,
      sql`
      with created as (
        insert into dns_accounts (customer_id, region, access_key_id, sealed_secret, role_arn, external_id)
        values (${customerId}, ${input.region}, ${form}) returning *
      ), due as (${readAgain(customerId, "created")}
      ), retried as (${tryAgain(customerId, "created")}
      ), anew as (${forgetTroubles(customerId, "created")}
      ), view as (select ${columns}, null::text as "lastError", null::bigint as "pausedUntilMs" from created
      ), remembered as (${rememberedAnswer(change, "created", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "dns_account",
        sql`
        select id as object_id, customer_id, null::jsonb as before, to_jsonb(created) - 'sealed_secret' as after from created`,
      )}
      )
      select * from view`,
      {
        dns_accounts_live_key: taken("there is an account already: delete it first", role ? "/role_arn" : "/access_key_id"),
        dns_accounts_customer_id_customers_id_fk: () => new AppError("not_found", "no such resource"),
      },
    );
    const [account] = rows;
    if (account === undefined) throw new Error("an insert returned no row");
    return account;
  },

  list: (customerId, page) =>
    db.rows<DnsAccount>(sql`
    select ${columns}, ${fared} from dns_accounts a
    where customer_id = ${customerId} and deleted_at is null and id > ${page.afterId ?? 0}
    order by id limit ${page.limit}`),

  find: async (customerId, id) => {
    const [account] = await db.rows<DnsAccount>(sql`
      select ${columns}, ${fared} from dns_accounts a where customer_id = ${customerId} and id = ${id} and deleted_at is null`);
    return account ?? null;
  },

  remove: async (customerId, id, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with gone as (
        update dns_accounts set deleted_at = now(), sealed_secret = left(sealed_secret, 0)
        where id = ${id} and customer_id = ${customerId} and deleted_at is null returning *
      ), due as (${readAgain(customerId, "gone")}
      ), retried as (${tryAgain(customerId, "gone")}
      ), anew as (${forgetTroubles(customerId, "gone")}
      ), audit as (${auditRow(
        change,
        "delete",
        "dns_account",
        sql`
        select id as object_id, customer_id, to_jsonb(gone) - 'sealed_secret' as before, null::jsonb as after from gone`,
      )}
      )
      select id from gone`,
    );
    return rows.length > 0;
  },
});

/** The live accounts of these customers, with their sealed secrets. */
export const sealedDnsAccounts = (db: Database, customerIds: readonly number[]): Promise<SealedDnsAccount[]> =>
  everyPage<"id", SealedDnsAccount>(
    db,
    "id",
    (after) => sql`
  select ${columns}, customer_id as "customerId", sealed_secret as "sealedSecret" from dns_accounts
  where customer_id in (select value::bigint from jsonb_array_elements_text(${JSON.stringify(customerIds)}::jsonb))
    and deleted_at is null and id > ${after}
  order by id`,
  );
