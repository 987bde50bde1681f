import { describe, expect, it } from "vitest";
import type { Baseline } from "../../../src/domain/cost/baseline.ts";
import { judgeHour } from "../../../src/domain/cost/score.ts";
import type { Shift } from "../../../src/domain/cost/storm-rule.ts";
import { seriesOfHour } from "../../../src/domain/cost/storm-rule.ts";
import { calm, hour, known } from "./hours.ts";

const sides = [
  { cdn: "cloudflare", cents: 900 },
  { cdn: "fastly", cents: 100 },
];

describe("the series of an hour of egress", () => {
  it("in calm are both sides, and the sum is learnt", () => {
    expect(seriesOfHour({ sides, shift: null })).toEqual([
      { cdn: "cloudflare", cents: 900, treatment: { kind: "scored" } },
      { cdn: "fastly", cents: 100, treatment: { kind: "scored" } },
      { cdn: null, cents: 1_000, treatment: { kind: "learnt" } },
    ]);
  });

  it.each(["storm", "override", "drill"] as const)("in a %s are expected, and the sum is scored", (shift) => {
    expect(seriesOfHour({ sides, shift })).toEqual([
      { cdn: "cloudflare", cents: 900, treatment: { kind: "expected", label: `expected: ${shift}` } },
      { cdn: "fastly", cents: 100, treatment: { kind: "expected", label: `expected: ${shift}` } },
      { cdn: null, cents: 1_000, treatment: { kind: "scored" } },
    ]);
  });

  it.each([null, "storm"] as const)("have no sum where the money of one side is not known (%s)", (shift) => {
    const found = seriesOfHour({
      sides: [
        { cdn: "cloudflare", cents: 900 },
        { cdn: "fastly", cents: null },
      ],
      shift,
    });
    expect(found.map(({ cdn }) => cdn)).toEqual(["cloudflare"]);
    expect(seriesOfHour({ sides: [], shift })).toEqual([]);
  });
});

describe("a storm that shifts everything", () => {
  /** Ten dollars an hour, nine of them on the primary. */
  const usual = (): Map<string | null, Baseline> =>
    new Map([
      ["cloudflare", known(calm(100).map((cents) => cents * 9))],
      ["fastly", known(calm(100))],
      [null, known(calm(100).map((cents) => cents * 10))],
    ]);

  const play = (baselines: Map<string | null, Baseline>, primary: number, backup: number, shift: Shift | null) =>
    seriesOfHour({
      sides: [
        { cdn: "cloudflare", cents: primary },
        { cdn: "fastly", cents: backup },
      ],
      shift,
    }).map(({ cdn, cents, treatment }) => {
      const ruling = treatment.kind === "expected" ? "shifted" : null;
      const judged = judgeHour(baselines.get(cdn) ?? known([]), hour({ cents }), ruling);
      baselines.set(cdn, judged.baseline);
      return [cdn, treatment.kind === "scored" ? judged.verdict.severity : treatment.kind];
    });

  it("is no anomaly, and leaves no trace in what is usual of either side", () => {
    const baselines = usual();
    const before = usual();
    expect(play(baselines, 0, 1_000, "storm")).toEqual([
      ["cloudflare", "expected"],
      ["fastly", "expected"],
      [null, "none"],
    ]);
    expect(baselines.get("fastly")).toEqual(before.get("fastly"));
    expect(baselines.get("cloudflare")).toEqual(before.get("cloudflare"));
    // The same in calm is one.
    expect(play(baselines, 0, 1_000, null)).toContainEqual(["fastly", "critical"]);
  });

  it("does not hide a leak: the sum is scored", () => {
    expect(play(usual(), 0, 5_000, "storm")).toContainEqual([null, "critical"]);
  });
});
