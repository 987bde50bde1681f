import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isoTime } from "../src/iso-time.ts";

/** The greatest time that Date knows (ECMA-262, TimeClip). */
const lastMs = 8.64e15;

describe("isoTime", () => {
  it("writes what Date writes, in whatever order times come", () => {
    const anyTime = fc.oneof(
      fc.double({ min: -lastMs, max: lastMs, noNaN: true }),
      fc.integer({ min: 1_795_000_000_000, max: 1_795_200_000_000 }),
      fc.constantFrom(0, -0, -1, -0.5, 0.9, 86_399_999, 86_400_000, -86_400_000, lastMs, -lastMs),
    );
    fc.assert(
      fc.property(fc.array(anyTime, { minLength: 1 }), (times) => {
        expect(times.map(isoTime)).toEqual(times.map((ms) => new Date(ms).toISOString()));
      }),
    );
  });

  it.each([Number.NaN, Infinity, lastMs + 1])("refuses %s", (ms) => {
    expect(() => isoTime(ms)).toThrow(RangeError);
  });

  it("refuses it after the last time there is, too", () => {
    expect(isoTime(lastMs)).toBe("+275760-09-13T00:00:00.000Z");
    expect(() => isoTime(lastMs + 1)).toThrow(RangeError);
  });
});
