import { sql } from "drizzle-orm";
import type { InvoiceDocumentStore, IssuedSums, LineFacts, LineStorm, PrintedInvoice } from "../ports/invoice-documents.ts";
import type { Invoice, InvoiceLine } from "../ports/invoices.ts";
import type { Database } from "./client.ts";
import { invoiceColumns, lineColumns, ownInvoice } from "./invoices.ts";

type LineRow = InvoiceLine & { windowMicroseconds: number; before: IssuedSums; storms: LineStorm[] };
type Head = Invoice & { customerName: string; lineCount: number };

const epochMs = (column: string) => sql.raw(`trunc(extract(epoch from ${column}) * 1000)::bigint`);

export const createInvoiceDocumentStore = (db: Database): InvoiceDocumentStore => ({
  line: async (customerId, invoiceId, lineId): Promise<LineFacts | null> => {
    const [row] = await db.rows<LineRow>(sql`
      select ${lineColumns},
        (extract(epoch from l.window_end - l.window_start) * 1000000)::bigint as "windowMicroseconds",
        (select jsonb_build_object('lines', count(*), 'primaryBytes', coalesce(sum(b.primary_bytes), 0),
           'backupBytes', coalesce(sum(b.backup_bytes), 0), 'amountCents', coalesce(sum(b.amount_cents), 0),
           'discountCents', coalesce(sum(b.discount_cents), 0))
         from invoice_line_items b where b.snapshot_id = l.snapshot_id and b.kind in ('usage', 'adjustment') and b.id < l.id) as before,
        coalesce((select jsonb_agg(jsonb_build_object('stormId', s.storm_id, 'fromMs', ${epochMs("s.from_at")},
           'toMs', ${epochMs("s.to_at")}, 'maxCoverageFactor', s.max_coverage_factor::text) order by s.from_at, s.storm_id)
         from invoice_line_storms s where s.line_id = l.id), '[]') as storms
      from invoice_line_items l
      where l.id = ${lineId} and l.invoice_id = (select i.id ${ownInvoice(customerId, invoiceId)})`);
    if (row === undefined) return null;
    const { windowMicroseconds, before, storms, ...line } = row;
    return { line, windowMicroseconds, storms, issuedBefore: before };
  },

  printed: async (customerId, invoiceId, maxLines): Promise<PrintedInvoice | null> => {
    const [[head], lines] = await db.batch<[Head[], PrintedInvoice["lines"][number][]]>([
      sql`select ${invoiceColumns}, (select name from customers c where c.id = i.customer_id) as "customerName",
        (select count(*) from invoice_line_items l where l.invoice_id = i.id) as "lineCount"
        ${ownInvoice(customerId, invoiceId)}`,
      sql`select ${lineColumns}, (select s.name from services s where s.id = l.service_id) as "serviceName"
        from invoice_line_items l
        where l.invoice_id = (select i.id ${ownInvoice(customerId, invoiceId)})
        order by l.window_start, l.service_id, l.id
        limit ${maxLines}`,
    ]);
    return head === undefined ? null : { ...head, lines };
  },
});
