import { NeonDbError } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { isoTime } from "../../iso-time.ts";
import { BillingRefused } from "../ports/billing.ts";
import type { BillingChunk, BillingStore, ChunkResult, DueCustomer } from "../ports/billing.ts";
import type { Database } from "./client.ts";
import { fenceCte } from "./fence.ts";

const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;
const ids = (values: readonly number[]): SQL => sql`${`{${values.join(",")}}`}::bigint[]`;

/**
 * n / d to the nearest integer, halves away from zero, for n >= 0 and d > 0. On `div`, which is exact: `/` keeps some
 * 16 digits only, so `round(n / d)` sees a half where the quotient lies just below one.
 */
const nearest = (n: SQL, d: SQL): SQL => sql`div((${n}) * 2 + ${d}, ${d} * 2)`;

/** What a side's bytes cost; 1073741824 = 2^30 bytes are the gigabyte of the rate. */
const charge = (bytes: SQL): SQL => nearest(sql`${bytes} * t.rate`, sql`1073741824::numeric`);

/** Until when a storm counts: its end; while recovering, since when; while open, beyond any window. */
const stormEnd = sql`case e.state when 'ended' then e.ended_at when 'recovering' then e.recovering_since
  else 'infinity'::timestamptz end`;

const microseconds = (interval: SQL): SQL => sql`extract(epoch from ${interval}) * 1000000`;

/** A statement that outlives its client's patience would leave it in doubt: the database gives up first. */
const patience = sql`select set_config('lock_timeout', '4s', true), set_config('statement_timeout', '10s', true)`;

/**
 * Taken in a statement of its own: the next one then begins, and takes its snapshot, with the locks in hand, and sees
 * what a run that held them before has billed. `no key` lets API writes that merely refer to the customer pass.
 */
const lockCustomers = (chunk: BillingChunk): SQL =>
  sql`select id from customers where id = any(${ids(chunk.customerIds)}) order by id for no key update`;

/**
 * The invoice run of a chunk in one statement. `due` locks its windows, so bytes that are being replaced meanwhile are
 * either billed as they are now or refused there as billed; both sides lock in (service, window) order.
 */
const issueInvoices = (chunk: BillingChunk): SQL => sql`
with ${fenceCte(chunk.fence)}, terms as materialized (
  select c.id as customer_id, c.next_invoice_number as number,
    ${chunk.terms.rateCentsPerGb}::numeric as rate, ${chunk.terms.discountRate}::numeric as discount_rate
  from customers c
  where c.id = any(${ids(chunk.customerIds)}) and exists (select from fence)
), due as materialized (
  select u.id, s.customer_id, u.service_id, u.window_start, u.window_end, u.primary_bytes, u.backup_bytes
  from terms t
  join services s on s.customer_id = t.customer_id
  join usage_snapshots u on u.service_id = s.id
  where u.invoice_id is null and u.window_end <= ${at(chunk.billUntilMs)}
  order by u.service_id, u.window_start
  limit ${chunk.maxWindows}
  for update of u
), stormy as (
  select d.id, max(e.max_coverage_factor) as factor,
    range_agg(tstzrange(greatest(e.started_at, d.window_start), least(${stormEnd}, d.window_end))) as storms
  from due d
  join storm_events e on e.service_id = d.service_id
    and e.started_at < d.window_end and ${stormEnd} > d.window_start and ${stormEnd} > e.started_at
  group by d.id
), covered as (
  select id, factor, (select sum(${microseconds(sql`upper(r) - lower(r)`)}) from unnest(storms) r) as storm_us
  from stormy
), charged as (
  select d.*, t.rate, t.discount_rate,
    ${charge(sql`d.primary_bytes`)} as primary_cents,
    ${charge(sql`d.backup_bytes`)} as backup_cents,
    coalesce(c.storm_us, 0) as storm_us, coalesce(c.factor, 0) as factor,
    ${microseconds(sql`(d.window_end - d.window_start)`)} as window_us
  from due d
  join terms t using (customer_id)
  left join covered c on c.id = d.id
), priced as materialized (
  select *, primary_cents + backup_cents as amount,
    least(primary_cents + backup_cents,
      ${nearest(sql`backup_cents * discount_rate * storm_us * factor`, sql`window_us`)}) as discount
  from charged
), issued as (
  insert into invoices
    (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
  select p.customer_id, t.number, min(p.window_start), max(p.window_end), sum(p.amount), sum(p.discount),
    sum(p.amount) - sum(p.discount), ${at(chunk.issuedAtMs)}
  from priced p
  join terms t using (customer_id)
  group by p.customer_id, t.number
  order by p.customer_id
  returning id, customer_id, number, total_cents
), numbered as (
  update customers c set next_invoice_number = i.number + 1 from issued i where c.id = i.customer_id
), audited as (
  insert into audit_log (customer_id, actor, action, object_type, object_id, after)
  select customer_id, 'tranche', 'create', 'invoice', id,
    jsonb_build_object('number', number, 'total_cents', total_cents)
  from issued
), lines as (
  insert into invoice_line_items
    (invoice_id, kind, arrears, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes,
     rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
  select i.id, 'usage', p.window_end <= ${at(chunk.arrearsUntilMs)}, p.id, p.service_id, p.window_start, p.window_end,
    p.primary_bytes, p.backup_bytes, p.rate, p.discount_rate, p.storm_us, p.factor, p.amount, p.discount
  from priced p
  join issued i using (customer_id)
  order by i.id, p.window_start, p.service_id
  returning 1
), tagged as (
  update usage_snapshots u set invoice_id = i.id
  from priced p
  join issued i using (customer_id)
  where u.id = p.id
)
select exists (select from fence) as held, (select count(*) from issued) as invoices,
  (select count(*) from lines) as lines`;

type Issued = { held: boolean; invoices: number; lines: number };

/** Semantics §9 as one set-based statement per chunk; `domain/pricing.ts` explains the same figures line by line. */
export const createBillingStore = (db: Database): BillingStore => ({
  due: (page) =>
    db.rows<DueCustomer>(sql`
      select s.customer_id as "customerId", count(*) as windows
      from usage_snapshots u
      join services s on s.id = u.service_id
      where u.invoice_id is null and u.window_end <= ${at(page.billUntilMs)} and s.customer_id > ${page.afterCustomerId}
      group by s.customer_id
      order by s.customer_id
      limit ${page.limit}`),

  issue: async (chunk): Promise<ChunkResult> => {
    try {
      const [, , [issued]] = await db.batch<[unknown[], unknown[], Issued[]]>([
        patience,
        lockCustomers(chunk),
        issueInvoices(chunk),
      ]);
      if (issued === undefined) throw new TypeError("the billing statement answered without a row");
      return issued.held ? { status: "issued", invoices: issued.invoices, lines: issued.lines } : { status: "fenced" };
    } catch (error) {
      if (error instanceof NeonDbError && error.code !== undefined) {
        throw new BillingRefused(`${error.message} (SQLSTATE ${error.code})`, { cause: error });
      }
      throw error;
    }
  },
});
