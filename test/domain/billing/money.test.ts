import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compare,
  divide,
  fraction,
  integer,
  multiply,
  parseDecimal,
  roundHalfAway,
  toSafeInteger,
} from "../../../src/domain/billing/money.ts";

describe("parseDecimal", () => {
  it.each([
    ["12", 12n, 1n],
    ["0.35", 35n, 100n],
    ["-1.50", -150n, 100n],
    ["0", 0n, 1n],
    ["007.0", 70n, 10n],
    ["123456789.123456789", 123_456_789_123_456_789n, 1_000_000_000n],
  ])("reads %s exactly", (text, numerator, denominator) => {
    expect(parseDecimal(text)).toEqual({ numerator, denominator });
  });

  it.each(["", ".5", "5.", "1e3", "+1", "1,5", " 1", "NaN", "Infinity", "0x10", "1.2.3", "-"])("refuses %j", (text) => {
    expect(() => parseDecimal(text)).toThrow(RangeError);
  });
});

describe("roundHalfAway", () => {
  it.each([
    [1n, 2n, 1n],
    [-1n, 2n, -1n],
    [3n, 2n, 2n],
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [49n, 100n, 0n],
    [-49n, 100n, 0n],
    [51n, 100n, 1n],
    [0n, 7n, 0n],
    [7n, 7n, 1n],
    [999_999_999_999_999_999n, 2_000_000_000_000_000_000n, 0n],
    [1_000_000_000_000_000_000n, 2_000_000_000_000_000_000n, 1n],
  ])("%d / %d is %d", (numerator, denominator, expected) => {
    expect(roundHalfAway({ numerator, denominator })).toBe(expected);
  });

  it("is at most half away from its fraction, and mirrors at zero", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.bigInt(1n, 10n ** 30n), (n, d) => {
        const rounded = roundHalfAway({ numerator: n, denominator: d });
        const off = 2n * (rounded * d - n);
        expect(off <= d && off >= -d).toBe(true);
        expect(roundHalfAway({ numerator: -n, denominator: d })).toBe(-rounded);
      }),
    );
  });
});

describe("fractions", () => {
  it("keep the sign above and refuse a zero below", () => {
    expect(fraction(1n, -2n)).toEqual({ numerator: -1n, denominator: 2n });
    expect(() => fraction(1n, 0n)).toThrow(RangeError);
    expect(() => divide(integer(1), integer(0))).toThrow(RangeError);
  });

  it("multiply, divide and compare exactly where floats do not", () => {
    const tenth = parseDecimal("0.1");
    expect(compare(multiply(tenth, integer(3)), parseDecimal("0.3"))).toBe(0);
    expect(compare(divide(integer(1), integer(3)), parseDecimal("0.333333333333333333333333"))).toBe(1);
    expect(compare(divide(integer(-1), integer(3)), tenth)).toBe(-1);
    expect(compare(divide(tenth, parseDecimal("-0.1")), integer(-1))).toBe(0);
  });
});

describe("integers", () => {
  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("refuse %d", (value) => {
    expect(() => integer(value)).toThrow(RangeError);
  });

  it("leave BigInt only while they are exact", () => {
    expect(toSafeInteger(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => toSafeInteger(2n ** 53n)).toThrow(RangeError);
    expect(() => toSafeInteger(-(2n ** 53n))).toThrow(RangeError);
  });
});
