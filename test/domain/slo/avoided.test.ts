import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { downtimeCents, lengthUs, microsecondText, microsecondsOf, within } from "../../../src/domain/slo/avoided.ts";

describe("downtimeCents", () => {
  it.each([
    [0, 0, 0],
    [60_000_000, 1, 1],
    [29_999_999, 1, 0],
    [30_000_000, 1, 1],
    [90_000_000, 1, 2],
    [90_000_000, 3, 5],
    [1, 1_000_000_000, 17],
    [2_678_400_000_000, 1_000_000_000, 44_640_000_000_000],
    [Number.MAX_SAFE_INTEGER, 1_000_000_000, Number.MAX_SAFE_INTEGER],
  ])("of %i microseconds at %i a minute are %i", (us, price, cents) => {
    expect(downtimeCents(us, price)).toBe(cents);
  });

  it("are unknown where the price is, and of half a microsecond there are none", () => {
    expect(downtimeCents(5, null)).toBeNull();
    expect(() => downtimeCents(0.5, 1)).toThrow(RangeError);
  });

  it("are the nearest whole number, the greater of two", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 45 }), fc.integer({ min: 0, max: 1_000_000_000 }), (us, price) => {
        const cents = BigInt(downtimeCents(us, price) ?? -1);
        const exact = BigInt(us) * BigInt(price) * 2n;
        return (2n * cents - 1n) * 60_000_000n <= exact && exact < (2n * cents + 1n) * 60_000_000n;
      }),
    );
  });
});

const stretch = fc.tuple(fc.nat(100), fc.nat(100)).map(([fromUs, length]) => ({ fromUs, toUs: fromUs + length }));

it("what lies within bounds is every microsecond that does, in order", () => {
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 5 }), stretch, (all, bounds) => {
      const found = within(all, bounds);
      const counted = all.flatMap(({ fromUs, toUs }) =>
        Array.from({ length: toUs - fromUs }, (_, at) => fromUs + at).filter((us) => bounds.fromUs <= us && us < bounds.toUs),
      );
      expect(lengthUs(found)).toBe(counted.length);
      expect(found.map(({ fromUs }) => fromUs)).toEqual(found.map(({ fromUs }) => fromUs).toSorted((a, b) => a - b));
      expect(found.every(({ fromUs, toUs }) => toUs > fromUs)).toBe(true);
    }),
  );
});

describe("a time as text", () => {
  it("keeps its microseconds", () => {
    expect(microsecondText(0)).toBe("1970-01-01T00:00:00.000000Z");
    expect(microsecondText(Date.parse("2026-11-27T15:04:05.123Z") * 1_000 + 456)).toBe("2026-11-27T15:04:05.123456Z");
    fc.assert(fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (us) => microsecondsOf(microsecondText(us)) === us));
  });

  it.each([
    "2026-11-27T15:04:05.123Z",
    "2026-11-27T15:04:05.123456",
    "2026-11-27T15:04:05.123456+00:00",
    "2026-11-27 15:04:05.123456Z",
    "2026-11-31T00:00:00.000000Z",
    "2026-02-29T00:00:00.000000Z",
    "2026-11-27T24:00:00.000000Z",
    "2026-11-27T15:04:60.000000Z",
    "1969-12-31T23:59:59.999999Z",
    "0000-00-00T00:00:00.000000Z",
    "2026-13-01T00:00:00.000000Z",
    "9999-12-31T23:59:59.999999Z",
    "",
  ])("is not %j", (text) => {
    expect(microsecondsOf(text)).toBeNull();
  });
});
