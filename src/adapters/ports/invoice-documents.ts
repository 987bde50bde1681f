import type { Invoice, InvoiceLine } from "./invoices.ts";

/** A storm by which a line was computed, cut to its window; epoch milliseconds. */
export type LineStorm = {
  readonly stormId: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Decimal number as text. */
  readonly maxCoverageFactor: string;
};

/** Sums of what was issued for a window. */
export type IssuedSums = {
  readonly lines: number;
  readonly primaryBytes: number;
  readonly backupBytes: number;
  readonly amountCents: number;
  readonly discountCents: number;
};

/** All that a line was computed from, as it was then. `issuedBefore` is of earlier lines for the same window. */
export type LineFacts = {
  readonly line: InvoiceLine;
  readonly windowMicroseconds: number;
  readonly storms: readonly LineStorm[];
  readonly issuedBefore: IssuedSums;
};

/** An invoice as it is printed. `lines` holds at most as many as asked for, of `lineCount`. */
export type PrintedInvoice = Invoice & {
  readonly customerName: string;
  readonly lineCount: number;
  readonly lines: readonly (InvoiceLine & { readonly serviceName: string })[];
};

export interface InvoiceDocumentStore {
  /** Null where the customer has no such invoice, or it no such line. */
  line(customerId: number, invoiceId: number, lineId: number): Promise<LineFacts | null>;
  printed(customerId: number, invoiceId: number, maxLines: number): Promise<PrintedInvoice | null>;
}
