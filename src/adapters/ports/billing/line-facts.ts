import type { WindowFacts } from "../../../domain/billing/line-facts.ts";
import type { InvoiceLine } from "./invoices.ts";

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

/** The line before an adjustment, for the same window. */
export type PreviousLine = { readonly lineId: number; readonly issuedAtMs: number; readonly storms: readonly LineStorm[] };

/** All that a line was computed from, as it was then. `issuedBefore` is of earlier lines for the same window. */
export type LineFacts = {
  readonly line: InvoiceLine;
  readonly windowMicroseconds: number;
  readonly storms: readonly LineStorm[];
  readonly issuedBefore: IssuedSums;
  readonly issuedAtMs: number;
  /** A side of the window was incomplete when it was billed. */
  readonly estimated: boolean;
  /** Null: this is the first. */
  readonly previous: PreviousLine | null;
  /** All versions of the window's facts; null: the service held too many hosts in it. */
  readonly window: WindowFacts | null;
};

/** How deployments meter: the length of windows, and which CDNs the operator measures for everybody. */
export type Metering = { readonly windowMs: number; readonly measuredCdns: readonly string[] };

export interface LineFactsStore {
  /** Null where the customer has no such invoice, or the invoice no such line. */
  line(customerId: number, invoiceId: number, lineId: number, metering: Metering): Promise<LineFacts | null>;
}
