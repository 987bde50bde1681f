import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainLine, showExact } from "../../../src/domain/billing/explanation.ts";
import { compare, fraction, parseDecimal } from "../../../src/domain/billing/money.ts";

describe("showExact", () => {
  it.each([
    [0n, 7n, "0/1", "0"],
    [6n, 4n, "3/2", "1.5"],
    [1n, 3n, "1/3", "0.333333333333"],
    [2n, 3n, "2/3", "0.666666666666"],
    [1n, 10n ** 12n, "1/1000000000000", "0.000000000001"],
    [123_456_789n, 1n, "123456789/1", "123456789"],
  ])("%d / %d is %s and %s", (numerator, denominator, text, decimal) => {
    expect(showExact(fraction(numerator, denominator))).toEqual({ fraction: text, decimal });
  });

  it("cuts off, never rounds up, and by less than a millionth of a millionth", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.bigInt({ min: 1n, max: 10n ** 12n }), (numerator, denominator) => {
        const value = fraction(numerator, denominator);
        const shown = parseDecimal(showExact(value).decimal);
        const next = fraction(shown.numerator * 10n ** 12n + shown.denominator, shown.denominator * 10n ** 12n);
        expect([compare(shown, value) <= 0, compare(next, value) > 0]).toEqual([true, true]);
      }),
    );
  });
});

describe("explainLine", () => {
  const usage = {
    primaryBytes: 2 ** 30,
    backupBytes: 5 * 2 ** 29,
    windowMicroseconds: 3_600_000_000,
    stormMicroseconds: 1_200_000_000,
    maxCoverageFactor: "1.5",
  };

  it("shows every step, before and after rounding", () => {
    const storms = [
      { startMs: 600_000, endMs: 1_800_000 },
      { startMs: 0, endMs: 600_000 },
      { startMs: 3_000_000, endMs: 3_600_000 },
    ];
    expect(explainLine(usage, { rateCentsPerGb: "7", discountRate: "0.5" }, storms)).toEqual({
      primary: { bytes: 2 ** 30, exactCents: { fraction: "7/1", decimal: "7" }, cents: 7 },
      backup: { bytes: 5 * 2 ** 29, exactCents: { fraction: "35/2", decimal: "17.5" }, cents: 18 },
      amountCents: 25,
      union: [
        { startMs: 0, endMs: 1_800_000 },
        { startMs: 3_000_000, endMs: 3_600_000 },
      ],
      stormMicroseconds: 1_200_000_000,
      windowMicroseconds: 3_600_000_000,
      ratio: { fraction: "1/3", decimal: "0.333333333333" },
      coverage: { fraction: "1/2", decimal: "0.5" },
      exactDiscountCents: { fraction: "9/2", decimal: "4.5" },
      roundedDiscountCents: 5,
      discountCents: 5,
    });
  });

  it("limits the discount to the amount", () => {
    const terms = { rateCentsPerGb: "4", discountRate: "1" };
    const explained = explainLine({ ...usage, primaryBytes: 0, stormMicroseconds: 3_600_000_000, maxCoverageFactor: "3" }, terms, []);
    expect([explained.amountCents, explained.roundedDiscountCents, explained.discountCents]).toEqual([10, 30, 10]);
  });
});
