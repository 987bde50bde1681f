import type { CreditReason } from "../../../domain/billing/credit.ts";

/** The figures of an invoice, issued or not. Times are epoch milliseconds, money integer minor units of the currency. */
export type InvoiceFigures = {
  /** Per customer from 1, without gaps. */
  readonly number: number;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly subtotalCents: number;
  readonly discountCents: number;
  /** Subtotal less discount, without taxes. */
  readonly totalCents: number;
  /** ISO 4217; all lines of an invoice share it. */
  readonly currency: string;
};

/** An issued invoice with what was stored of its document. */
export type Invoice = InvoiceFigures & {
  readonly id: number;
  readonly customerId: number;
  readonly issuedAtMs: number;
  /** By the pattern of the customer. */
  readonly documentNumber: string;
  readonly kind: "invoice" | "credit_note";
  readonly cycle: "run" | "day" | "month";
  /** How many decimals the currency has. */
  readonly exponent: number;
  readonly taxCents: number;
  /** The total with the taxes. */
  readonly payableCents: number;
  readonly dueAtMs: number | null;
};

/**
 * One billed window with the facts and terms from which `domain/billing/pricing.ts` recomputes its cents. An adjustment holds the
 * differences in bytes and cents to all that was issued for the window before, and the storms by which it was recomputed.
 */
export type LineFigures = {
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

/** An issued line. */
export type InvoiceLine = LineFigures & {
  readonly id: number;
  /** A side of the window was incomplete when it was billed; the rest follows as an adjustment. */
  readonly estimated: boolean;
  /** The service's name when the invoice was issued. */
  readonly serviceName: string;
  /** The storms by which the line was computed, in the order in which they began. */
  readonly stormIds: readonly number[];
  /** The storms of its window that had earned nothing when it was issued, in the order of their ids. */
  readonly uncredited: readonly UncreditedStorm[];
};

/** A storm without a discount, and why (`domain/billing/credit.ts`); null: no reason recorded. */
export type UncreditedStorm = { readonly stormId: number; readonly credit: "pending" | "refused"; readonly reason: CreditReason | null };

/** `afterId` is the id of the last row of the previous page, null for the first page. `limit` is at least 1. */
export type InvoicePage = { readonly limit: number; readonly afterId: number | null };

/** The claims of a share link whose signature is verified. */
export type LinkClaim = { readonly linkId: number; readonly invoiceId: number; readonly expiresAtMs: number };

/** An invoice and the right to read it: of its customer, or of a link that is neither expired nor revoked. */
export type InvoiceKey = { readonly customerId: number; readonly invoiceId: number } | { readonly link: LinkClaim; readonly nowMs: number };

/** A page of lines in the order of the invoice: by window start, then service. */
export type LinePage = { readonly invoice: Invoice; readonly lines: readonly InvoiceLine[] };

/** Reads issued invoices, one round trip a call. What is not this customer's, or no longer linked, does not exist: null. */
export interface InvoiceStore {
  /** Ascending by id, the oldest first. */
  list(customerId: number, page: InvoicePage): Promise<Invoice[]>;
  lines(key: InvoiceKey, page: InvoicePage): Promise<LinePage | null>;
  /** With how many lines there are in all. */
  firstLines(key: InvoiceKey, limit: number): Promise<(LinePage & { readonly lineCount: number }) | null>;
  /** In one statement; empty where the invoice can no longer be read, so the caller must compare the count. */
  furtherLines(key: InvoiceKey, page: InvoicePage & { readonly afterId: number }): Promise<InvoiceLine[]>;
}
