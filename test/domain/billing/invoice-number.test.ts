import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkNumberPattern } from "../../../src/domain/billing/invoice-number.ts";

describe("a pattern of document numbers", () => {
  it.each([
    "TR-{year}-{number}",
    "{number}",
    "INV{number}",
    "{customer}/{year}.{month}/{number}",
    "2026-{number}-7",
    "{number}A1",
    `${"A".repeat(32)}{number}`,
  ])("takes %s", (pattern) => {
    expect(checkNumberPattern(pattern)).toBeNull();
  });

  it.each([
    ["", "exactly once"],
    ["TR", "exactly once"],
    ["{number}-{number}", "exactly once"],
    ["{NUMBER}", "exactly once"],
    ["{ number}", "exactly once"],
    ["{year}{number}", "beside"],
    ["{number}{month}", "beside"],
    ["2026{number}", "beside"],
    ["{number}7", "beside"],
    ["TR {number}", "consist"],
    ["TR_{number}", "consist"],
    ["TR-{day}-{number}", "consist"],
    ["{{number}}", "consist"],
    ["Ä-{number}", "consist"],
    ["<b>{number}", "consist"],
    ["TR\n{number}", "consist"],
    ["{number}\n", "consist"],
    ["{ye{year}ar}-{number}", "consist"],
    [`${"A".repeat(33)}{number}`, "at most 40"],
  ])("refuses %j: %s", (pattern, reason) => {
    expect(checkNumberPattern(pattern)).toContain(reason);
  });

  it("tells any two numbers of a customer apart, whenever they are issued", () => {
    const part = fc.constantFrom("{year}", "{month}", "{customer}", "-", "/", ".", "A", "7", "0");
    const pattern = fc
      .tuple(fc.array(part, { maxLength: 4 }), fc.array(part, { maxLength: 4 }))
      .map(([before, after]) => `${before.join("")}{number}${after.join("")}`)
      .filter((text) => checkNumberPattern(text) === null);
    const issue = fc.record({
      number: fc.integer({ min: 1, max: 20_000 }),
      year: fc.integer({ min: 2025, max: 2032 }),
      month: fc.integer({ min: 1, max: 12 }),
    });
    const fill = (text: string, { number, year, month }: { number: number; year: number; month: number }) =>
      text
        .replaceAll("{number}", String(number).padStart(4, "0"))
        .replaceAll("{year}", String(year))
        .replaceAll("{month}", String(month).padStart(2, "0"))
        .replaceAll("{customer}", "77");
    fc.assert(
      fc.property(pattern, issue, issue, (text, a, b) => {
        fc.pre(a.number !== b.number);
        expect(fill(text, a)).not.toBe(fill(text, b));
      }),
      { numRuns: 2_000 },
    );
  });
});
