import { expect, it } from "vitest";
import { lengthOf, percentOf, ratioOf } from "../../../src/domain/slo/figures.ts";

it.each([
  [0, 0],
  [2_592_000_000, 43.2],
  [8_640, 0.000_144],
  [29, 0],
  // Half a millionth of a minute: away from zero.
  [30, 0.000_001],
  [-30, -0.000_001],
  [-29, 0],
  [34_560_000_000_000, 576_000],
])("%d microseconds are %d minutes", (us, minutes) => {
  expect(lengthOf(us)).toEqual({ us, minutes: minutes === 0 ? expect.closeTo(0, 10) : minutes });
});

it.each([
  [1, 3, 33.33333],
  [2, 3, 66.66666],
  [-1, 3, -33.33334],
  [999_999_999_999, 1_000_000_000_000, 99.99999],
  [1, 1, 100],
  [-34_560_000_000_000, 1, -3_456_000_000_000_000],
  [0, 7, 0],
  [1, 0, null],
])("%d of %d are %d percent, rounded down", (part, whole, percent) => {
  expect(percentOf(part, whole)).toBe(percent);
});

it("is a ratio with more places", () => {
  expect([ratioOf(9, 10), ratioOf(899_999_999, 1_000_000_000), ratioOf(1, 0)]).toEqual([0.9, 0.899_999_9, null]);
});
