import fc from "fast-check";
import { expect, it } from "vitest";
import type { CostMode } from "../../../src/domain/cost/mode.ts";
import { costModes, daysIn, expectedPercent, nextMode, refuseMode } from "../../../src/domain/cost/mode.ts";

const dayMs = 86_400_000;
const nowMs = 1_795_000_000_000;
const standing = (mode: CostMode, days: number, anomalies = 0, expected = 0) => ({
  mode,
  sinceMs: nowMs - days * dayMs,
  anomalies,
  expected,
});

it.each<[from: CostMode, days: number, anomalies: number, expected: number, to: CostMode, taken: boolean]>([
  ["shadow", 14, 0, 0, "audit", true],
  ["shadow", 14 - 1 / dayMs, 0, 0, "audit", false],
  ["shadow", 100, 10, 1, "audit", true],
  ["shadow", 100, 9, 1, "audit", false],
  ["shadow", 100, 1_000, 101, "audit", false],
  ["shadow", 100, 0, 0, "enforce", false],
  ["audit", 14, 0, 0, "enforce", true],
  ["audit", 0, 1, 1, "shadow", true],
  ["enforce", 0, 1, 1, "audit", true],
  ["enforce", 0, 1, 1, "shadow", true],
  ["enforce", 0, 1, 1, "enforce", true],
])("%s of %d days with %d anomalies, %d expected, becomes %s: %s", (from, days, anomalies, expected, to, taken) => {
  expect(refuseMode(standing(from, days, anomalies, expected), to, nowMs) === null).toBe(taken);
});

it("says what is missing with its figures", () => {
  expect(refuseMode(standing("audit", 13.9, 7, 2), "enforce", nowMs)).toBe(
    "enforce needs 14 days in audit with at most 10 % of its anomalies marked expected; it is audit for 13 days, with 7 anomalies, of which 2 (28.6 %) were marked expected",
  );
  expect(refuseMode(standing("shadow", 100), "enforce", nowMs)).toBe("after shadow comes audit: modes are entered one at a time");
});

it("counts days and false alarms of a clock that went back, and of none", () => {
  expect(daysIn(standing("shadow", -3), nowMs)).toBe(0);
  expect(expectedPercent(standing("shadow", 1))).toBe(0);
  expect(nextMode("enforce")).toBeNull();
});

it("never refuses a step down, and none up without one in between", () => {
  const mode = fc.constantFrom(...costModes);
  fc.assert(
    fc.property(mode, mode, fc.nat(60), fc.nat(50), fc.nat(50), (from, to, days, anomalies, expected) => {
      const steps = costModes.indexOf(to) - costModes.indexOf(from);
      const refusal = refuseMode(standing(from, days, anomalies, Math.min(anomalies, expected)), to, nowMs);
      if (steps <= 0) expect(refusal).toBeNull();
      if (steps > 1) expect(refusal).not.toBeNull();
    }),
  );
});
