/** Times are epoch milliseconds, money integer cents. */
export type Invoice = {
  readonly id: number;
  readonly customerId: number;
  /** Per customer from 1, without gaps. */
  readonly number: number;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly subtotalCents: number;
  readonly discountCents: number;
  readonly totalCents: number;
  /** ISO 4217; all lines of an invoice share it. */
  readonly currency: string;
  readonly issuedAtMs: number;
};

/**
 * One billed window with the facts and terms from which `domain/pricing.ts` recomputes its cents. An adjustment holds the
 * differences in bytes and cents to all that was issued for the window before, and the storms by which it was recomputed.
 */
export type InvoiceLine = {
  readonly id: number;
  readonly kind: "usage" | "adjustment";
  /** An earlier run should have billed this window. */
  readonly arrears: boolean;
  readonly snapshotId: number;
  readonly serviceId: number;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly primaryBytes: number;
  readonly backupBytes: number;
  /** Decimal numbers as text, as the discount rate and the factor. */
  readonly rateCentsPerGb: string;
  readonly discountRate: string;
  readonly currency: string;
  /** "0" where no storm overlapped the window. */
  readonly maxCoverageFactor: string;
  /** Time of the window under the union of its storms. */
  readonly stormMicroseconds: number;
  readonly amountCents: number;
  readonly discountCents: number;
};

/** `lines` holds the first hundred of `lineCount`; the rest is read page by page. */
export type InvoiceWithLines = Invoice & { readonly lineCount: number; readonly lines: readonly InvoiceLine[] };

/** `afterId` is the id of the last row of the previous page, null for the first page. `limit` is at least 1. */
export type InvoicePage = { readonly limit: number; readonly afterId: number | null };

/** Reads issued invoices, one round trip a call. What is not this customer's does not exist. */
export interface InvoiceStore {
  /** Ascending by id, the oldest first. */
  list(customerId: number, page: InvoicePage): Promise<Invoice[]>;
  get(customerId: number, id: number): Promise<InvoiceWithLines | null>;
  /** In the order of the invoice: by window start, then service. Null where the customer has no such invoice. */
  lines(customerId: number, id: number, page: InvoicePage): Promise<InvoiceLine[] | null>;
}
