import { sql } from "drizzle-orm";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import type { DocumentBody } from "../../src/adapters/ports/billing/invoice-documents.ts";

const noWords: DocumentBody = {
  issuer: null,
  customer: { legal_name: null, address: null, tax_id: null },
  po_number: null,
  taxes: [],
  reverse_charge: false,
};

export type SeededInvoice = {
  readonly customerId: number;
  readonly serviceIds: readonly number[];
  readonly lines: number;
  /** One with each discount. */
  readonly stormId?: number;
  readonly currency?: string;
  readonly exponent?: number;
  readonly taxCents?: number;
  readonly documentNumber?: string;
  readonly dueAt?: string;
  readonly words?: Partial<DocumentBody>;
  /** False: as a version would leave it that knows of no documents. */
  readonly withDocument?: boolean;
};

/**
 * An issued invoice over hours from 2026-11-01T00:00Z on, the services by turns, as billing would leave it: every seventh line
 * earns nothing off, every fifth is estimated, every eleventh in arrears.
 * @returns its id
 */
export const seedInvoice = async (db: Database, seeded: SeededInvoice): Promise<number> => {
  const {
    customerId,
    serviceIds,
    lines,
    stormId,
    currency = "USD",
    exponent = 2,
    taxCents = 0,
    documentNumber = "TR-2026-0001",
    dueAt,
    words = {},
  } = seeded;
  const documents = sql`, document as (
    insert into invoice_documents (invoice_id, customer_id, document_number, kind, cycle, exponent, tax_cents, payable_cents, due_at, customer_name, body)
    select i.id, i.customer_id, ${documentNumber}, 'invoice', 'month', ${exponent}, ${taxCents}, i.total_cents + ${taxCents}, ${dueAt ?? null}::timestamptz, c.name,
      ${JSON.stringify({ ...noWords, ...words })}::jsonb
    from invoice i join customers c on c.id = i.customer_id
  ), billed as (
    insert into invoice_services (invoice_id, service_id, name, primary_cdn, backup_cdn, lines, primary_bytes, backup_bytes, amount_cents, discount_cents)
    select i.id, s.id, s.name, s.primary_cdn, s.backup_cdn, count(*), sum(g.primary_bytes), sum(g.backup_bytes), sum(g.amount), sum(g.discount)
    from invoice i, made g join services s on s.id = g.service_id group by i.id, s.id
  )`;
  const storms = sql`, storms as (
    insert into invoice_line_storms (line_id, storm_id, from_at, to_at, max_coverage_factor)
    select id, ${stormId ?? 0}, window_start, window_end, 1.5 from lines where discount_cents <> 0
  )`;
  const [row] = await db.rows<{ id: number }>(sql`
    with made as materialized (
      select n, (${`{${serviceIds.join(",")}}`}::bigint[])[1 + n % ${serviceIds.length}::bigint] as service_id,
        '2026-11-01T00:00:00Z'::timestamptz + n / ${serviceIds.length}::bigint * interval '1 hour' as window_start,
        1610612736 + n as primary_bytes, 536870912 + n as backup_bytes, 12345 + n % 97 as amount, n % 7 as discount
      from generate_series(0, ${lines}::bigint - 1) n
    ), invoice as (
      insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, currency, issued_at)
      select ${customerId}, (select coalesce(max(number), 0) + 1 from invoices where customer_id = ${customerId}), min(window_start),
        max(window_start) + interval '1 hour', sum(amount), sum(discount), sum(amount) - sum(discount), ${currency}, '2026-12-01T00:07:00Z'
      from made returning *
    ), usage as (
      insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source, invoice_id)
      select g.service_id, g.window_start, g.window_start + interval '1 hour', g.primary_bytes, g.backup_bytes, 'push', 'push', i.id
      from made g, invoice i returning id, service_id, window_start
    ), lines as (
      insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes,
        rate_cents_per_gb, discount_rate, currency, storm_microseconds, max_coverage_factor, amount_cents, discount_cents, estimated, arrears)
      select i.id, u.id, g.service_id, g.window_start, g.window_start + interval '1 hour', g.primary_bytes, g.backup_bytes, 12, 0.5, ${currency},
        case when g.discount > 0 then 1800000000 else 0 end, case when g.discount > 0 then 1.5 else 0 end, g.amount, g.discount, g.n % 5 = 4, g.n % 11 = 10
      from made g join usage u using (service_id, window_start), invoice i order by g.window_start, g.service_id
      returning id, window_start, window_end, discount_cents
    )${seeded.withDocument === false ? sql`` : documents}${stormId === undefined ? sql`` : storms}
    select id from invoice`);
  return row?.id ?? 0;
};
