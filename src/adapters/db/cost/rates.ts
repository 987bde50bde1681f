import { sql } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import type { CostRate, CostRateStore } from "../../ports/cost/rates.ts";
import { mostCostRates } from "../../ports/cost/rates.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";
import { quotaLock } from "../tenants/quotas.ts";

export const rateColumns = sql`cdn, cents_per_gb::text as "centsPerGb", monthly_cents as "monthlyCents", ${ms("updated_at", "updatedAtMs")}`;

const tooMany = () => new AppError("conflict", `there are rates of ${mostCostRates} CDNs already: delete those that are not used any more`);

/** What CDNs charge customers. A rate has no id of its own: the audit log names that of its customer. */
export const createCostRateStore = (db: Database): CostRateStore => ({
  list: (customerId) =>
    db.rows<CostRate>(sql`select ${rateColumns} from cost_rates where customer_id = ${customerId} order by cdn limit ${mostCostRates}`),

  find: async (customerId, cdn) => {
    const [row] = await db.rows<CostRate>(sql`select ${rateColumns} from cost_rates where customer_id = ${customerId} and cdn = ${cdn}`);
    return row ?? null;
  },

  put: async (customerId, { cdn, centsPerGb, monthlyCents }, change) => {
    const [row] = await write<{ readonly rate: CostRate | null }>(
      db,
      sql`
      with owner as (select id from customers where id = ${customerId}
      ), was as (select * from cost_rates where customer_id = ${customerId} and cdn = ${cdn}
      ), r as (
        insert into cost_rates (customer_id, cdn, cents_per_gb, monthly_cents)
        select owner.id, ${cdn}, ${centsPerGb}::numeric, ${monthlyCents}::bigint from owner
        where exists (select from was) or (select count(*) from cost_rates where customer_id = owner.id) < ${mostCostRates}::int
        on conflict (customer_id, cdn) do update set cents_per_gb = excluded.cents_per_gb, monthly_cents = excluded.monthly_cents, updated_at = now()
        returning *
      ), audit as (${auditRow(
        change,
        "set",
        "cost_rate",
        sql`select r.customer_id as object_id, r.customer_id, (select to_jsonb(was) from was) as before, to_jsonb(r) as after from r`,
      )}
      )
      select (select to_jsonb(y) from (select ${rateColumns} from r) y) as rate from owner`,
      {},
      quotaLock(customerId),
    );
    if (row === undefined) return null;
    if (row.rate === null) throw tooMany();
    return row.rate;
  },

  remove: async (customerId, cdn, change) => {
    const rows = await write<{ readonly cdn: string }>(
      db,
      sql`
      with gone as (delete from cost_rates where customer_id = ${customerId} and cdn = ${cdn} returning *
      ), audit as (${auditRow(
        change,
        "delete",
        "cost_rate",
        sql`select customer_id as object_id, customer_id, to_jsonb(gone) as before, null::jsonb as after from gone`,
      )}
      )
      select cdn from gone`,
    );
    return rows.length > 0;
  },
});
