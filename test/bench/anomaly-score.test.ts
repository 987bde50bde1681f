import { describe, expect, it } from "vitest";
import type { JudgedSeries } from "../../bench/anomaly/nab.ts";
import { bestVerdict, probationRows, scaledSigmoid, standardProfile, verdictAt, worthOfRows } from "../../bench/anomaly/nab.ts";
import { upperTail, windowedGaussian } from "../../bench/anomaly/windowed-gaussian.ts";

/** Rows a minute apart, alarms where it says 1, windows by first and last row. Rows that are not judged are put before. */
const series = (alarms: readonly number[], windows: readonly (readonly [number, number])[], unjudged = 0): JudgedSeries => {
  const all = [...Array.from({ length: unjudged }, () => 0), ...alarms];
  const at = (row: number): number => (row + unjudged) * 60_000;
  return {
    rows: all.map((score, row) => ({ atMs: row * 60_000, score })),
    windows: windows.map(([from, to]) => ({ fromMs: at(from), toMs: at(to) })),
  };
};

const scoreOf = (one: JudgedSeries): number => verdictAt(new Map([["series", one]]), 1).score;

// The figures of the benchmark's own unit tests, and of the comments in its code.
describe("the scaled sigmoid", () => {
  it.each([
    [-1, 0.9866142981514305],
    [-0.5, 0.8482836399575131],
    [0, 0],
    [1, -0.9866142981514305],
    [3, -1],
    [100, -1],
  ])("at %d is %d", (position, worth) => {
    expect(scaledSigmoid(position)).toBeCloseTo(worth, 12);
  });
});

describe("probation", () => {
  it.each([
    [0, 0],
    [100, 15],
    [1_127, 169],
    [5_000, 750],
    [22_695, 750],
  ])("of %d rows are %d", (rows, unjudged) => {
    expect(probationRows(rows)).toBe(unjudged);
  });
});

describe("the score of a series", () => {
  /** Of the raw score, in which nothing found is -1 a window, and all found is 1. */
  const normal = (raw: number, windows: number): number => (100 * (raw + windows)) / (2 * windows);
  const half = 0.8482836399575131 / 0.9866142981514305;

  it.each([
    ["no alarm", [0, 0, 0, 0, 0, 0, 0], [[1, 2]], 0],
    ["the second row of a window of two", [0, 0, 1, 0, 0, 0, 0], [[1, 2]], normal(half, 1)],
    ["the first row", [0, 0, 0, 0, 1, 0, 0], [[4, 5]], 100],
    ["both rows, of which the best counts", [0, 0, 0, 0, 1, 1, 0], [[4, 5]], 100],
    [
      "one of two windows",
      [0, 0, 1, 0, 0, 0, 0],
      [
        [1, 2],
        [4, 5],
      ],
      normal(half - 1, 2),
    ],
    [
      "both windows",
      [0, 0, 1, 0, 1, 0, 0],
      [
        [1, 2],
        [4, 5],
      ],
      normal(half + 1, 2),
    ],
    ["false alarms before any window", [1, 0, 0, 1, 1, 0, 0], [[4, 5]], normal(1 - 2 * 0.11, 1)],
    ["a false alarm a width behind", [0, 1, 0, 1, 0, 0, 0], [[1, 2]], normal(1 - 0.11 * 0.9866142981514305, 1)],
    ["a false alarm far behind", [0, 1, 0, 0, 0, 0, 1], [[1, 2]], normal(1 - 0.11, 1)],
  ] as const)("with %s", (_, alarms, windows, expected) => {
    expect(scoreOf(series(alarms, windows, 2))).toBeCloseTo(expected, 9);
  });

  it("leaves out what is within probation, windows too", () => {
    const rows = [1, 1, 1, ...Array.from({ length: 17 }, () => 0)];
    expect(scoreOf(series(rows, [[10, 12]]))).toBe(0);
    expect(verdictAt(new Map([["series", series(rows, [[0, 1]])]]), 1)).toMatchObject({ windows: 0, falseAlarms: 0 });
  });

  it("refuses windows that are not rows, or overlap", () => {
    const bad = series([0, 0, 0, 0], [[1, 9]]);
    expect(() => worthOfRows(bad, "a.csv")).toThrow("a.csv: a window does not begin and end at rows, in their order");
    expect(() =>
      worthOfRows(
        series(
          [0, 0, 0, 0],
          [
            [0, 2],
            [2, 3],
          ],
        ),
        "a.csv",
      ),
    ).toThrow(RangeError);
  });

  it("is of the best threshold, one for all series", () => {
    const [first, second] = [series([0, 0, 0.5, 0.9, 0], [[3, 4]], 1), series([0, 0.7, 0, 0.6, 0], [[3, 4]], 1)];
    const both = new Map([
      ["first", first],
      ["second", second],
    ]);
    expect(bestVerdict(both)).toEqual({
      score: expect.closeTo(100 * (1 - 0.11 / 4), 9),
      threshold: 0.6,
      windows: 2,
      found: 2,
      falseAlarms: 1,
    });
    expect(verdictAt(both, 0.8)).toMatchObject({ found: 1, falseAlarms: 0 });
    expect(verdictAt(both, 2)).toMatchObject({ score: 0, found: 0, falseAlarms: 0 });
  });

  it("is by the standard profile", () => {
    expect(standardProfile).toEqual({ hit: 1, falseAlarm: 0.11, miss: 1 });
  });
});

describe("the windowed Gaussian", () => {
  it.each([
    [0, 0.5],
    [1, 0.15865525393145707],
    [-1, 0.8413447460685429],
    [3, 0.0013498980316300933],
  ])("has beyond %d the tail %d", (z, tail) => {
    expect(upperTail(z)).toBeCloseTo(tail, 6);
  });

  it("says how far in the middle of the last thousand a value is", () => {
    const values = Array.from({ length: 2_000 }, (_, index) => (index % 2 === 0 ? 9 : 11));
    const scores = windowedGaussian([...values, 13, 10]);
    expect(scores[0]).toBe(0);
    expect(scores[2_000]).toBeCloseTo(1 - 0.0013498980316300933, 5);
    expect(scores[2_001]).toBeCloseTo(0.5, 1);
  });
});
