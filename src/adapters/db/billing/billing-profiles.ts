import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { documentDefaults } from "../../../domain/billing/invoice-number.ts";
import type { BillingProfile, BillingProfileStore, Issuer } from "../../ports/billing/billing-profiles.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, write } from "../platform/write.ts";

const lines = (column: string, alias: string): SQL => sql.raw(`coalesce(string_to_array(${column}, E'\\n'), '{}') as "${alias}"`);

const text = (given: readonly string[]): string | null => (given.length === 0 ? null : given.join("\n"));

const profileColumns = sql`p.legal_name as "legalName", ${lines("p.address", "address")}, p.tax_id as "taxId",
  p.po_number as "poNumber", p.number_pattern as "numberPattern", p.payment_days as "paymentDays", p.taxes,
  p.reverse_charge as "reverseCharge", ${ms("p.updated_at", "updatedAtMs")}`;

const issuerColumns = sql`legal_name as "legalName", ${lines("address", "address")}, tax_id as "taxId",
  ${lines("payment_details", "paymentDetails")}, ${ms("updated_at", "updatedAtMs")}`;

/** What invoices of a customer without a profile print: the defaults of its table. */
const unsaid: BillingProfile = {
  legalName: null,
  address: [],
  taxId: null,
  poNumber: null,
  ...documentDefaults,
  taxes: [],
  reverseCharge: false,
  updatedAtMs: null,
};

export const createBillingProfileStore = (db: Database): BillingProfileStore => ({
  get: async (customerId) => {
    const [row] = await db.rows<BillingProfile & { said: boolean }>(sql`
      select p.customer_id is not null as said, ${profileColumns}
      from customers c
      left join billing_profiles p on p.customer_id = c.id
      where c.id = ${customerId}`);
    if (row === undefined) return null;
    const { said, ...profile } = row;
    return said ? profile : unsaid;
  },

  set: async (customerId, input, change) => {
    const rows = await write<BillingProfile>(
      db,
      sql`
      with customer as (select id from customers where id = ${customerId}
      ), old as (select * from billing_profiles where customer_id = ${customerId}
      ), p as (
        insert into billing_profiles as b (customer_id, legal_name, address, tax_id, po_number, number_pattern, payment_days, taxes,
          reverse_charge)
        select id, ${input.legalName}::text, ${text(input.address)}::text, ${input.taxId}::text, ${input.poNumber}::text,
          ${input.numberPattern}::text, ${input.paymentDays}::integer, ${JSON.stringify(input.taxes)}::jsonb, ${input.reverseCharge}::boolean
        from customer
        on conflict (customer_id) do update set (legal_name, address, tax_id, po_number, number_pattern, payment_days, taxes,
          reverse_charge, updated_at) = (excluded.legal_name, excluded.address, excluded.tax_id, excluded.po_number,
          excluded.number_pattern, excluded.payment_days, excluded.taxes, excluded.reverse_charge, now())
        returning b.*
      ), audit as (${auditRow(
        change,
        "set",
        "billing_profile",
        sql`
        select p.customer_id as object_id, p.customer_id, (select to_jsonb(old) from old) as before, to_jsonb(p) as after from p`,
      )}
      )
      select ${profileColumns} from p`,
      {},
      sql`select customer_id from billing_profiles where customer_id = ${customerId} for update`,
    );
    return rows[0] ?? null;
  },

  issuer: async () => (await db.rows<Issuer>(sql`select ${issuerColumns} from issuer_profile`))[0] ?? null,

  setIssuer: async (input, change) => {
    const [issuer] = await write<Issuer>(
      db,
      sql`
      with old as (select * from issuer_profile
      ), saved as (
        insert into issuer_profile as o (legal_name, address, tax_id, payment_details)
        values (${input.legalName}, ${text(input.address)}, ${input.taxId}, ${text(input.paymentDetails)})
        on conflict (id) do update set (legal_name, address, tax_id, payment_details, updated_at) =
          (excluded.legal_name, excluded.address, excluded.tax_id, excluded.payment_details, now())
        returning o.*
      ), audit as (${auditRow(
        change,
        "set",
        "issuer",
        sql`
        select null::bigint as object_id, null::bigint as customer_id, (select to_jsonb(old) from old) as before,
          to_jsonb(saved) as after from saved`,
      )}
      )
      select ${issuerColumns} from saved`,
      {},
      sql`select id from issuer_profile for update`,
    );
    if (issuer === undefined) throw new TypeError("an upsert returned no row");
    return issuer;
  },
});
