import { sql } from "drizzle-orm";
import { connect } from "../src/adapters/db/platform/client.ts";
import { coverWindow } from "../src/domain/billing/coverage.ts";
import { priceLine } from "../src/domain/billing/pricing.ts";
import type { BillingTerms } from "../src/domain/billing/pricing.ts";

type Window = {
  id: number;
  serviceId: number;
  customerId: number;
  startMs: number;
  endMs: number;
  primaryBytes: number;
  backupBytes: number;
};
type Storm = {
  state: "ended" | "storm" | "recovering";
  startedAtMs: number;
  recoveringSinceMs: number | null;
  endedAtMs: number | null;
  maxCoverageFactor: string;
  credit: "earned" | "pending" | "refused";
};

/**
 * What a straightforward worker does: it reads the unbilled windows of one customer after the other, asks for the storms
 * and the terms of each window, prices it, writes its line, tags it, and ends with the invoice. It has no locks, no fence,
 * no transaction and no adjustments, which would only add queries. Its lines go into a table of its own with nothing but a
 * key, and its tag is an update that leaves the window unbilled for the run that is compared.
 */
export const runRowByRow = async (options: {
  readonly url: string;
  readonly endpoint: string;
  readonly everyNth: number;
  readonly nowMs: number;
  readonly terms: BillingTerms;
}): Promise<{ windows: number; ms: number; trips: number }> => {
  const db = connect(options.url, options.endpoint);
  let [windows, trips] = [0, 0];
  const rows = <Row>(query: Parameters<typeof db.rows>[0]): Promise<Row[]> => {
    trips += 1;
    return db.rows<Row>(query);
  };
  const startedAtMs = performance.now();
  const customers = await rows<{ id: number }>(sql`select id from customers where mod(id, ${options.everyNth}::bigint) = 0 order by id`);
  for (const { id: customerId } of customers) {
    const due = await rows<Window>(sql`
      select u.id, u.service_id as "serviceId", s.customer_id as "customerId", u.window_start as "startMs", u.window_end as "endMs",
        u.primary_bytes as "primaryBytes", u.backup_bytes as "backupBytes"
      from usage_snapshots u join services s on s.id = u.service_id
      where s.customer_id = ${customerId} and u.invoice_id is null and u.window_end <= ${new Date(options.nowMs).toISOString()}::timestamptz
      order by u.window_start, u.service_id`);
    let total = 0;
    for (const window of due) {
      const storms = await rows<Storm>(sql`
        select state, started_at as "startedAtMs", recovering_since as "recoveringSinceMs", ended_at as "endedAtMs",
          max_coverage_factor as "maxCoverageFactor", credit
        from storm_events where service_id = ${window.serviceId} and started_at < ${new Date(window.endMs).toISOString()}::timestamptz`);
      const [own] = await rows<BillingTerms>(sql`
        select rate_cents_per_gb as "rateCentsPerGb", discount_rate as "discountRate" from billing_terms
        where customer_id = ${customerId} and valid_from <= ${new Date(window.startMs).toISOString()}::timestamptz
        order by valid_from desc limit 1`);
      const coverage = coverWindow(storms, { startMs: window.startMs, endMs: window.endMs });
      const price = priceLine(
        { ...window, ...coverage, windowMicroseconds: (window.endMs - window.startMs) * 1_000 },
        own ?? options.terms,
      );
      await rows(sql`
        insert into bench_row_lines (snapshot_id, amount_cents, discount_cents) values (${window.id}, ${price.amountCents}, ${price.discountCents})`);
      await rows(sql`update usage_snapshots set updated_at = updated_at where id = ${window.id} and invoice_id is null`);
      total += price.amountCents - price.discountCents;
      windows += 1;
    }
    await rows(
      sql`update customers set next_invoice_number = next_invoice_number where id = ${customerId} and ${total}::bigint is not null`,
    );
  }
  return { windows, ms: performance.now() - startedAtMs, trips };
};
