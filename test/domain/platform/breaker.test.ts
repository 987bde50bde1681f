import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Breaker, BreakerEvent } from "../../../src/domain/platform/breaker.ts";
import { afterCall, breakerState, closedBreaker, mayBeCalled } from "../../../src/domain/platform/breaker.ts";

const s = 1_000;
const minute = 60 * s;

const answered = (atMs: number, isProbe = false): BreakerEvent => ({ atMs, isProbe, result: "answered" });
const failed = (atMs: number, waitedMs = 0, isProbe = false): BreakerEvent => ({ atMs, isProbe, result: "failed", waitedMs });
const after = (events: readonly BreakerEvent[], from = closedBreaker): Breaker =>
  events.reduce((breaker, event) => afterCall(breaker, event, "cdn", 1), from);

describe("what opens a breaker", () => {
  const many = (times: readonly number[]) => times.map((atMs) => failed(atMs));
  it.each<readonly [string, readonly BreakerEvent[], boolean]>([
    ["nothing", [], false],
    ["four failures", many([0, 1, 2, 3]), false],
    ["five at once", many([7, 7, 7, 7, 7]), true],
    ["five within a minute", many([0, 10 * s, 20 * s, 30 * s, minute - 1]), true],
    [
      "five within a minute, with answers in between",
      [failed(0), failed(1), answered(2), failed(3), failed(4), answered(5), failed(6)],
      true,
    ],
    [
      "five in a minute and more, with answers in between",
      [failed(0), answered(1), failed(2), failed(3), failed(4), answered(5), failed(minute)],
      false,
    ],
    ["five in a row, an hour apart", many([0, 1, 2, 3, 4].map((hour) => hour * 60 * minute)), true],
    [
      "four in a row, an answer, and four more, all an hour apart",
      [
        ...many([0, 1, 2, 3].map((hour) => hour * 60 * minute)),
        answered(4 * 60 * minute),
        ...many([5, 6, 7, 8].map((hour) => hour * 60 * minute)),
      ],
      false,
    ],
    ["one that hung for a minute", [failed(minute, minute)], true],
    ["one that hung for 48 s", [failed(minute, 48 * s)], false],
    ["two that hung for 20 s each", [failed(20 * s, 20 * s), failed(40 * s, 20 * s)], false],
    ["three that hung for 20 s each", [failed(20 * s, 20 * s), failed(40 * s, 20 * s), failed(minute, 20 * s)], true],
    ["answers alone", [0, 1, 2, 3, 4, 5].map((atMs) => answered(atMs)), false],
  ])("%s: %#", (_name, events, isOpen) => {
    expect(after(events).probeAtMs !== null).toBe(isOpen);
  });
});

describe("an open breaker", () => {
  const opened = after([0, 0, 0, 0, 0].map((atMs) => failed(atMs)));

  it("is paused for about a minute, then half-open for whoever has claimed its trial, once", () => {
    const { probeAtMs, openedAtMs } = opened;
    if (probeAtMs === null) throw new Error("it is closed");
    expect(openedAtMs).toBe(0);
    expect(probeAtMs).toBeGreaterThanOrEqual(0.8 * minute);
    expect(probeAtMs).toBeLessThanOrEqual(minute);
    expect([breakerState(opened, probeAtMs - 1), breakerState(opened, probeAtMs)]).toEqual(["open", "half-open"]);
    expect(mayBeCalled(opened, "cdn", probeAtMs + 9, probeAtMs - 1)).toBe("not");
    expect(mayBeCalled(opened, "cdn", null, probeAtMs)).toBe("not");
    expect(mayBeCalled(opened, "cdn", probeAtMs + 9, probeAtMs)).toBe("once");
    // Whoever was too slow has lost it.
    expect(mayBeCalled(opened, "cdn", probeAtMs + 9, probeAtMs + 9)).toBe("not");
    expect(mayBeCalled(closedBreaker, "cdn", null, 0)).toBe("freely");
    const backMs = probeAtMs - 3_600_000;
    expect(mayBeCalled(opened, "cdn", backMs + 9, backMs), "after a clock that was an hour ahead").toBe("once");
  });

  it("is not moved by calls that were under way when it opened", () => {
    expect(after([failed(1), answered(2), failed(3, minute)], opened)).toBe(opened);
  });

  it("is closed by an answer to its trial, as if nothing had been", () => {
    expect(after([answered(2 * minute, true)], opened)).toEqual(closedBreaker);
  });

  it("is paused for longer each time, and for half an hour at most; since when it is open stays", () => {
    let breaker = opened;
    const pauses: number[] = [];
    for (let count = 0; count < 12; count += 1) {
      const atMs = breaker.probeAtMs ?? 0;
      breaker = afterCall(breaker, failed(atMs, 0, true), "cdn", 1);
      pauses.push((breaker.probeAtMs ?? 0) - atMs);
    }
    expect(breaker.openedAtMs).toBe(0);
    for (const [index, pause] of pauses.entries()) {
      const whole = Math.min(30 * minute, minute * 2 ** (index + 1));
      expect(pause).toBeLessThanOrEqual(whole);
      expect(pause).toBeGreaterThanOrEqual(0.8 * whole);
    }
  });

  it("of the archive is tried again within seconds, and within a minute at most", () => {
    let breaker = [0, 0, 0, 0, 0].reduce((now, atMs) => afterCall(now, failed(atMs), "archive", 1), closedBreaker);
    expect(breaker.probeAtMs).toBeLessThanOrEqual(5 * s);
    for (let count = 0; count < 9; count += 1) breaker = afterCall(breaker, failed(0, 0, true), "archive", 1);
    expect(breaker.probeAtMs).toBeLessThanOrEqual(minute);
  });
});

/** The rule said anew, from the whole history each time, without a state that is carried on. */
const referee = (history: readonly BreakerEvent[]): { readonly isOpen: boolean; readonly pauses: number } => {
  let from = 0;
  let pauses = 0;
  for (const [index, event] of history.entries()) {
    if (pauses > 0) {
      if (!event.isProbe) continue;
      pauses = event.result === "failed" ? pauses + 1 : 0;
      if (pauses === 0) from = index + 1;
      continue;
    }
    if (event.result !== "failed") continue;
    const since = history.slice(from, index + 1);
    const weigh = (events: readonly BreakerEvent[]) =>
      events.reduce((sum, one) => sum + (one.result === "failed" ? Math.max(1, Math.ceil(one.waitedMs / 12_000)) : 0), 0);
    const lastAnswer = since.findLastIndex(({ result }) => result === "answered");
    const recent = since.filter(({ atMs }) => atMs > event.atMs - 60_000);
    if (weigh(recent) >= 5 || weigh(since.slice(lastAnswer + 1)) >= 5) pauses = 1;
  }
  return { isOpen: pauses > 0, pauses };
};

describe("the rule, against one that looks at the whole history each time", () => {
  const step = fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 200_000 })),
    isProbe: fc.boolean(),
    isAnswer: fc.boolean(),
    waitedMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 130_000 })),
  });

  it("is open, and paused as often, after whatever came", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let atMs = 0;
        let breaker = closedBreaker;
        const history: BreakerEvent[] = [];
        for (const { afterMs, isProbe, isAnswer, waitedMs } of steps) {
          atMs += afterMs;
          const event = isAnswer ? answered(atMs, isProbe) : failed(atMs, waitedMs, isProbe);
          history.push(event);
          breaker = afterCall(breaker, event, "cdn", 7);
          const { isOpen, pauses } = referee(history);
          expect({ isOpen: breaker.probeAtMs !== null, pauses: breaker.pauses }).toEqual({ isOpen, pauses });
          expect(breaker.recentMs.length).toBeLessThanOrEqual(5);
          expect((breaker.openedAtMs === null) === (breaker.probeAtMs === null)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
