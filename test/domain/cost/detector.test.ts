import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SeriesMemory } from "../../../src/domain/cost/detector.ts";
import { noMemory } from "../../../src/domain/cost/detector.ts";
import { judgeValue } from "../../../src/domain/cost/series.ts";
import type { SeriesVerdict } from "../../../src/domain/cost/series.ts";
import { emptyTail, rarity, withValue } from "../../../src/domain/cost/tail.ts";

const stepMs = 300_000;
const perDay = 288;

const played = (values: readonly number[], step = stepMs): { verdicts: SeriesVerdict[]; memory: SeriesMemory } => {
  let memory = noMemory;
  const verdicts = values.map((value, index) => {
    const judged = judgeValue(memory, value, index * step);
    memory = judged.memory;
    return judged.verdict;
  });
  return { verdicts, memory };
};

/** Noise of -1 to 1, the same each time. */
const noise = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state / 2_147_483_647) * 2 - 1;
  };
};

const days = (count: number, valueAt: (index: number, random: () => number) => number, seed = 7): number[] => {
  const random = noise(seed);
  return Array.from({ length: count * perDay }, (_, index) => valueAt(index, random));
};

const alarms = (verdicts: readonly SeriesVerdict[], from = 0): number[] =>
  verdicts.flatMap(({ severity }, index) => (index >= from && (severity === "high" || severity === "critical") ? [index] : []));

describe("a series", () => {
  it.each([
    ["that never moved, and moves", days(10, (index) => (index === 2_500 ? 46 : 45)), 2_500],
    ["of noise, with a spike", days(10, (index, random) => 20 + random() + (index === 2_500 ? 10 : 0)), 2_500],
    ["of noise, with a fall", days(10, (index, random) => 20 + random() - (index === 2_500 ? 10 : 0)), 2_500],
    ["of nothing, with something", days(10, (index) => (index === 2_500 ? 1 : 0)), 2_500],
    ["of noise, at another level", days(10, (index, random) => 20 + random() + (index >= 2_500 ? 6 : 0)), 2_500],
  ])("%s, has an alarm at once", (_, values, at) => {
    expect(alarms(played(values).verdicts, 1_000)[0]).toBe(at);
  });

  const office = (index: number): boolean => index % perDay > 100 && index % perDay < 220;

  it("of days has an alarm on the day that is none", () => {
    const values = days(14, (index, random) => (office(index) && Math.floor(index / perDay) !== 11 ? 80 : 20) + 2 * random());
    const found = alarms(played(values).verdicts, 10 * perDay);
    expect(found[0]).toBeGreaterThanOrEqual(11 * perDay);
    expect(found[0]).toBeLessThan(11 * perDay + 220);
  });

  it.each([1, 2, 3, 4, 5])("of days, or of noise, without an anomaly has hardly any (%d)", (seed) => {
    const daily = days(14, (index, random) => (office(index) ? 80 : 20) + 2 * random(), seed);
    const random = days(14, (_, chance) => 50 + 5 * chance(), seed);
    for (const values of [daily, random]) expect(alarms(played(values).verdicts, 2 * perDay).length).toBeLessThanOrEqual(3);
  });

  it("of bursts has none for one more burst, and one for the burst of bursts", () => {
    const values = days(
      20,
      (index, random) => (index % 31 === 0 ? 1_000 * (1 + Math.abs(random())) : 10 + random()) + (index === 5_200 ? 40_000 : 0),
    );
    expect(alarms(played(values).verdicts, 2_000)).toEqual([5_200]);
  });

  it("is quiet after an alarm, but for what is worse", () => {
    const values = days(10, (index, random) => 20 + random() + (index >= 2_500 && index < 2_540 ? 15 : 0) + (index === 2_560 ? 400 : 0));
    const found = alarms(played(values).verdicts, 2_000);
    expect(found[0]).toBe(2_500);
    expect(found).toContain(2_560);
    expect(found.length).toBeLessThanOrEqual(4);
  });

  it("is judged before it is learnt: a value does not excuse itself", () => {
    const values = days(3, (_, random) => 20 + random());
    const { memory } = played(values);
    const far = judgeValue(memory, 1e6, values.length * stepMs);
    expect(far.verdict).toMatchObject({ score: 100, severity: "critical", finding: { isRecord: true } });
    expect(far.verdict.finding.usual).toBeLessThan(22);
    // Learnt from first, it could not be rarer than once in some 3,000,000 values.
    expect(far.verdict.finding.rarity).toBeGreaterThan(10);
  });

  it("is remembered in the same room, however long it is", () => {
    const size = (count: number): number => {
      const numbers = JSON.stringify(played(days(count, (_, random) => 20 + random())).memory).match(/-?[\d.]+(?:e[+-]\d+)?/g);
      return numbers?.length ?? 0;
    };
    expect(size(2)).toBe(size(40));
    expect(size(40)).toBeLessThan(130);
  });

  it("is the same at any scale", () => {
    const values = days(6, (index, random) => 20 + random() + (index % 400 === 399 ? 15 * Math.abs(random()) : 0));
    const scores = (factor: number) => played(values.map((value) => value * factor)).verdicts.map(({ score }) => score);
    const expected = scores(1);
    for (const factor of [1e-3, 1e6])
      for (const [index, score] of scores(factor).entries()) expect(score).toBeCloseTo(expected[index] ?? Number.NaN, 1);
  });

  it("has finite scores of 0 to 100, whatever it is", () => {
    const value = fc.oneof(fc.double({ min: -1e15, max: 1e15, noNaN: true }), fc.constantFrom(0, 1, -1, 1e15, 1e-300));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), fc.constantFrom(1, stepMs, 3_600_000, 40 * 3_600_000), (values, step) => {
        const { verdicts, memory } = played(values, step);
        for (const { score } of verdicts) expect(score >= 0 && score <= 100).toBe(true);
        expect(Number.isNaN(memory.long.mean)).toBe(false);
      }),
    );
  });
});

describe("rarity", () => {
  it("is what share of values is that high, in powers of ten", () => {
    const random = noise(3);
    // Of values that fall off exponentially one in 10 ** k is above k * ln(10).
    const exponential = (): number => -Math.log(1 - Math.abs(random()));
    let tail = emptyTail;
    for (let count = 0; count < 50_000; count += 1) tail = withValue(tail, exponential());
    for (const power of [3, 4, 5]) expect(Math.abs(rarity(tail, power * Math.LN10) - power)).toBeLessThan(0.6);
    expect(rarity(tail, Math.LN10)).toBe(0);
  });

  it("is nothing as long as too little is known", () => {
    let tail = emptyTail;
    for (let count = 0; count < 49; count += 1) tail = withValue(tail, 1);
    expect(rarity(tail, 1_000)).toBe(0);
    expect(rarity(withValue(tail, 1), 1_000)).toBeGreaterThanOrEqual(2);
  });
});

describe("a value that a meter made up", () => {
  const hourly = (count: number): number[] => {
    const random = noise(11);
    return Array.from({ length: count * 24 }, (_, index) => 1e9 * ((index % 24 >= 8 && index % 24 < 20 ? 60 : 20) + 2 * random()));
  };

  it.each([50, 1e4, 1e8])("hides no leak for longer than a few days (%d times the usual)", (factor) => {
    const [before, calm] = [60 * 24, 4 * 24];
    const values = hourly(70);
    values[before] = factor * 60e9;
    const leak = before + 1 + calm;
    const { verdicts, memory } = played(
      values.map((value, index) => (index >= leak && index < leak + 6 ? value * 5 : value)),
      3_600_000,
    );
    expect(verdicts[before]?.severity).toBe("critical");
    expect(alarms(verdicts.slice(0, leak + 6), leak)[0]).toBeLessThan(leak + 6);
    // What is usual is not moved by it either.
    expect(memory.long.mean).toBeLessThan(60e9);
    expect(memory.told).toBeLessThanOrEqual(5);
  });

  it("is a level in earnest where it lasts, and is usual then", () => {
    const values = hourly(40).map((value, index) => (index >= 20 * 24 ? value * 1_000 : value));
    const { memory } = played(values, 3_600_000);
    expect(memory.few.mean).toBeGreaterThan(20_000e9 * 0.9);
  });
});
