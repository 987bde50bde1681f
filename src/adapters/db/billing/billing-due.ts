import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { BillingCycle, CycleBound } from "../../../domain/billing/billing-cycle.ts";
import type { CustomerTerms } from "../../../domain/billing/pricing.ts";
import { isoTime } from "../../../iso-time.ts";

export const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;

/** What decides which windows are billed, and whose. */
export type DueRules = {
  /** Of customers without terms of their own, and of windows from before their first. */
  readonly defaults: CustomerTerms & { readonly cycle: BillingCycle };
  readonly nowMs: number;
  /** Per cycle the bound that is due, or that and the next ones. */
  readonly bounds: readonly CycleBound[];
  /** A window with an incomplete side that ends later waits to be completed. */
  readonly withheldAfterMs: number;
};

/** 2^29: half of the bytes of the rate's gigabyte, so that bytes x rate round to a cent from here on. */
const costsFrom = sql`536870912`;

const bytes = sql`greatest(u.primary_bytes, u.backup_bytes)`;

/** Whether a side of `usage_snapshots u` is incomplete, and likely to be completed in the ordinary course. */
export const isWithheld = ({ withheldAfterMs }: Pick<DueRules, "withheldAfterMs">): SQL =>
  sql`((u.primary_incomplete or u.backup_incomplete) and u.window_end > ${at(withheldAfterMs)})`;

const boundsCte = ({ bounds }: DueRules): SQL => {
  const rows = bounds.map(({ cycle, billUntilMs, arrearsUntilMs }) => ({
    cycle,
    bill_until: isoTime(billUntilMs),
    arrears_until: isoTime(arrearsUntilMs),
  }));
  return sql`bounds as materialized (
    select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as b(cycle text, bill_until timestamptz, arrears_until timestamptz)
  )`;
};

/** Which cycle a customer has now: by its terms in force, or the operator's default. */
const cycleNow = (customerId: SQL, { defaults, nowMs }: DueRules): SQL => sql`coalesce((
  select t.cycle from billing_terms t
  where t.customer_id = ${customerId} and t.valid_from <= ${at(nowMs)}
  order by t.valid_from desc limit 1), ${defaults.cycle})`;

/** A row `t`: the customer's own terms for a window `u`, all null where the operator's apply. */
export const termsOf = (customerId: SQL): SQL => sql`left join lateral (
  select b.* from billing_terms b
  where b.customer_id = ${customerId} and b.valid_from <= u.window_start
  order by b.valid_from desc
  limit 1
) t on true`;

/** Whether the window `u` costs a cent or more under its terms `t`. */
export const costsACent = ({ defaults }: DueRules): SQL =>
  sql`(${bytes} * coalesce(t.rate_cents_per_gb, ${defaults.rateCentsPerGb}::numeric) >= ${costsFrom})`;

/**
 * Whether a customer `c`, to be billed until `b.bill_until`, has something that makes an invoice: a window that costs, or
 * a change of billed ones that may. What costs nothing even at the highest of its rates (`f.bytes`) is skipped.
 */
const hasCause = (rules: DueRules): SQL => sql`(exists (
  select from services s
  cross join lateral (
    select from usage_snapshots u
    ${termsOf(sql`c.id`)}
    where u.service_id = s.id and u.invoice_id is null and u.window_end <= b.bill_until and not ${isWithheld(rules)}
      and ${bytes} >= f.bytes and ${costsACent(rules)}
    order by ${bytes} desc
    limit 1
  ) w
  where s.customer_id = c.id
) or exists (
  select from services s
  cross join lateral (select from adjustment_causes n where n.service_id = s.id and not n.idle limit 1) n
  where s.customer_id = c.id
))`;

/**
 * Of these customers `c` the ones whose cycle is open, with the bound until which they are billed. `rides`: there is
 * something to bill, and windows that cost nothing are included; without it nothing of the customer is priced.
 */
const openCustomers = (which: SQL, rules: DueRules): SQL => sql`
  select c.id as customer_id, c.next_invoice_number as next_number, c.name, k.cycle, b.bill_until,
    greatest(b.arrears_until, case when k.cycle <> 'run' then c.billed_until end) as arrears_until, ${hasCause(rules)} as rides
  from customers c
  cross join lateral (select ${cycleNow(sql`c.id`, rules)} as cycle) k
  cross join lateral (
    select x.bill_until, x.arrears_until from bounds x
    where x.cycle = k.cycle and (k.cycle = 'run' or c.billed_until is null or x.bill_until > c.billed_until)
    order by x.bill_until
    limit 1
  ) b
  cross join lateral (
    select floor(${costsFrom} / nullif(greatest(${rules.defaults.rateCentsPerGb}::numeric, max(d.rate_cents_per_gb)), 0))::bigint as bytes
    from billing_terms d
    where d.customer_id = c.id
  ) f
  where ${which}`;

/** The CTEs `bounds` and `chosen`, the open ones of these customers. */
export const chosenCtes = (which: SQL, rules: DueRules): SQL =>
  sql`${boundsCte(rules)}, chosen as materialized (${openCustomers(which, rules)})`;

/** Selects `DueCustomer`s: who has something to bill, or a cycle to close. Ends as soon as the page is full. */
export const dueCustomers = (rules: DueRules, page: { readonly afterCustomerId: number; readonly limit: number }): SQL => sql`
  with ${boundsCte(rules)}
  select c.customer_id as "customerId", case when c.rides then (
      select count(*) from services s
      join usage_snapshots u on u.service_id = s.id
      where s.customer_id = c.customer_id and u.invoice_id is null and u.window_end <= c.bill_until
    ) + (
      select count(*) from services s
      join adjustment_causes n on n.service_id = s.id
      where s.customer_id = c.customer_id
    ) else 0 end as windows
  from (${openCustomers(sql`c.id > ${page.afterCustomerId}`, rules)} order by c.id offset 0) c
  where c.rides or c.cycle <> 'run'
  limit ${page.limit}`;
