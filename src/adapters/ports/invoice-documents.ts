import type { Invoice, InvoiceLine } from "./invoices.ts";

/** An invoice as it is printed. `lines` holds at most as many as asked for, of `lineCount`. */
export type PrintedInvoice = Invoice & {
  readonly customerName: string;
  readonly lineCount: number;
  readonly lines: readonly (InvoiceLine & { readonly serviceName: string })[];
};

export interface InvoiceDocumentStore {
  printed(customerId: number, invoiceId: number, maxLines: number): Promise<PrintedInvoice | null>;
}
