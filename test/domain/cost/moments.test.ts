import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Moments } from "../../../src/domain/cost/moments.ts";
import { noMoments, sampleDeviation, withSample } from "../../../src/domain/cost/moments.ts";

const momentsOf = (values: readonly number[]): Moments => values.reduce(withSample, noMoments);

/** Mean and sample deviation in two passes, about a value nearby so that nothing is lost to the offset. */
const twoPasses = (values: readonly number[], near: number): { mean: number; deviation: number } => {
  const shifted = values.map((value) => value - near);
  const mean = shifted.reduce((sum, value) => sum + value, 0) / shifted.length;
  const squares = shifted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean: near + mean, deviation: Math.sqrt(squares / (shifted.length - 1)) };
};

describe("moments", () => {
  it.each([
    [[], 0, 0],
    [[7], 7, 0],
    [[2, 4], 3, Math.SQRT2],
    [[2, 4, 4, 4, 5, 5, 7, 9], 5, Math.sqrt(32 / 7)],
    [[3, 3, 3], 3, 0],
  ])("of %j are those of a sample", (values, mean, deviation) => {
    const moments = momentsOf(values);
    expect(moments.count).toBe(values.length);
    expect(moments.mean).toBe(mean);
    expect(sampleDeviation(moments)).toBeCloseTo(deviation, 14);
  });

  it.each([0, 1e6, 1e9, 1e12])("of a million values around %d are those of two passes to 1e-9", (offset) => {
    let seed = 1;
    const values = Array.from({ length: 1_000_000 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return offset + seed / 1e8;
    });
    const [moments, referee] = [momentsOf(values), twoPasses(values, offset)];
    expect(Math.abs(moments.mean / referee.mean - 1)).toBeLessThan(1e-9);
    expect(Math.abs(sampleDeviation(moments) / referee.deviation - 1)).toBeLessThan(1e-9);
  });

  it("are those of two passes, whatever the values", () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 200 }), fc.integer({ min: -1e9, max: 1e9 }), (values, offset) => {
        const moved = values.map((one) => one + offset);
        const [moments, referee] = [momentsOf(moved), twoPasses(moved, moved[0] ?? 0)];
        expect(Math.abs(moments.mean - referee.mean)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(referee.mean)));
        expect(Math.abs(sampleDeviation(moments) - referee.deviation)).toBeLessThanOrEqual(1e-9 * Math.max(1, referee.deviation));
      }),
    );
  });
});
