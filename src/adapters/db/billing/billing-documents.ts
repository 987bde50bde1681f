import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { exponentsByCode } from "../../../domain/billing/currency.ts";
import { documentDefaults } from "../../../domain/billing/invoice-number.ts";
import { avoidedByService, centsOf, currencyAt, stormRange, stormsWithin } from "../slo/avoided.ts";
import { at } from "./billing-due.ts";

/** How many decimals a currency has. Terms from before codes were validated may hold an unknown one: two. */
const exponentOf = (currency: SQL): SQL => sql`coalesce((${JSON.stringify(exponentsByCode)}::jsonb ->> ${currency})::smallint, 2)`;

/**
 * A row `tax` for the profile `p` of a customer (all null: it has none): `cents`, the sum, and `lines` as a document keeps
 * them. Each tax is its exact rate of the total, rounded once, halves away from zero, credit notes as invoices.
 */
export const taxesOf = (totalCents: SQL): SQL => sql`cross join lateral (
  select coalesce(sum(r.cents), 0) as cents,
    coalesce(jsonb_agg(jsonb_build_object('label', r.label, 'rate', r.rate, 'base_cents', ${totalCents}, 'cents', r.cents)
      order by r.place), '[]') as lines
  from (
    select e.value->>'label' as label, e.value->>'rate' as rate, e.place, round(${totalCents} * (e.value->>'rate')::numeric) as cents
    from jsonb_array_elements(p.taxes) with ordinality e (value, place)
  ) r
) tax`;

/** The customer's pattern, filled in (`domain/billing/invoice-number.ts`): at least four digits, the time of issue in UTC. */
const documentNumber = (issuedAtMs: number): SQL => sql`replace(replace(replace(replace(
  coalesce(p.number_pattern, ${documentDefaults.numberPattern}),
  '{year}', to_char(${at(issuedAtMs)} at time zone 'UTC', 'YYYY')),
  '{month}', to_char(${at(issuedAtMs)} at time zone 'UTC', 'MM')),
  '{customer}', i.customer_id::text),
  '{number}', lpad(i.number::text, greatest(4, length(i.number::text)), '0'))`;

/**
 * A row `avoided` for an invoice `i`: the part of a document that tells of the downtime avoided in its period, `{}` where there was
 * none. Its money is in the currency of the customer's terms in force, which an invoice over windows of earlier ones may not have.
 */
const avoidedOf = (issuedAt: SQL, defaultCurrency: string): SQL => sql`cross join lateral (
  select case when sum(a.us) > 0 then jsonb_build_object('downtime_avoided', jsonb_build_object(
      'seconds', trim_scale(sum(a.us) / 1000000.0),
      'cents', case when i.currency = ${currencyAt(sql`i.customer_id`, issuedAt, defaultCurrency)} then ${centsOf(sql`sum(a.us::numeric * a.price)`)} end,
      'storms', sum(a.storms))) else '{}' end as part
  from (
    select b.us, b.price, (
      select count(*) from ${stormsWithin(sql`b.id`, sql`i.period_start`, sql`i.period_end`)} and b.pieces && ${stormRange(issuedAt)}) as storms
    from (${avoidedByService(sql`i.customer_id`, sql`i.period_start`, sql`i.period_end`, issuedAt)}) b
  ) a
) avoided`;

/**
 * The CTEs that write what the invoices of `issued` print beside their lines: a copy of every text at this moment, so that
 * no later change of a name, an address or a tax changes a document. From `chosen`, `issued` and `entries`. A number that
 * an earlier pattern already produced gets the invoice's id as a suffix: a duplicate number would block the customer's billing.
 */
export const documentCtes = (issuedAtMs: number, defaultCurrency: string): SQL => sql`documents as (
  insert into invoice_documents (invoice_id, customer_id, document_number, kind, cycle, exponent, tax_cents, payable_cents,
    due_at, customer_name, body)
  select i.id, i.customer_id,
    n.text || case when exists (
      select from invoice_documents d where d.customer_id = i.customer_id and d.document_number = n.text) then '/' || i.id else '' end,
    case when i.total_cents < 0 then 'credit_note' else 'invoice' end, c.cycle, ${exponentOf(sql`i.currency`)}, tax.cents,
    i.total_cents + tax.cents, case when i.total_cents >= 0 then ${at(issuedAtMs)} + coalesce(p.payment_days, ${documentDefaults.paymentDays}::integer) * interval '24 hours' end, c.name,
    jsonb_build_object(
      'issuer', case when o.id is not null then jsonb_build_object('legal_name', o.legal_name, 'address', o.address,
        'tax_id', o.tax_id, 'payment_details', o.payment_details) end,
      'customer', jsonb_build_object('legal_name', p.legal_name, 'address', p.address, 'tax_id', p.tax_id),
      'po_number', p.po_number, 'taxes', tax.lines, 'reverse_charge', coalesce(p.reverse_charge, false)) || avoided.part
  from issued i
  join chosen c using (customer_id)
  left join billing_profiles p on p.customer_id = i.customer_id
  left join issuer_profile o on true
  cross join lateral (select ${documentNumber(issuedAtMs)} as text) n
  ${taxesOf(sql`i.total_cents`)}
  ${avoidedOf(at(issuedAtMs), defaultCurrency)}
), billed_services as (
  insert into invoice_services (invoice_id, service_id, name, primary_cdn, backup_cdn, lines, primary_bytes, backup_bytes,
    amount_cents, discount_cents)
  select g.invoice_id, s.id, s.name, coalesce(h.primary_cdn, s.primary_cdn), coalesce(h.backup_cdn, s.backup_cdn), g.lines,
    g.primary_bytes, g.backup_bytes, g.amount, g.discount
  from (
    select i.id as invoice_id, e.service_id, count(*) as lines, sum(e.primary_bytes) as primary_bytes,
      sum(e.backup_bytes) as backup_bytes, sum(e.amount) as amount, sum(e.discount) as discount, max(e.window_start) as last_start
    from entries e
    join issued i using (customer_id, currency)
    group by i.id, e.service_id
  ) g
  join services s on s.id = g.service_id
  -- The CDNs as they stood in the last of its windows, not as they stand today.
  left join lateral (
    select h.primary_cdn, h.backup_cdn from service_cdns h
    where h.service_id = s.id and h.from_at <= g.last_start
    order by h.from_at desc
    limit 1
  ) h on true
)`;
