import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Fence } from "../ports/lease.ts";
import type { CheckedCustomer, Finding, ReconciliationStore } from "../ports/reconciliation.ts";
import { at } from "./billing-due.ts";
import { ids, issuedFor, pricedCtes } from "./billing-figures.ts";
import { patience } from "./billing.ts";
import type { Database } from "./client.ts";
import { fenceCte } from "./fence.ts";

type Outcome = { held: boolean; findings: Finding[]; cleared: number };

/**
 * Every rule once, in one statement and so at one moment. A window for which a cause of adjustments is noted is about to
 * be adjusted: until then it may differ. Bytes and cents are compared with what would be billed today, at the frozen terms.
 */
const checkStatement = (fence: Fence, customerIds: readonly number[], nowMs: number): SQL => sql`
with ${fenceCte(fence)}, chosen as materialized (
  select id as customer_id, next_invoice_number as next_number from customers where id = any(${ids(customerIds)})
), billed as materialized (
  select u.*, c.customer_id
  from chosen c
  join services s on s.customer_id = c.customer_id
  join usage_snapshots u on u.service_id = s.id
  where u.invoice_id is not null
), windows as materialized (
  select u.id as snapshot_id, u.customer_id, u.service_id, u.window_start, u.window_end,
    coalesce(k.primary_bytes, u.primary_bytes) as primary_bytes, coalesce(k.backup_bytes, u.backup_bytes) as backup_bytes,
    l.rate_cents_per_gb as rate, l.discount_rate, was.primary_bytes as was_primary_bytes, was.backup_bytes as was_backup_bytes,
    was.amount as was_amount, was.discount as was_discount
  from billed u
  left join usage_corrections k on k.snapshot_id = u.id
  ${issuedFor(sql`u.id`)}
  where not exists (
    select from adjustment_causes n
    where n.service_id = u.service_id and n.from_at < u.window_end and n.to_at > u.window_start)
), ${pricedCtes}, sums as (
  select i.id, i.customer_id, i.number, i.subtotal_cents, i.discount_cents, i.total_cents,
    coalesce(sum(l.amount_cents), 0) as amount, coalesce(sum(l.discount_cents), 0) as discount
  from chosen c
  join invoices i on i.customer_id = c.customer_id
  left join invoice_line_items l on l.invoice_id = i.id
  group by i.id
), found (customer_id, rule, object_type, object_id, expected, actual) as materialized (
  select u.customer_id, 'window_line', 'usage_snapshot', u.id, 'one usage line', 'none'
  from billed u
  where not exists (select from invoice_line_items l where l.snapshot_id = u.id and l.kind = 'usage')
  union all
  select s.customer_id, 'window_invoice', 'usage_snapshot', u.id, l.invoice_id::text, coalesce(u.invoice_id::text, 'not billed')
  from sums s
  join invoice_line_items l on l.invoice_id = s.id and l.kind = 'usage'
  join usage_snapshots u on u.id = l.snapshot_id
  where u.invoice_id is distinct from l.invoice_id
  union all
  select u.customer_id, 'line_bytes', 'usage_snapshot', u.id, u.primary_bytes || ' + ' || u.backup_bytes,
    l.primary_bytes || ' + ' || l.backup_bytes
  from billed u
  join invoice_line_items l on l.snapshot_id = u.id and l.kind = 'usage'
  where (l.primary_bytes, l.backup_bytes) <> (u.primary_bytes, u.backup_bytes)
  union all
  select customer_id, 'window_bytes', 'usage_snapshot', snapshot_id, primary_bytes || ' + ' || backup_bytes,
    was_primary_bytes || ' + ' || was_backup_bytes
  from priced
  where (was_primary_bytes, was_backup_bytes) <> (primary_bytes, backup_bytes)
  union all
  select customer_id, 'window_cents', 'usage_snapshot', snapshot_id, amount || ' - ' || discount,
    was_amount || ' - ' || was_discount
  from priced
  where (was_amount, was_discount) <> (amount, discount)
  union all
  select customer_id, 'invoice_sums', 'invoice', id, amount || ' - ' || discount,
    subtotal_cents || ' - ' || discount_cents || ' = ' || total_cents
  from sums
  where (amount, discount, amount - discount) <> (subtotal_cents, discount_cents, total_cents)
  union all
  select c.customer_id, 'invoice_numbers', 'customer', c.customer_id, '1 to ' || (c.next_number - 1),
    n.count || ' up to ' || coalesce(n.highest, 0)
  from chosen c
  cross join lateral (select count(*) as count, max(s.number) as highest from sums s where s.customer_id = c.customer_id) n
  where n.count <> c.next_number - 1 or coalesce(n.highest, 0) <> c.next_number - 1
), noted as (
  insert into reconciliation_findings as r
    (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at)
  select f.*, ${at(nowMs)}, ${at(nowMs)} from found f
  where exists (select from fence)
  order by f.rule, f.object_id
  on conflict (rule, object_id) where cleared_at is null
  do update set expected = excluded.expected, actual = excluded.actual, last_seen_at = excluded.last_seen_at
  returning r.*
), cleared as (
  update reconciliation_findings r set cleared_at = ${at(nowMs)}
  where r.customer_id = any(${ids(customerIds)}) and r.cleared_at is null and exists (select from fence)
    and not exists (select from found f where f.rule = r.rule and f.object_id = r.object_id)
  returning 1
)
select exists (select from fence) as held, (select count(*) from cleared) as cleared,
  coalesce((select jsonb_agg(jsonb_build_object('customerId', customer_id, 'rule', rule, 'objectType', object_type,
    'objectId', object_id, 'expected', expected, 'actual', actual, 'isNew', found_at = last_seen_at) order by id)
    from noted), '[]') as findings`;

export const createReconciliationStore = (db: Database): ReconciliationStore => ({
  customers: (page) => db.rows<CheckedCustomer>(sql`
    select c.id as "customerId", (
      select count(*) from services s join usage_snapshots u on u.service_id = s.id
      where s.customer_id = c.id and u.invoice_id is not null) as windows
    from customers c
    where c.id > ${page.afterCustomerId}
    order by c.id
    limit ${page.limit}`),

  check: async (fence, customerIds, nowMs) => {
    const [, [outcome]] = await db.batch<[unknown[], Outcome[]]>([patience, checkStatement(fence, customerIds, nowMs)]);
    if (outcome === undefined) throw new TypeError("the reconciliation statement answered without a row");
    return outcome;
  },
});
