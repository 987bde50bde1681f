import { describe, expect, it } from "vitest";
import { chargeCents, priceLine, totalInvoice } from "../../../src/domain/billing/pricing.ts";

const gb = 2 ** 30;

describe("chargeCents", () => {
  it.each([
    [0, "12", 0],
    [gb, "12", 12],
    [gb / 8, "12", 2],
    [gb / 8, "11.999999999", 1],
    [Math.floor(gb / 24), "12", 0],
    [Math.ceil(gb / 24), "12", 1],
    [gb, "0.5", 1],
    [gb - 1, "0.5", 0],
    [1, "1000000", 0],
    [2 ** 50, "12", 12 * 2 ** 20],
    [1_000_000_003_961, "909208.666498359", 846_766_559],
  ])("%d bytes at %s cost %d", (bytes, rate, expected) => {
    expect(chargeCents(bytes, rate)).toBe(expected);
  });

  it("refuses what is not exact", () => {
    expect(() => chargeCents(0.5, "12")).toThrow(RangeError);
    expect(() => chargeCents(1, "1e3")).toThrow(RangeError);
    expect(() => chargeCents(Number.MAX_SAFE_INTEGER, "1000000000000")).toThrow(RangeError);
  });
});

describe("priceLine", () => {
  const hour = 3_600_000_000;
  const sides = { primaryBytes: 10 * gb, backupBytes: 100 * gb };
  const usage = { ...sides, windowMicroseconds: hour, stormMicroseconds: 0, maxCoverageFactor: "0" };
  const terms = { rateCentsPerGb: "12", discountRate: "0.5" };

  it("gives each step of a line", () => {
    expect(priceLine({ ...usage, stormMicroseconds: hour / 4, maxCoverageFactor: "1.5" }, terms)).toEqual({
      primaryChargeCents: 120,
      backupChargeCents: 1200,
      amountCents: 1320,
      coverage: { numerator: BigInt(hour / 4) * 15n, denominator: BigInt(hour) * 10n },
      fullDiscountCents: 225,
      discountCents: 225,
    });
  });

  it.each([
    ["no storm", 0, "0", "0.5", 0],
    ["all of the window", hour, "1", "0.5", 600],
    ["all of it at a factor above one", hour, "1.5", "0.5", 900],
    ["a third", hour / 3, "1", "0.5", 200],
    ["a half cent, away from zero", hour / 1200, "1", "0.5", 1],
    ["a microsecond less than a half cent", hour / 1200 - 1, "1", "0.5", 0],
    ["no discount agreed", hour, "3", "0", 0],
    ["never more than the amount", hour, "3", "1", 1320],
  ])("credits %s", (_name, stormMicroseconds, maxCoverageFactor, discountRate, expected) => {
    const line = priceLine({ ...usage, stormMicroseconds, maxCoverageFactor }, { ...terms, discountRate });
    expect(line.discountCents).toBe(expected);
  });

  it("rounds each side once, then discounts the rounded backup side", () => {
    const bytes = Math.ceil(gb / 24);
    const covered = { ...usage, stormMicroseconds: hour, maxCoverageFactor: "1" };
    const line = priceLine({ ...covered, primaryBytes: bytes, backupBytes: bytes }, terms);
    expect(line).toMatchObject({ amountCents: 2, discountCents: 1 });
  });

  it("refuses a window without length", () => {
    expect(() => priceLine({ ...usage, windowMicroseconds: 0 }, terms)).toThrow(RangeError);
  });
});

describe("totalInvoice", () => {
  it("adds up lines, adjustments below zero included", () => {
    expect(
      totalInvoice([
        { amountCents: 1320, discountCents: 225 },
        { amountCents: -20, discountCents: -5 },
      ]),
    ).toEqual({ subtotalCents: 1300, discountCents: 220, totalCents: 1080 });
    expect(totalInvoice([])).toEqual({ subtotalCents: 0, discountCents: 0, totalCents: 0 });
  });
});
