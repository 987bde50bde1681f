import { fraction, roundHalfAway } from "../billing/money.ts";

/** A length of time. `us`: microseconds, exact. `minutes`: of it, to six decimals, halves away from zero. */
export type Length = { readonly us: number; readonly minutes: number };

/** @param us microseconds, an integer; may be negative */
export const lengthOf = (us: number): Length => ({ us, minutes: Number(roundHalfAway(fraction(BigInt(us), 60n))) / 1e6 });

const floored = (numerator: bigint, denominator: bigint): bigint => {
  const quotient = numerator / denominator;
  return quotient * denominator > numerator ? quotient - 1n : quotient;
};

/**
 * A part of a whole in percent to five decimals, rounded down: as exact as a target, and never shown as reached where it is not.
 * @param part an integer, may be negative
 * @param whole an integer above 0; else null
 */
export const percentOf = (part: number, whole: number): number | null =>
  whole > 0 ? Number(floored(BigInt(part) * 10_000_000n, BigInt(whole))) / 1e5 : null;

/** The same as a ratio, to seven decimals. */
export const ratioOf = (part: number, whole: number): number | null =>
  whole > 0 ? Number(floored(BigInt(part) * 10_000_000n, BigInt(whole))) / 1e7 : null;
