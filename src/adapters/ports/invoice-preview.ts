import type { CustomerTerms } from "../../domain/pricing.ts";
import type { InvoiceFigures, LineFigures } from "./invoices.ts";

/** What an invoice would say. `lines` holds the first hundred of `lineCount`. */
export type InvoicePreview = InvoiceFigures & {
  readonly lineCount: number;
  readonly lines: readonly LineFigures[];
};

export type PreviewQuery = {
  /** Of customers without terms of their own. */
  readonly terms: CustomerTerms;
  readonly nowMs: number;
  /** As the next run sees them: windows that end later wait (grace), those that end earlier are arrears. */
  readonly billUntilMs: number;
  readonly arrearsUntilMs: number;
};

export interface InvoicePreviewStore {
  /**
   * What a billing run would issue now, by the very statement that issues, and nothing is written. One invoice per
   * currency, none where nothing is due.
   * @returns `waitingWindows` ended already and wait for the grace
   */
  preview(customerId: number, query: PreviewQuery): Promise<{ readonly invoices: InvoicePreview[]; readonly waitingWindows: number }>;
}
