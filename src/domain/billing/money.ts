/** An exact fraction. The denominator is positive; it need not be reduced. */
export type Rational = { readonly numerator: bigint; readonly denominator: bigint };

/** @param denominator not zero; @throws RangeError where it is */
export const fraction = (numerator: bigint, denominator: bigint): Rational => {
  if (denominator === 0n) throw new RangeError("division by zero");
  return denominator < 0n ? { numerator: -numerator, denominator: -denominator } : { numerator, denominator };
};

/** @param value an integer; @throws RangeError on a number that is none, or beyond 2^53 - 1 */
export const integer = (value: number): Rational => {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not an exact integer: ${value}`);
  return { numerator: BigInt(value), denominator: 1n };
};

/**
 * Reads a decimal number as configuration and Postgres write it, such as `12`, `0.35` or `-1.5`: no exponent, no `+`.
 * @throws RangeError where the text is none
 */
export const parseDecimal = (text: string): Rational => {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`not a decimal number: ${text}`);
  const [, sign, whole, decimals = ""] = match;
  const digits = BigInt(`${whole}${decimals}`);
  return { numerator: sign === "-" ? -digits : digits, denominator: 10n ** BigInt(decimals.length) };
};

export const multiply = (...factors: readonly Rational[]): Rational =>
  factors.reduce((product, factor) => ({
    numerator: product.numerator * factor.numerator,
    denominator: product.denominator * factor.denominator,
  }));

/** @throws RangeError on division by zero */
export const divide = (dividend: Rational, divisor: Rational): Rational =>
  fraction(dividend.numerator * divisor.denominator, dividend.denominator * divisor.numerator);

/** Negative, zero or positive as `a` is smaller than, equal to or greater than `b`. */
export const compare = (a: Rational, b: Rational): -1 | 0 | 1 => {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** Rounds to the nearest integer, halves away from zero (semantics §9). */
export const roundHalfAway = ({ numerator, denominator }: Rational): bigint => {
  const size = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * size + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
};

/** @throws RangeError beyond 2^53 - 1, where a number would no longer be exact */
export const toSafeInteger = (value: bigint): number => {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`exceeds 2^53 - 1: ${value}`);
  return number;
};
