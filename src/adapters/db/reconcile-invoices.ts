import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Fence } from "../ports/lease.ts";
import type { InvoicePlace } from "../ports/reconciliation.ts";
import { fenceCte } from "./fence.ts";
import { noteCtes, notedColumns } from "./reconcile-findings.ts";

const customersAtOnce = 2_000;

/**
 * Invoices against their lines and their numbers, customer by customer in the order of numbers. Whatever a customer has,
 * `page` ends after so many lines; the invoice at its end is left to the next statement, unless it is the only one.
 */
export const invoicesStatement = (fence: Fence, place: InvoicePlace, lines: number, nowMs: number): SQL => sql`
with ${fenceCte(fence)}, page as materialized (
  select c.id as customer_id, i.id, i.number
  from (
    select id from customers where id >= ${place.customerId} and exists (select from fence) order by id limit ${customersAtOnce}) c
  left join lateral (
    select i.id, i.number from invoices i
    where i.customer_id = c.id and i.number > case when c.id = ${place.customerId} then ${place.number}::bigint else 0 end
    order by i.number
    offset 0) i on true
  left join lateral (select from invoice_line_items l where l.invoice_id = i.id offset 0) l on true
  order by c.id, i.number
  limit ${lines + 1}
), cut as materialized (
  select customer_id, number from page
  where (select count(*) from page) > ${lines}
  order by customer_id desc, number desc nulls last
  limit 1
), rows as materialized (
  select distinct customer_id, id, number from page
), chosen as materialized (
  select * from rows r
  where not exists (select from cut c where c.customer_id = r.customer_id and c.number is not distinct from r.number)
    or (select count(*) from rows) = 1
), sums as materialized (
  select r.customer_id, i.id, i.subtotal_cents, i.discount_cents, i.total_cents, l.amount, l.discount
  from chosen r
  cross join lateral (select i.* from invoices i where i.id = r.id offset 0) i
  cross join lateral (
    select coalesce(sum(l.amount_cents), 0) as amount, coalesce(sum(l.discount_cents), 0) as discount
    from invoice_line_items l
    where l.invoice_id = r.id
    offset 0) l
), ended as materialized (
  select r.customer_id, max(r.number) as upto,
    count(r.id) + case when r.customer_id = ${place.customerId} then ${place.count}::bigint else 0 end as count
  from chosen r
  group by r.customer_id
), counted as materialized (
  select e.customer_id, coalesce(e.upto, case when e.customer_id = ${place.customerId} then ${place.number}::bigint else 0 end) as upto,
    e.count, h.highest, c.next_invoice_number - 1 as last
  from ended e
  cross join lateral (select c.next_invoice_number from customers c where c.id = e.customer_id offset 0) c
  cross join lateral (select coalesce(max(i.number), 0) as highest from invoices i where i.customer_id = e.customer_id offset 0) h
), found (customer_id, rule, object_type, object_id, expected, actual) as materialized (
  select customer_id, 'invoice_sums', 'invoice', id, amount || ' - ' || discount,
    subtotal_cents || ' - ' || discount_cents || ' = ' || total_cents
  from sums
  where (amount, discount, amount - discount) <> (subtotal_cents, discount_cents, total_cents)
  union all
  select customer_id, 'invoice_numbers', 'customer', customer_id, '1 to ' || last, count || ' up to ' || highest
  from counted
  where upto = highest and (count <> last or highest <> last)
), ${noteCtes(sql`((r.rule = 'invoice_sums' and r.object_id in (select id from sums))
    or (r.rule = 'invoice_numbers' and r.object_id in (select customer_id from counted where upto = highest)))`, nowMs)}
select ${notedColumns}, (select count(*) from sums) as invoices,
  case
    when exists (select from counted where upto < highest) then
      (select jsonb_build_object('customerId', customer_id, 'number', upto, 'count', count) from counted where upto < highest)
    when exists (select from customers where id > (select max(customer_id) from counted)) then
      (select jsonb_build_object('customerId', max(customer_id) + 1, 'number', 0, 'count', 0) from counted)
  end as next`;
