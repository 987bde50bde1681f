import type { Span } from "./coverage.ts";
import { uniteSpans } from "./coverage.ts";
import { divide, fraction, integer, multiply, parseDecimal, roundHalfAway, toSafeInteger } from "./money.ts";
import type { Rational } from "./money.ts";
import { bytesPerGb, priceLine } from "./pricing.ts";
import type { BilledUsage, BillingTerms } from "./pricing.ts";

/** An exact number for people: the reduced fraction, and its decimal places cut off after the twelfth. */
export type Exact = { readonly fraction: string; readonly decimal: string };

export type SideSteps = { readonly bytes: number; readonly exactCents: Exact; readonly cents: number };

/** The derivation of a window's cents, every rounding shown. */
export type Explanation = {
  readonly primary: SideSteps;
  readonly backup: SideSteps;
  readonly amountCents: number;
  readonly union: readonly Span[];
  readonly stormMicroseconds: number;
  readonly windowMicroseconds: number;
  readonly ratio: Exact;
  readonly coverage: Exact;
  readonly exactDiscountCents: Exact;
  readonly roundedDiscountCents: number;
  /** Limited to the amount. */
  readonly discountCents: number;
};

const places = 12;

const greatestCommonDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : greatestCommonDivisor(b, a % b));

/** @param value not negative */
export const showExact = (value: Rational): Exact => {
  const divisor = greatestCommonDivisor(value.numerator, value.denominator);
  const [numerator, denominator] = [value.numerator / divisor, value.denominator / divisor];
  const scaled = String((numerator * 10n ** BigInt(places)) / denominator).padStart(places + 1, "0");
  const decimals = scaled.slice(-places).replace(/0+$/, "");
  const whole = scaled.slice(0, -places);
  return { fraction: `${numerator}/${denominator}`, decimal: decimals === "" ? whole : `${whole}.${decimals}` };
};

const explainSide = (bytes: number, rate: string): SideSteps => {
  const exact = multiply(integer(bytes), parseDecimal(rate), fraction(1n, bytesPerGb));
  return { bytes, exactCents: showExact(exact), cents: toSafeInteger(roundHalfAway(exact)) };
};

/**
 * Explains what a window costs (semantics §9). For an adjustment, `usage` is the window's total including it.
 * @param storms the parts of storms within the window by which it was computed
 */
export const explainLine = (usage: BilledUsage, terms: BillingTerms, storms: readonly Span[]): Explanation => {
  const price = priceLine(usage, terms);
  const discount = multiply(integer(price.backupChargeCents), parseDecimal(terms.discountRate), price.coverage);
  return {
    primary: explainSide(usage.primaryBytes, terms.rateCentsPerGb),
    backup: explainSide(usage.backupBytes, terms.rateCentsPerGb),
    amountCents: price.amountCents,
    union: uniteSpans(storms),
    stormMicroseconds: usage.stormMicroseconds,
    windowMicroseconds: usage.windowMicroseconds,
    ratio: showExact(divide(integer(usage.stormMicroseconds), integer(usage.windowMicroseconds))),
    coverage: showExact(price.coverage),
    exactDiscountCents: showExact(discount),
    roundedDiscountCents: price.fullDiscountCents,
    discountCents: price.discountCents,
  };
};
