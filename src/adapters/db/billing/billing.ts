import { NeonDbError } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { BillingRefused } from "../../ports/billing/billing.ts";
import type { BillingChunk, BillingFrame, BillingStore, ChunkResult, DueCustomer } from "../../ports/billing/billing.ts";
import { documentCtes } from "./billing-documents.ts";
import { at, chosenCtes, dueCustomers } from "./billing-due.ts";
import type { DueRules } from "./billing-due.ts";
import { entriesCtes, ids, uncreditedCte } from "./billing-figures.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";

/** A statement that outlasts its client's time-out would have an unknown outcome: the database gives up first. */
const patience = sql`select set_config('lock_timeout', '4s', true), set_config('statement_timeout', '10s', true)`;

/**
 * Taken in a statement of its own: the next one then takes its snapshot with the locks held, and sees
 * what a run that held them before has billed. `no key` lets API writes that merely refer to the customer pass.
 */
const lockCustomers = (chunk: BillingChunk): SQL =>
  sql`select id from customers where id = any(${ids(chunk.customerIds)}) order by id for no key update`;

const rulesOf = ({ terms, cycle, issuedAtMs, bounds, withheldAfterMs }: BillingFrame): DueRules => ({
  defaults: { ...terms, cycle },
  nowMs: issuedAtMs,
  bounds,
  withheldAfterMs,
});

/**
 * The invoice run of a chunk in one statement: one invoice per customer, and per currency where terms changed it. A cause
 * of adjustments is removed by the statement that saw it; one that is noted meanwhile stays for the next run, and one that
 * amounts to no cent waits for the next invoice. A cycle is closed once nothing of it is left for a further statement.
 */
const issueInvoices = (chunk: BillingChunk): SQL => sql`
with ${fenceCte(chunk.fence)}, ${chosenCtes(sql`c.id = any(${ids(chunk.customerIds)}) and exists (select from fence)`, rulesOf(chunk))},
${entriesCtes({ ...rulesOf(chunk), maxWindows: chunk.maxWindows, lock: true })}, totals as (
  select customer_id, currency, min(window_start) as period_start, max(window_end) as period_end,
    sum(amount) as amount, sum(discount) as discount,
    row_number() over (partition by customer_id order by currency) - 1 as place
  from entries
  group by customer_id, currency
), issued as (
  insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents,
    currency, issued_at)
  select t.customer_id, c.next_number + t.place, t.period_start, t.period_end, t.amount, t.discount,
    t.amount - t.discount, t.currency, ${at(chunk.issuedAtMs)}
  from totals t
  join chosen c using (customer_id)
  order by t.customer_id, t.place
  returning id, customer_id, number, total_cents, currency, period_start, period_end
), ${documentCtes(chunk.issuedAtMs, chunk.terms.currency)}, rest as (
  select (select count(*) from picked where costs) >= ${chunk.maxWindows}
      or (select count(*) from adjusted where costs) >= ${chunk.maxWindows} as more,
    (select count(*) from adjusted) >= ${chunk.maxWindows} as adjustments_cut
), advanced as (
  update customers c set next_invoice_number = coalesce(i.last + 1, c.next_invoice_number),
    billed_until = case when h.cycle = 'run' or r.more then c.billed_until else h.bill_until end
  from rest r, chosen h
  left join (select customer_id, max(number) as last from issued group by customer_id) i using (customer_id)
  where c.id = h.customer_id and (i.last is not null or (h.cycle <> 'run' and not r.more))
), audited as (
  insert into audit_log (customer_id, actor, action, object_type, object_id, after)
  select customer_id, 'tranche', 'create', 'invoice', id,
    jsonb_build_object('number', number, 'total_cents', total_cents)
  from issued
), lines as (
  insert into invoice_line_items
    (invoice_id, kind, arrears, estimated, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes,
     rate_cents_per_gb, discount_rate, currency, terms_id, storm_microseconds, max_coverage_factor, amount_cents,
     discount_cents)
  select i.id, e.kind, e.arrears, e.estimated, e.snapshot_id, e.service_id, e.window_start, e.window_end, e.primary_bytes,
    e.backup_bytes, e.rate, e.discount_rate, e.currency, e.terms_id, e.storm_us, e.factor, e.amount, e.discount
  from entries e
  join issued i using (customer_id, currency)
  order by i.id, e.window_start, e.service_id
  returning id, snapshot_id
), line_storms as (
  insert into invoice_line_storms (line_id, storm_id, from_at, to_at, max_coverage_factor)
  select l.id, p.storm_id, p.from_at, p.to_at, p.factor
  from lines l
  join storm_parts p using (snapshot_id)
), ${uncreditedCte}, uncredited_lines as (
  insert into invoice_line_uncredited (line_id, storm_id, credit, reason)
  select l.id, u.storm_id, u.credit, u.reason
  from lines l
  join uncredited u using (snapshot_id)
), tagged as (
  update usage_snapshots u set invoice_id = i.id
  from entries e
  join issued i using (customer_id, currency)
  where u.id = e.snapshot_id and e.kind = 'usage'
), waiting as (
  select distinct w.customer_id from weighed w
  where w.kind = 'adjustment'
    and not exists (select from issued i where i.customer_id = w.customer_id and i.currency = w.currency)
), settled as (
  delete from adjustment_causes n using seen s, rest r
  where n.id = s.id and not r.adjustments_cut and s.customer_id not in (select customer_id from waiting)
), idled as (
  update adjustment_causes n set idle = true
  from seen s, rest r
  where n.id = s.id and not s.idle and not r.more and s.customer_id in (select customer_id from waiting)
)
select exists (select from fence) as held, (select count(*) from issued) as invoices,
  (select count(*) from lines) as lines, (select more from rest) as more`;

type Issued = { held: boolean; invoices: number; lines: number; more: boolean };

/** Semantics §9 as one set-based statement per chunk; `domain/billing/pricing.ts` explains the same figures line by line. */
export const createBillingStore = (db: Database): BillingStore => ({
  due: (frame, page) => db.rows<DueCustomer>(dueCustomers(rulesOf(frame), page)),

  issue: async (chunk): Promise<ChunkResult> => {
    try {
      const [, , [issued]] = await db.batch<[unknown[], unknown[], Issued[]]>([patience, lockCustomers(chunk), issueInvoices(chunk)]);
      if (issued === undefined) throw new TypeError("the billing statement answered without a row");
      const { held, ...counts } = issued;
      return held ? { status: "issued", ...counts } : { status: "fenced" };
    } catch (error) {
      if (error instanceof NeonDbError && error.code !== undefined) {
        throw new BillingRefused(`${error.message} (SQLSTATE ${error.code})`, { cause: error });
      }
      throw error;
    }
  },
});
