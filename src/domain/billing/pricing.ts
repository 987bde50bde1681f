import { divide, fraction, integer, multiply, parseDecimal, roundHalfAway, toSafeInteger } from "./money.ts";
import type { Rational } from "./money.ts";

/** Decimal numbers as text, so that no digit is lost on the way from the configuration to the database. */
export type BillingTerms = {
  readonly rateCentsPerGb: string;
  /** 0 to 1: the share of the backup's charge that is credited for a fully covered window at factor 1. */
  readonly discountRate: string;
};

/** Prices of a customer. `currency` is an ISO 4217 code; no figure is ever converted. */
export type CustomerTerms = BillingTerms & { readonly currency: string };

/** The facts of one billed window, as an invoice line keeps them. */
export type BilledUsage = {
  readonly primaryBytes: number;
  readonly backupBytes: number;
  readonly windowMicroseconds: number;
  /** Time of the window under the union of its storms. */
  readonly stormMicroseconds: number;
  /** Greatest frozen factor among those storms, a decimal number as text; "0" where there are none. */
  readonly maxCoverageFactor: string;
};

/** The cents of one line with the steps of their derivation. */
export type LinePrice = {
  readonly primaryChargeCents: number;
  readonly backupChargeCents: number;
  readonly amountCents: number;
  /** ratio x factor, exact; may exceed 1. */
  readonly coverage: Rational;
  /** Before it is limited to the amount. */
  readonly fullDiscountCents: number;
  readonly discountCents: number;
};

export type LineCents = { readonly amountCents: number; readonly discountCents: number };

export type InvoiceTotals = {
  readonly subtotalCents: number;
  readonly discountCents: number;
  readonly totalCents: number;
};

/** The gigabyte of the rate is 2^30 bytes (semantics §9). */
export const bytesPerGb = 2n ** 30n;

/** What one side's bytes cost: an integer number of cents, rounded once. */
export const chargeCents = (bytes: number, rateCentsPerGb: string): number =>
  toSafeInteger(roundHalfAway(multiply(integer(bytes), parseDecimal(rateCentsPerGb), fraction(1n, bytesPerGb))));

/**
 * Prices one window (semantics §9), exactly. It explains and verifies a line; the database computes the same.
 * @throws RangeError on a figure that is not a whole number, or not a decimal, or beyond 2^53 - 1
 */
export const priceLine = (usage: BilledUsage, terms: BillingTerms): LinePrice => {
  const primaryChargeCents = chargeCents(usage.primaryBytes, terms.rateCentsPerGb);
  const backupChargeCents = chargeCents(usage.backupBytes, terms.rateCentsPerGb);
  const amountCents = primaryChargeCents + backupChargeCents;
  const ratio = divide(integer(usage.stormMicroseconds), integer(usage.windowMicroseconds));
  const coverage = multiply(ratio, parseDecimal(usage.maxCoverageFactor));
  const fullDiscountCents = toSafeInteger(roundHalfAway(multiply(integer(backupChargeCents), parseDecimal(terms.discountRate), coverage)));
  return {
    primaryChargeCents,
    backupChargeCents,
    amountCents,
    coverage,
    fullDiscountCents,
    discountCents: Math.min(amountCents, fullDiscountCents),
  };
};

export const totalInvoice = (lines: readonly LineCents[]): InvoiceTotals => {
  const subtotalCents = lines.reduce((sum, line) => sum + line.amountCents, 0);
  const discountCents = lines.reduce((sum, line) => sum + line.discountCents, 0);
  return { subtotalCents, discountCents, totalCents: subtotalCents - discountCents };
};
