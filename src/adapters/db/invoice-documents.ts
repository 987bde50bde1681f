import { sql } from "drizzle-orm";
import type { InvoiceDocumentStore, PrintedInvoice } from "../ports/invoice-documents.ts";
import type { Invoice } from "../ports/invoices.ts";
import type { Database } from "./client.ts";
import { invoiceColumns, lineColumns, ownInvoice } from "./invoices.ts";

type Head = Invoice & { customerName: string; lineCount: number };

export const createInvoiceDocumentStore = (db: Database): InvoiceDocumentStore => ({
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
