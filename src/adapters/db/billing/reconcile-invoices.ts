import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { InvoicePlace } from "../../ports/billing/reconciliation.ts";
import { fenceCte } from "../platform/fence.ts";
import { noteCtes, notedColumns } from "./reconcile-findings.ts";

/**
 * Invoices against their lines and their numbers, customer by customer in the order of numbers. `page` always ends
 * after so many lines: it is read in index order, and no further. The invoice at its
 * end is left to the next statement, unless it is the only one. A customer is judged once its last invoice was seen.
 */
export const invoicesStatement = (fence: Fence, place: InvoicePlace, lines: number, nowMs: number): SQL => sql`
with ${fenceCte(fence)}, page as materialized (
  select i.customer_id, i.id, i.number
  from (
    select customer_id, id, number from invoices
    where (customer_id, number) > (${place.customerId}::bigint, ${place.number}::bigint) and exists (select from fence)
    order by customer_id, number
    limit ${lines + 1}) i
  left join lateral (select from invoice_line_items l where l.invoice_id = i.id offset 0) l on true
  order by i.customer_id, i.number
  limit ${lines + 1}
), rows as materialized (
  select distinct customer_id, id, number from page
), cut as materialized (
  select id from rows
  where (select count(*) from page) > ${lines} and (select count(*) from rows) > 1
  order by customer_id desc, number desc
  limit 1
), chosen as materialized (
  select * from rows where id not in (select id from cut)
), reached as materialized (
  -- The customers behind the place and before this one were seen; null: all are.
  select case when (select count(*) from page) > ${lines} then (select max(customer_id) from chosen) end as customer_id
), sums as materialized (
  select r.customer_id, i.id, i.subtotal_cents, i.discount_cents, i.total_cents, l.amount, l.discount
  from chosen r
  cross join lateral (select i.* from invoices i where i.id = r.id offset 0) i
  cross join lateral (
    select coalesce(sum(l.amount_cents), 0) as amount, coalesce(sum(l.discount_cents), 0) as discount
    from invoice_line_items l
    where l.invoice_id = r.id
    offset 0) l
), counted as materialized (
  select e.customer_id, e.upto, e.count + case when e.customer_id = ${place.customerId} then ${place.count}::bigint else 0 end as count,
    h.highest, c.next_invoice_number - 1 as last
  from (select customer_id, max(number) as upto, count(*) as count from chosen group by customer_id) e
  cross join lateral (select c.next_invoice_number from customers c where c.id = e.customer_id offset 0) c
  cross join lateral (select max(i.number) as highest from invoices i where i.customer_id = e.customer_id offset 0) h
), without as materialized (
  select c.id as customer_id, c.next_invoice_number - 1 as last
  from customers c, reached t
  where c.id > ${place.customerId} and c.id < coalesce(t.customer_id, 9223372036854775807) and exists (select from fence)
    and (select i.id from invoices i where i.customer_id = c.id limit 1) is null
), found (customer_id, rule, object_type, object_id, expected, actual) as materialized (
  select customer_id, 'invoice_sums', 'invoice', id, amount || ' - ' || discount,
    subtotal_cents || ' - ' || discount_cents || ' = ' || total_cents
  from sums
  where (amount, discount, amount - discount) <> (subtotal_cents, discount_cents, total_cents)
  union all
  select customer_id, 'invoice_numbers', 'customer', customer_id, '1 to ' || last, count || ' up to ' || highest
  from counted
  where upto = highest and (count <> last or highest <> last)
  union all
  select customer_id, 'invoice_numbers', 'customer', customer_id, '1 to ' || last, 'none'
  from without
  where last <> 0
), ${noteCtes(
  sql`((r.rule = 'invoice_sums' and r.object_id in (select id from sums))
    or (r.rule = 'invoice_numbers' and r.object_id in (
      select customer_id from counted where upto = highest union all select customer_id from without)))`,
  nowMs,
)}
select ${notedColumns}, (select count(*) from sums) as invoices,
  (select jsonb_build_object('customerId', c.customer_id, 'number', c.upto, 'count', c.count)
   from counted c join reached t on t.customer_id = c.customer_id) as next`;
