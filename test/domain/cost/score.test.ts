import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newBaseline, usualAt } from "../../../src/domain/cost/baseline.ts";
import { judgeHour, scoreHour, severityOf, weights } from "../../../src/domain/cost/score.ts";
import { calm, hour, hourMs, known, monday } from "./hours.ts";

/** 10 cents on average, so that nothing is a dollar above. */
const small = known(calm(100).map((cents) => cents / 10));

describe("severity", () => {
  it.each([
    [0, "none"],
    [39.9, "none"],
    [40, "medium"],
    [59.9, "medium"],
    [60, "high"],
    [79.9, "high"],
    [80, "critical"],
    [100, "critical"],
  ])("of %d is %s", (score, severity) => {
    expect(severityOf(score)).toBe(severity);
  });
});

describe("weights", () => {
  it("are 100 together, each with its reason, and novelty alone never alerts", () => {
    const all = Object.values(weights);
    expect(all.reduce((sum, { points }) => sum + points, 0)).toBe(100);
    expect(all.every(({ reason }) => reason.length > 20)).toBe(true);
    expect(severityOf(weights.newActor.points + weights.newResource.points)).toBe("none");
  });
});

describe("the score of an hour", () => {
  const { mean, deviation } = usualAt(small, monday);
  const at = (z: number): number => mean + z * deviation;

  it.each([
    ["the usual", at(0), {}, 0, "none"],
    ["just not a deviation above", at(0.999), {}, 0, "none"],
    ["below the usual, which costs nothing", at(-9), {}, 0, "none"],
    ["four above, not more than the hour before", at(4), { lastCents: at(4), risingHours: 0 }, 50, "medium"],
    ["four above, twice the hour before", at(4), { lastCents: at(4) / 2, risingHours: 0 }, 73.3, "high"],
    ["four above, for the third hour", at(4), { lastCents: at(4) - 1e-9, risingHours: 2 }, 60, "high"],
    ["all of it at once", at(4), { lastCents: 1, risingHours: 9 }, 80, "critical"],
  ])("of %s", (_, cents, before, score, severity) => {
    const verdict = scoreHour({ ...small, ...before }, hour({ cents }));
    expect([verdict.score, verdict.severity]).toEqual([score, severity]);
  });

  it("has 12 for a new actor and 8 for a new resource, none for who was seen", () => {
    const baseline = known(calm(100), { actor: "deploy", resource: "vol-1" });
    const score = (actor: string | null, resource: string | null) => scoreHour(baseline, hour({ cents: 100, actor, resource })).score;
    expect([
      score("deploy", "vol-1"),
      score("intern", "vol-1"),
      score("deploy", "vol-2"),
      score("intern", "vol-2"),
      score(null, null),
    ]).toEqual([0, 12, 8, 20, 0]);
  });

  it.each([
    [3.01, 101, "critical"],
    [2.99, 101, "none"],
    [3.01, 99, "none"],
  ])("is critical by money: %d deviations that are %d cents", (z, above, severity) => {
    const step = (above / z) * Math.sqrt(99 / 100);
    const baseline = known(calm(100).map((cents) => 500 + ((cents - 100) / 10) * step));
    const verdict = scoreHour({ ...baseline, lastCents: 500 + above }, hour({ cents: 500 + above }));
    expect(verdict.z).toBeCloseTo(z, 9);
    expect(verdict.severity).toBe(severity);
  });

  it.each([
    [500, 0, "none"],
    [500.01, 60, "high"],
  ])("of a cold start is told above five dollars an hour only: %d", (cents, score, severity) => {
    for (const baseline of [newBaseline(true), known(calm(23))]) {
      const verdict = scoreHour(baseline, hour({ cents, actor: "anybody", resource: "anything" }));
      expect([verdict.score, verdict.severity, verdict.z]).toEqual([score, severity, null]);
    }
  });
});

describe("judging", () => {
  it("scores before it learns: what is far off is not held back by its own value", () => {
    // With the value included no z of 25 values can pass 24 / sqrt(25).
    const { verdict } = judgeHour(known(calm(24)), hour({ cents: 100_000 }));
    expect(verdict.z ?? 0).toBeGreaterThan(1_000);
  });

  it("learns an anomaly at most at three deviations, unless a person accepts it or traffic was shifted", () => {
    const baseline = known(calm(100));
    const mean = (ruling: "accepted" | "shifted" | null) => judgeHour(baseline, hour({ cents: 100_000 }), ruling).baseline.flat.mean;
    expect(mean(null)).toBeLessThan(101);
    expect(mean("accepted")).toBeCloseTo((100 * 100 + 100_000) / 101, 6);
    expect(mean("shifted")).toBe(100);
  });

  it("finds a leak of five times within its hour, and as long as it lasts", () => {
    let baseline = known(calm(24 * 30), {}, true);
    for (let step = 0; step < 48; step += 1) {
      const judged = judgeHour(baseline, hour({ cents: 500, atMs: monday + step * hourMs }));
      expect(judged.verdict.severity).toBe("critical");
      baseline = judged.baseline;
    }
  });

  it("has a finite score of 0 to 100, whatever the series", () => {
    const cents = fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constantFrom(0, 1, 1e9));
    fc.assert(
      fc.property(fc.array(cents, { maxLength: 60 }), fc.boolean(), (all, hasSeasons) => {
        let baseline = newBaseline(hasSeasons);
        for (const [step, each] of all.entries()) {
          const judged = judgeHour(baseline, hour({ cents: each, atMs: monday + step * hourMs }));
          expect(judged.verdict.score).toBeGreaterThanOrEqual(0);
          expect(judged.verdict.score).toBeLessThanOrEqual(100);
          expect(Number.isFinite(judged.verdict.z ?? 0)).toBe(true);
          baseline = judged.baseline;
        }
      }),
    );
  });
});
