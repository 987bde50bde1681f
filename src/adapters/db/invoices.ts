import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Invoice, InvoiceLine, InvoicePage, InvoiceStore } from "../ports/invoices.ts";
import type { Database } from "./client.ts";

const linesWithInvoice = 100;

/** An `invoices i` row in the form of the port's `Invoice`. */
export const invoiceColumns = sql`i.id, i.customer_id as "customerId", i.number, i.period_start as "periodStartMs",
  i.period_end as "periodEndMs", i.subtotal_cents as "subtotalCents", i.discount_cents as "discountCents",
  i.total_cents as "totalCents", i.currency, i.issued_at as "issuedAtMs"`;

/** An `invoice_line_items l` row in the form of the port's `InvoiceLine`. */
export const lineColumns = sql`l.id, l.kind, l.arrears, l.snapshot_id as "snapshotId", l.service_id as "serviceId",
  l.window_start as "windowStartMs", l.window_end as "windowEndMs", l.primary_bytes as "primaryBytes",
  l.backup_bytes as "backupBytes", l.rate_cents_per_gb as "rateCentsPerGb", l.discount_rate as "discountRate", l.currency,
  l.max_coverage_factor as "maxCoverageFactor", l.storm_microseconds as "stormMicroseconds",
  l.amount_cents as "amountCents", l.discount_cents as "discountCents"`;

export const ownInvoice = (customerId: number, id: number): SQL =>
  sql`from invoices i where i.id = ${id} and i.customer_id = ${customerId}`;

/** The cursor row is looked up within the invoice, so that a foreign id ends the list and tells nothing. */
const pageOfLines = (customerId: number, id: number, page: InvoicePage): SQL => sql`
  select ${lineColumns} from invoice_line_items l
  where l.invoice_id = (select i.id ${ownInvoice(customerId, id)})
    and (${page.afterId}::bigint is null or (l.window_start, l.service_id, l.id) >
      (select a.window_start, a.service_id, a.id from invoice_line_items a
       where a.id = ${page.afterId} and a.invoice_id = l.invoice_id))
  order by l.window_start, l.service_id, l.id
  limit ${page.limit}`;

export const createInvoiceStore = (db: Database): InvoiceStore => ({
  list: (customerId, page) =>
    db.rows<Invoice>(sql`
      select ${invoiceColumns} from invoices i
      where i.customer_id = ${customerId} and i.id > ${page.afterId ?? 0}
      order by i.id
      limit ${page.limit}`),

  get: async (customerId, id) => {
    const [[invoice], lines] = await db.batch<[(Invoice & { lineCount: number })[], InvoiceLine[]]>([
      sql`select ${invoiceColumns},
        (select count(*) from invoice_line_items l where l.invoice_id = i.id) as "lineCount"
        ${ownInvoice(customerId, id)}`,
      pageOfLines(customerId, id, { limit: linesWithInvoice, afterId: null }),
    ]);
    return invoice === undefined ? null : { ...invoice, lines };
  },

  lines: async (customerId, id, page) => {
    const [[invoice], lines] = await db.batch<[{ id: number }[], InvoiceLine[]]>([
      sql`select i.id ${ownInvoice(customerId, id)}`,
      pageOfLines(customerId, id, page),
    ]);
    return invoice === undefined ? null : lines;
  },
});
