import { describe, expect, it } from "vitest";
import type { FailedAttempt } from "../../../src/domain/steering/attempts.ts";
import { isHeldBack, isUrgent, retryDelayMs } from "../../../src/domain/steering/attempts.ts";
import { nextCheckDelayMs, refusedPollsDelayMs, unconfirmedAfterMs } from "../../../src/domain/steering/polling.ts";

const from = { primary: 100, backup: 0 };
const to = { primary: 0, backup: 100 };
const attempt: FailedAttempt = { from, to, reason: "storm", nextAttemptAtMs: 1_000, sameRecords: true };

describe("a switch that failed", () => {
  it("waits for its turn", () => {
    expect([isHeldBack([attempt], { from, to }, "storm", 999), isHeldBack([attempt], { from, to }, "storm", 1_000)]).toEqual([true, false]);
    expect(isHeldBack([], { from, to }, "storm", 0)).toBe(false);
  });

  it.each<[string, Partial<FailedAttempt>]>([
    ["other weights are wanted", { to: { primary: 100, backup: 0 } }],
    ["other weights were read", { from: { primary: 90, backup: 10 } }],
    ["the records were changed otherwise", { sameRecords: false }],
    ["there is another reason for it", { reason: "drift" }],
  ])("does not wait where %s", (_, over) => {
    expect(isHeldBack([{ ...attempt, ...over }], { from, to }, "storm", 0)).toBe(false);
  });

  it("of a storm is tried again once a minute at least, one that heals a drift every five", () => {
    const waits = (reason: string) => Array.from({ length: 12 }, (_, index) => Math.ceil(retryDelayMs(index + 1, reason, 7) / 1_000));
    expect(Math.max(...waits("storm"))).toBeLessThanOrEqual(60);
    expect(Math.max(...waits("drift"))).toBeGreaterThan(200);
    expect(Math.max(...waits("drift"))).toBeLessThanOrEqual(300);
    for (const [at, wait] of waits("storm").entries()) expect(wait).toBeLessThanOrEqual(waits("drift")[at] ?? 0);
    const tries = waits("storm").reduce<{ count: number; seconds: number }>(
      ({ count, seconds }, wait) => (seconds + wait > 300 ? { count, seconds: 301 } : { count: count + 1, seconds: seconds + wait }),
      { count: 1, seconds: 0 },
    );
    expect(tries.count, "in five minutes").toBeLessThanOrEqual(9);
    expect(["storm", "bad_backup", "override", "drift", "calm", "failback"].filter(isUrgent)).toEqual(["storm", "bad_backup", "override"]);
  });
});

describe("asking after a change", () => {
  it("happens in every round for a minute, then ever more seldom, and not for longer than an hour", () => {
    const waits = Array.from({ length: 20 }, (_, index) => nextCheckDelayMs(index + 1, 7));
    expect(waits.slice(0, 5).every((wait) => wait < 10_000)).toBe(true);
    expect(Math.max(...waits)).toBeLessThanOrEqual(300_000);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(unconfirmedAfterMs * 1.2);
  });

  it("that is refused is tried once in ten minutes, then once an hour", () => {
    expect([1, 2, 3, 9].map((refusals) => Math.ceil(refusedPollsDelayMs(refusals, 7) / 600_000))).toEqual([1, 2, 4, 6]);
  });
});
