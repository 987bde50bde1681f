import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { currencyExponent, formatMinor, isCurrency } from "../../../src/domain/billing/currency.ts";

describe("ISO 4217", () => {
  it.each([
    ["USD", 2],
    ["EUR", 2],
    ["JPY", 0],
    ["KRW", 0],
    ["ISK", 0],
    ["KWD", 3],
    ["TND", 3],
    ["IQD", 3],
    ["MGA", 2],
    ["MRU", 2],
    ["HUF", 2],
    ["CLF", 4],
    ["UYW", 4],
    ["UYI", 0],
    ["XAF", 0],
    ["XCG", 2],
    ["ZWG", 2],
    ["SLE", 2],
    ["VED", 2],
    ["XAD", 2],
  ])("%s has %i decimals", (code, exponent) => {
    expect([currencyExponent(code), isCurrency(code)]).toEqual([exponent, true]);
  });

  it.each([
    "ZZZ",
    "AAA",
    "usd",
    "US",
    "USDT",
    "",
    "__proto__",
    "constructor",
    // Withdrawn.
    "HRK",
    "SLL",
    "ZWL",
    "CUC",
    "ANG",
    "BGN",
    "DEM",
    "LTL",
    "STD",
    "MRO",
    "BYR",
    "VEF",
    // Without a minor unit.
    "XAU",
    "XAG",
    "XPT",
    "XPD",
    "XDR",
    "XSU",
    "XUA",
    "XBA",
    "XBB",
    "XBC",
    "XBD",
    "XTS",
    "XXX",
  ])("%s is none that bills can be in", (code) => {
    expect([currencyExponent(code), isCurrency(code)]).toEqual([null, false]);
  });

  it("has 165 codes with a minor unit, as the list of 2026-01-01", () => {
    const letters = Array.from({ length: 26 }, (_, at) => String.fromCharCode(65 + at));
    const every = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => `${a}${b}${c}`)));
    expect(every.filter(isCurrency)).toHaveLength(165);
  });
});

describe("an amount in minor units", () => {
  it.each([
    [1500, 0, "1500"],
    [1500, 2, "15.00"],
    [1500, 3, "1.500"],
    [0, 0, "0"],
    [0, 2, "0.00"],
    [-0, 2, "0.00"],
    [5, 3, "0.005"],
    [-5, 2, "-0.05"],
    [-1, 0, "-1"],
    [-123456, 4, "-12.3456"],
    [Number.MAX_SAFE_INTEGER, 2, "90071992547409.91"],
  ])("%i with %i decimals is %s", (minor, exponent, text) => {
    expect(formatMinor(minor, exponent)).toBe(text);
  });

  it("reads back to the same amount, whatever it is", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 4 }), (minor, exponent) => {
        const text = formatMinor(minor, exponent);
        expect(text).toMatch(exponent === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${exponent}}$`));
        expect(BigInt(text.replace(".", ""))).toBe(BigInt(minor));
      }),
    );
  });

  it.each([
    [1.5, 2],
    [2 ** 53, 2],
    [Number.NaN, 2],
    [1, -1],
    [1, 0.5],
  ])("%d with %d decimals is refused", (minor, exponent) => {
    expect(() => formatMinor(minor, exponent)).toThrow(RangeError);
  });
});
