import { describe, expect, it } from "vitest";
import { coverWindow } from "../../../src/domain/billing/coverage.ts";
import type { BilledStorm } from "../../../src/domain/billing/coverage.ts";

const window = { startMs: 1_000, endMs: 4_601_000 };

const ended = (startedAtMs: number, endedAtMs: number, maxCoverageFactor = "1.5"): BilledStorm => ({
  state: "ended",
  startedAtMs,
  recoveringSinceMs: null,
  endedAtMs,
  maxCoverageFactor,
  credit: "earned",
});
const active = (startedAtMs: number, recoveringSinceMs: number | null, state: "storm" | "recovering"): BilledStorm => ({
  ...ended(startedAtMs, 0),
  state,
  recoveringSinceMs,
  endedAtMs: null,
});

/** Seconds of the window that are covered, from its spans and from the sum, which must agree. */
const seconds = (...storms: BilledStorm[]): number => {
  const { spans, stormMicroseconds } = coverWindow(storms, window);
  expect(spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) * 1000).toBe(stormMicroseconds);
  return stormMicroseconds / 1_000_000;
};

describe("coverWindow", () => {
  it.each<[string, BilledStorm[], number]>([
    ["nothing", [], 0],
    ["a storm inside", [ended(2_000, 12_000)], 10],
    ["a storm around the window", [ended(0, 9_000_000)], 4_600],
    ["a storm that ends as the window begins", [ended(0, 1_000)], 0],
    ["a storm that begins as the window ends", [ended(4_601_000, 5_000_000)], 0],
    ["a storm without length", [ended(2_000, 2_000)], 0],
    ["a storm that was refused", [{ ...ended(2_000, 12_000), credit: "refused" }], 0],
    [
      "one whose credit is pending, beside one that earned it",
      [{ ...active(1_000, null, "storm"), credit: "pending" }, ended(2_000, 12_000)],
      10,
    ],
    ["a millisecond", [ended(2_000, 2_001)], 0.001],
    ["two apart, late one first", [ended(20_000, 25_000), ended(2_000, 12_000)], 15],
    ["two that touch", [ended(2_000, 12_000), ended(12_000, 22_000)], 20],
    ["two that overlap, once", [ended(2_000, 12_000), ended(7_000, 22_000)], 20],
    ["one inside another", [ended(2_000, 22_000), ended(7_000, 8_000)], 20],
    ["an inner one and a third", [ended(2_000, 22_000), ended(3_000, 4_000), ended(10_000, 32_000)], 30],
    ["an open storm, to the window's end", [active(4_600_000, null, "storm")], 1],
    ["a relapsed storm, to the window's end", [active(4_600_000, 4_600_500, "storm")], 1],
    ["a recovering storm, until it began to", [active(2_000, 5_000, "recovering")], 3],
    ["a storm that began to recover before the window", [active(0, 1_000, "recovering")], 0],
    ["a storm that began to recover after the window", [active(4_600_000, 9_000_000, "recovering")], 1],
  ])("measures %s", (_name, storms, expected) => {
    expect(seconds(...storms)).toBe(expected);
  });

  it("gives the spans, united and in order", () => {
    const { spans } = coverWindow([ended(20_000, 25_000), ended(7_000, 22_000), ended(0, 2_000)], window);
    expect(spans).toEqual([
      { startMs: 1_000, endMs: 2_000 },
      { startMs: 7_000, endMs: 25_000 },
    ]);
  });

  it.each<[string, BilledStorm[], string]>([
    ["0 without storms", [], "0"],
    ["0 when none shares time with the window", [ended(0, 1_000, "3"), ended(5_000, 5_000, "4")], "0"],
    ["the greatest that does", [ended(2_000, 3_000, "1.25"), ended(2_000, 9_000, "1.5"), ended(0, 1_000, "3")], "1.5"],
    ["not that of a storm that earns nothing", [ended(2_000, 3_000, "1.25"), { ...ended(2_000, 9_000, "3"), credit: "refused" }], "1.25"],
    ["by value, not by text", [ended(2_000, 3_000, "9"), ended(2_000, 3_000, "10")], "10"],
    ["below one", [ended(2_000, 3_000, "0.5")], "0.5"],
  ])("takes the factor %s", (_name, storms, expected) => {
    expect(coverWindow(storms, window).maxCoverageFactor).toBe(expected);
  });
});
