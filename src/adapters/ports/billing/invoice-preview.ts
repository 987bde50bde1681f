import type { BillingCycle, CycleBound } from "../../../domain/billing/billing-cycle.ts";
import type { CustomerTerms } from "../../../domain/billing/pricing.ts";
import type { InvoiceFigures, LineFigures } from "./invoices.ts";

/** A line as it would be issued. `estimated`: a side of its window is incomplete; the rest would follow. */
export type PreviewLine = Omit<LineFigures, "snapshotId"> & { readonly estimated: boolean };

/** A draft invoice. `lines` holds the first hundred of `lineCount`. Money in minor units of the currency. */
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
  /** The bounds of each cycle, the one that is due and those to come. */
  readonly bounds: readonly CycleBound[];
  readonly withheldAfterMs: number;
};

export type Preview = {
  readonly cycle: BillingCycle;
  /** Windows that end later are not on the next invoice. */
  readonly billUntilMs: number;
  /** One per currency, none where nothing costs anything. */
  readonly invoices: readonly InvoicePreview[];
  /** Completed windows that end after that. */
  readonly waitingWindows: number;
  /** Windows until then that are incomplete, and younger than the look-back of metering. */
  readonly withheldWindows: number;
  /** Windows until then that cost nothing and wait for the next invoice. */
  readonly idleWindows: number;
};

export interface InvoicePreviewStore {
  /**
   * What the next billing run would issue, or the next close of the customer's cycle so far, by the same statement that
   * issues, without writing. Null where there is no such customer.
   */
  preview(customerId: number, query: PreviewQuery): Promise<Preview | null>;
}
