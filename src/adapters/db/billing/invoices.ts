import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Invoice, InvoiceKey, InvoiceLine, InvoicePage, InvoiceStore } from "../../ports/billing/invoices.ts";
import type { Database } from "../platform/client.ts";

/** An `invoices i` row with its `invoice_documents d` in the form of the port's `Invoice`. */
export const invoiceColumns = sql`i.id, i.customer_id as "customerId", i.number, i.period_start as "periodStartMs",
  i.period_end as "periodEndMs", i.subtotal_cents as "subtotalCents", i.discount_cents as "discountCents",
  i.total_cents as "totalCents", i.currency, i.issued_at as "issuedAtMs", d.document_number as "documentNumber", d.kind,
  d.cycle, d.exponent, d.tax_cents as "taxCents", d.payable_cents as "payableCents", d.due_at as "dueAtMs"`;

/** Every invoice has one (trigger). */
const withDocument = sql`join invoice_documents d on d.invoice_id = i.id`;

export const lineCount = sql`(select count(*) from invoice_line_items l where l.invoice_id = i.id)`;

/** An `invoice_line_items l` row in the form of the port's `InvoiceLine`; the service as it was called then. */
export const lineColumns = sql`l.id, l.kind, l.arrears, l.estimated, l.snapshot_id as "snapshotId", l.service_id as "serviceId",
  l.window_start as "windowStartMs", l.window_end as "windowEndMs", l.primary_bytes as "primaryBytes",
  l.backup_bytes as "backupBytes", l.rate_cents_per_gb as "rateCentsPerGb", l.discount_rate as "discountRate", l.currency,
  l.max_coverage_factor as "maxCoverageFactor", l.storm_microseconds as "stormMicroseconds",
  l.amount_cents as "amountCents", l.discount_cents as "discountCents",
  coalesce((select n.name from invoice_services n where n.invoice_id = l.invoice_id and n.service_id = l.service_id), '') as "serviceName",
  array(select s.storm_id from invoice_line_storms s where s.line_id = l.id order by s.from_at, s.storm_id) as "stormIds",
  coalesce((select jsonb_agg(jsonb_build_object('stormId', u.storm_id, 'credit', u.credit, 'reason', u.reason) order by u.storm_id)
    from invoice_line_uncredited u where u.line_id = l.id), '[]') as uncredited`;

/** `from invoices i` with the one invoice that the key opens, or none. */
export const invoiceOf = (key: InvoiceKey): SQL =>
  "link" in key
    ? sql`from invoices i
      join invoice_links k on k.invoice_id = i.id and k.customer_id = i.customer_id
      ${withDocument}
      where i.id = ${key.link.invoiceId} and k.id = ${key.link.linkId} and k.revoked_at is null
        and k.expires_at > ${isoTime(key.nowMs)}::timestamptz`
    : sql`from invoices i ${withDocument} where i.id = ${key.invoiceId} and i.customer_id = ${key.customerId}`;

/**
 * The cursor row is looked up within the invoice, so that a foreign id ends the list and reveals nothing; once, so that the
 * index finds where to continue.
 */
export const pageOfLines = (key: InvoiceKey, { limit, afterId }: InvoicePage): SQL => sql`
  with opened as materialized (select i.id ${invoiceOf(key)})
  select ${lineColumns} from invoice_line_items l
  where l.invoice_id = (select id from opened)
    ${
      afterId === null
        ? sql``
        : sql`and (l.window_start, l.service_id, l.id) >
      (select a.window_start, a.service_id, a.id from invoice_line_items a
       where a.id = ${afterId} and a.invoice_id = (select id from opened))`
    }
  order by l.window_start, l.service_id, l.id
  limit ${limit}`;

export const createInvoiceStore = (db: Database): InvoiceStore => ({
  list: (customerId, page) =>
    db.rows<Invoice>(sql`
      select ${invoiceColumns} from invoices i ${withDocument}
      where i.customer_id = ${customerId} and i.id > ${page.afterId ?? 0}
      order by i.id
      limit ${page.limit}`),

  lines: async (key, page) => {
    const [[invoice], lines] = await db.batch<[Invoice[], InvoiceLine[]]>([
      sql`select ${invoiceColumns} ${invoiceOf(key)}`,
      pageOfLines(key, page),
    ]);
    return invoice === undefined ? null : { invoice, lines };
  },

  firstLines: async (key, limit) => {
    const [[head], lines] = await db.batch<[(Invoice & { lineCount: number })[], InvoiceLine[]]>([
      sql`select ${invoiceColumns}, ${lineCount} as "lineCount" ${invoiceOf(key)}`,
      pageOfLines(key, { limit, afterId: null }),
    ]);
    return head === undefined ? null : { invoice: head, lineCount: head.lineCount, lines };
  },

  furtherLines: (key, page) => db.rows<InvoiceLine>(pageOfLines(key, page)),
});
