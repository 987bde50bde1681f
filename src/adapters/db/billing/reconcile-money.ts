import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { CheckSpan } from "../../../domain/metering/check-spans.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { WindowRule } from "../../ports/billing/reconciliation.ts";
import { issuedFor, pricedCtes, stormsAtHand } from "./billing-figures.ts";
import { fenceCte } from "../platform/fence.ts";
import { noteCtes, notedColumns, spansCte } from "./reconcile-findings.ts";

const rules: readonly WindowRule[] = ["line_bytes", "window_bytes", "window_cents", "window_invoice", "window_line"];

/**
 * Windows against what was issued for them, in one statement and so at one moment. A window with a pending cause of
 * adjustments may differ until it is adjusted. Bytes and cents are compared with what would be
 * billed today, at the frozen terms.
 */
export const moneyStatement = (fence: Fence, spans: readonly CheckSpan[], nowMs: number): SQL => sql`
with ${fenceCte(fence)}, ${spansCte(spans)}, checked as materialized (
  select x.customer_id, u.*, l.invoice_id as line_invoice, l.primary_bytes as line_primary, l.backup_bytes as line_backup
  from spans x
  cross join lateral (
    select u.id, u.service_id, u.window_start, u.window_end, u.primary_bytes, u.backup_bytes, u.invoice_id
    from usage_snapshots u
    where u.service_id = x.service_id and u.window_start >= x.from_at and u.window_start < x.to_at
    offset 0) u
  left join lateral (
    select l.invoice_id, l.primary_bytes, l.backup_bytes from invoice_line_items l
    where l.snapshot_id = u.id and l.kind = 'usage'
    offset 0) l on true
), settled as materialized (
  select u.* from checked u
  where u.invoice_id is not null and u.line_invoice is not null and not exists (
    select from adjustment_causes n
    where n.service_id = u.service_id and n.from_at < u.window_end and n.to_at > u.window_start)
), windows as materialized (
  select u.id as snapshot_id, u.customer_id, u.service_id, u.window_start, u.window_end,
    coalesce(k.primary_bytes, u.primary_bytes) as primary_bytes, coalesce(k.backup_bytes, u.backup_bytes) as backup_bytes, i.*
  from settled u
  left join lateral (
    select k.primary_bytes, k.backup_bytes from usage_corrections k where k.snapshot_id = u.id offset 0) k on true
  cross join lateral (
    select l.rate_cents_per_gb as rate, l.discount_rate, was.primary_bytes as was_primary_bytes, was.backup_bytes as was_backup_bytes,
      was.amount as was_amount, was.discount as was_discount
    from (values (u.id)) w (id)
    ${issuedFor(sql`w.id`)}
    offset 0) i
), storm_events as materialized (
  -- In the place of the table for what follows: a service may have had thousands, of which few lie within the spans.
  select e.* from spans x
  cross join lateral (
    select e.* from storm_events e
    where e.service_id = x.service_id and e.started_at < x.to_at + interval '1 day' and coalesce(e.ended_at, 'infinity') > x.from_at
    offset 0) e
), ${pricedCtes(stormsAtHand)}, found (customer_id, rule, object_type, object_id, expected, actual) as materialized (
  select customer_id, 'window_line', 'usage_snapshot', id, 'one usage line', 'none'
  from checked
  where invoice_id is not null and line_invoice is null
  union all
  select customer_id, 'window_invoice', 'usage_snapshot', id, line_invoice::text, coalesce(invoice_id::text, 'not billed')
  from checked
  where line_invoice is not null and invoice_id is distinct from line_invoice
  union all
  select customer_id, 'line_bytes', 'usage_snapshot', id, primary_bytes || ' + ' || backup_bytes, line_primary || ' + ' || line_backup
  from checked
  where invoice_id is not null and (line_primary, line_backup) <> (primary_bytes, backup_bytes)
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
), ${noteCtes(sql`r.rule = any(${`{${rules.join(",")}}`}::text[]) and r.object_id in (select id from checked)`, nowMs)}
select ${notedColumns}, (select count(*) from checked) as windows`;
