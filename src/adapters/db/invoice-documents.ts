import { sql } from "drizzle-orm";
import type {
  BilledService, InvoiceDocumentStore, IssuedSums, LineFacts, LineStorm, PrintedInvoice,
} from "../ports/invoice-documents.ts";
import type { InvoiceLine } from "../ports/invoices.ts";
import type { Database } from "./client.ts";
import { invoiceColumns, invoiceOf, lineColumns, lineCount, pageOfLines } from "./invoices.ts";

type LineRow = InvoiceLine & { windowMicroseconds: number; before: IssuedSums; storms: LineStorm[] };
type Head = Omit<PrintedInvoice, "lines" | "services">;

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
      where l.id = ${lineId} and l.invoice_id = (select i.id ${invoiceOf({ customerId, invoiceId })})`);
    if (row === undefined) return null;
    const { windowMicroseconds, before, storms, ...line } = row;
    return { line, windowMicroseconds, storms, issuedBefore: before };
  },

  printed: async (key, limits): Promise<PrintedInvoice | null> => {
    const [[head], services, lines] = await db.batch<[Head[], BilledService[], InvoiceLine[]]>([
      sql`select ${invoiceColumns}, d.customer_name as "customerName", d.body, ${lineCount} as "lineCount",
        (select count(*) from invoice_services n where n.invoice_id = i.id) as "serviceCount"
        ${invoiceOf(key)}`,
      sql`select n.service_id as "serviceId", n.name, n.primary_cdn as "primaryCdn", n.backup_cdn as "backupCdn",
          n.lines::bigint as lines, n.primary_bytes as "primaryBytes", n.backup_bytes as "backupBytes",
          n.amount_cents as "amountCents", n.discount_cents as "discountCents"
        from invoice_services n
        where n.invoice_id = (select i.id ${invoiceOf(key)})
        order by n.name collate "C", n.service_id
        limit ${limits.services}`,
      pageOfLines(key, { limit: limits.lines, afterId: null }),
    ]);
    return head === undefined ? null : { ...head, services, lines };
  },
});
