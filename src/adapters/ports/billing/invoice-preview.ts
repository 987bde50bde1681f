import type { BillingCycle, CycleBound } from "../../../domain/billing/billing-cycle.ts";
import type { CustomerTerms } from "../../../domain/billing/pricing.ts";
import type { InvoiceFigures, LineFigures } from "./invoices.ts";

/** A line as it would be issued. `estimated`: a side of its window is incomplete; what is missing would follow. */
export type PreviewLine = Omit<LineFigures, "snapshotId"> & { readonly estimated: boolean };

/** What an invoice would say. `lines` holds the first hundred of `lineCount`. Money in minor units of the currency. */
export type InvoicePreview = InvoiceFigures & {
  readonly taxCents: number;
  /** The total with the taxes. */
  readonly payableCents: number;
  readonly lineCount: number;
  readonly lines: readonly PreviewLine[];
};

export type PreviewQuery = {
  /** Of customers without terms of their own. */
  readonly terms: CustomerTerms;
  /** Of customers whose terms name none. */
  readonly cycle: BillingCycle;
  readonly nowMs: number;
  /** The bounds of each cycle, that which is due and those to come. */
  readonly bounds: readonly CycleBound[];
  readonly withheldAfterMs: number;
};

export type Preview = {
  readonly cycle: BillingCycle;
  /** Windows that end later are not on the next invoice. */
  readonly billUntilMs: number;
  /** One per currency, none where nothing costs anything. */
  readonly invoices: readonly InvoicePreview[];
  /** Windows that are over and end after that. */
  readonly waitingWindows: number;
  /** Windows until then that are incomplete, and younger than the look-back of metering. */
  readonly withheldWindows: number;
  /** Windows until then that cost nothing and wait for an invoice to be on. */
  readonly idleWindows: number;
};

export interface InvoicePreviewStore {
  /**
   * What the next billing run would issue, or the next close of the customer's cycle so far, by the very statement that
   * issues, and nothing is written. Null where there is no such customer.
   */
  preview(customerId: number, query: PreviewQuery): Promise<Preview | null>;
}
