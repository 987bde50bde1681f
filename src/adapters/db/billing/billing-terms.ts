import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { BillingTermsStore, CustomerTermsRow } from "../../ports/billing/billing-terms.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";

const columns = sql`id, ${ms("valid_from", "validFromMs")}, rate_cents_per_gb::float8 as "rateCentsPerGb",
  discount_rate::float8 as "discountRate", currency, cycle, credit_rule as "creditRule", ${ms("created_at", "createdAtMs")}`;

const refusals = { billing_terms_start_key: taken("there are terms from this moment on", "/valid_from") };

export const createBillingTermsStore = (db: Database): BillingTermsStore => ({
  create: async (customerId, input, change) => {
    const rows = await write<CustomerTermsRow>(
      db,
      sql`
      with created as (
        insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency, cycle, credit_rule)
        select id, ${isoTime(input.validFromMs)}::timestamptz, ${input.rateCentsPerGb}::numeric, ${input.discountRate}::numeric,
          ${input.currency}, ${input.cycle}::text, ${input.creditRule}::text
        from customers where id = ${customerId} returning *
      ), view as (select ${columns} from created
      ), remembered as (${rememberedAnswer(change, "created", "view")}
      ), audit as (${auditRow(
        change,
        "create",
        "billing_terms",
        sql`
        select id as object_id, customer_id, null::jsonb as before, to_jsonb(created) as after from created`,
      )}
      )
      select * from view`,
      refusals,
    );
    return rows[0] ?? null;
  },

  list: async (customerId, page) => {
    const rows = await db.rows<{ terms: CustomerTermsRow[] }>(sql`
      select coalesce((
        select jsonb_agg(t order by t.id) from (
          select ${columns} from billing_terms
          where customer_id = c.id and id > ${page.afterId ?? 0} order by id limit ${page.limit}
        ) t), '[]') as terms
      from customers c where c.id = ${customerId}`);
    return rows[0]?.terms ?? null;
  },
});
