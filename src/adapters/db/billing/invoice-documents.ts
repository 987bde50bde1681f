import { sql } from "drizzle-orm";
import type { BilledService, InvoiceDocumentStore, PrintedInvoice } from "../../ports/billing/invoice-documents.ts";
import type { InvoiceLine } from "../../ports/billing/invoices.ts";
import type { Database } from "../platform/client.ts";
import { invoiceColumns, invoiceOf, lineCount, pageOfLines } from "./invoices.ts";

type Head = Omit<PrintedInvoice, "lines" | "services">;

export const createInvoiceDocumentStore = (db: Database): InvoiceDocumentStore => ({
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
