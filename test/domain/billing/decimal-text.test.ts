import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gibibytes, movePoint } from "../../../src/domain/billing/decimal-text.ts";

describe("bytes in GiB", () => {
  it.each([
    [0, 3, "0.000"],
    [1, 9, "0.000000001"],
    [2 ** 30, 3, "1.000"],
    [1_610_612_736, 3, "1.500"],
    [-1_610_612_736, 3, "-1.500"],
    [536_870_912, 0, "1"],
    [-536_870_912, 0, "-1"],
    [536_870_911, 0, "0"],
    [2 ** 53 - 1, 3, "8388608.000"],
    [-1, 3, "0.000"],
  ])("%i with %i places is %s", (bytes, places, text) => {
    expect(gibibytes(bytes, places)).toBe(text);
  });

  it("is refused for what is no whole number", () => {
    expect(() => gibibytes(1.5, 3)).toThrow("not an exact integer");
  });
});

describe("moving the point of a decimal number", () => {
  it.each([
    ["0.19", 2, "19"],
    ["0.055", 2, "5.5"],
    ["0", 2, "0"],
    ["12", -2, "0.12"],
    ["12.000", -2, "0.12"],
    ["7.5", -2, "0.075"],
    ["900", -2, "9"],
    ["-1.5", 1, "-15"],
    ["0.5", 0, "0.5"],
    ["100", 0, "100"],
    ["0.00", -3, "0"],
    ["1", 3, "1000"],
    ["12345.678", -3, "12.345678"],
  ])("%s by %i is %s", (text, places, moved) => {
    expect(movePoint(text, places)).toBe(moved);
  });

  it("is undone by moving it back", () => {
    const decimal = fc
      .tuple(fc.nat(), fc.nat(999))
      .map(([whole, rest]) => `${whole}.${String(rest).padStart(3, "0")}`.replace(/\.?0+$/, "") || "0");
    fc.assert(
      fc.property(
        decimal,
        fc.integer({ min: -6, max: 6 }),
        (text, places) => movePoint(movePoint(text, places), -places) === movePoint(text, 0),
      ),
    );
  });

  it.each(["", "1e3", "+1", ".5", "1.", "1,5"])("refuses %j", (text) => {
    expect(() => movePoint(text, 2)).toThrow("not a decimal number");
  });
});
