import type { Invoice, InvoiceKey, InvoiceLine } from "./invoices.ts";

/** One of the two sides of an invoice. Addresses and payment details are lines, separated by line feeds. */
export type Party = { readonly legal_name: string | null; readonly address: string | null; readonly tax_id: string | null };

/** Rate is a decimal fraction as text: "0.19" is 19 %. Money in minor units. */
export type Tax = { readonly label: string; readonly rate: string; readonly base_cents: number; readonly cents: number };

/** The text of an invoice, as stored when it was issued (`invoice_documents.body`). */
export type DocumentBody = {
  readonly issuer: (Party & { readonly payment_details: string | null }) | null;
  readonly customer: Party;
  readonly po_number: string | null;
  readonly taxes: readonly Tax[];
  readonly reverse_charge: boolean;
  /**
   * In its period, of all services of the customer; absent where there was none, and from documents of older versions. Cents of the
   * invoice's currency; null: no service stated what a minute costs, or in another currency.
   */
  readonly downtime_avoided?: { readonly seconds: number; readonly cents: number | null; readonly storms: number };
};

/** A service by its name then, with the sums of its lines. */
export type BilledService = {
  readonly serviceId: number;
  readonly name: string;
  readonly primaryCdn: string;
  readonly backupCdn: string;
  readonly lines: number;
  readonly primaryBytes: number;
  readonly backupBytes: number;
  readonly amountCents: number;
  readonly discountCents: number;
};

/**
 * An invoice with all that it prints, as stored when it was issued. `lines` and `services` hold at most as many
 * as requested, of `lineCount` and `serviceCount`; services by name, then id.
 */
export type PrintedInvoice = Invoice & {
  readonly customerName: string;
  readonly body: DocumentBody;
  readonly lineCount: number;
  readonly lines: readonly InvoiceLine[];
  readonly serviceCount: number;
  readonly services: readonly BilledService[];
};

export type PrintLimits = { readonly lines: number; readonly services: number };

/** One round trip a call. */
export interface InvoiceDocumentStore {
  printed(key: InvoiceKey, limits: PrintLimits): Promise<PrintedInvoice | null>;
}
