import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffAfter } from "../../../src/domain/steering/backoff.ts";
import type { Circuit, Outcome } from "../../../src/domain/steering/circuit.ts";
import { afterCall, closedCircuit, mayBeAsked } from "../../../src/domain/steering/circuit.ts";

const after = (outcomes: readonly Outcome[], nowMs = 0, from: Circuit = closedCircuit): Circuit =>
  outcomes.reduce((circuit, outcome) => afterCall(circuit, outcome, nowMs, 7), from);
const times = (count: number, outcome: Outcome): readonly Outcome[] => Array.from({ length: count }, () => outcome);

describe("a circuit", () => {
  it.each<[string, readonly Outcome[], boolean]>([
    ["five throttled calls", times(5, "throttled"), false],
    ["six throttled calls", times(6, "throttled"), true],
    ["two calls without an answer", times(2, "unanswered"), false],
    ["three calls without an answer", times(3, "unanswered"), true],
    ["an answer in between", [...times(5, "throttled"), "answered", ...times(5, "throttled")], false],
    ["both", [...times(2, "unanswered"), ...times(2, "throttled")], true],
  ])("%s", (_, outcomes, paused) => {
    expect(mayBeAsked(after(outcomes), false, 0)).toBe(paused ? "not" : "freely");
  });

  it("lets one call through once its pause is over, and any answer closes it", () => {
    const paused = after(times(6, "throttled"));
    const untilMs = paused.pausedUntilMs ?? 0;
    expect([mayBeAsked(paused, false, untilMs - 1), mayBeAsked(paused, true, untilMs - 1), mayBeAsked(paused, false, untilMs)]).toEqual([
      "not",
      "once",
      "once",
    ]);
    expect(after(["answered"], untilMs, paused)).toEqual(closedCircuit);
  });

  it("pauses twice as long each time, up to five minutes", () => {
    let circuit = after(times(6, "throttled"));
    const pauses: number[] = [];
    for (let nowMs = 0; pauses.length < 8;) {
      pauses.push((circuit.pausedUntilMs ?? 0) - nowMs);
      nowMs = circuit.pausedUntilMs ?? 0;
      circuit = afterCall(circuit, "throttled", nowMs, 7);
    }
    for (const [at, wholeMs] of [10, 20, 40, 80, 160, 300, 300, 300].map((seconds) => seconds * 1_000).entries()) {
      expect(pauses[at]).toBeLessThanOrEqual(wholeMs);
      expect(pauses[at]).toBeGreaterThanOrEqual(wholeMs * 0.8);
    }
  });

  it("learns nothing from calls that were under way when it was paused", () => {
    const paused = after(times(6, "throttled"));
    expect(after(times(20, "unanswered"), 5, paused)).toEqual(paused);
  });
});

describe("a backoff", () => {
  const bounds = { firstMs: 1_000, mostMs: 60_000 };

  it("never exceeds its bound, nor falls below four fifths of what it would be without spread", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 1_000_000_000 }), (failures, seed) => {
        const wholeMs = Math.min(bounds.mostMs, bounds.firstMs * 2 ** Math.min(30, failures - 1));
        const waitMs = backoffAfter(failures, bounds, seed);
        expect(waitMs).toBeLessThanOrEqual(wholeMs);
        expect(waitMs).toBeGreaterThanOrEqual(0.8 * wholeMs - 1);
        expect(backoffAfter(failures, bounds, seed)).toBe(waitMs);
      }),
      { numRuns: 200 },
    );
  });

  it("spreads what failed together", () => {
    const waits = Array.from({ length: 1_000 }, (_, seed) => backoffAfter(4, bounds, seed));
    expect(new Set(waits).size).toBeGreaterThan(500);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(1_500);
  });
});
