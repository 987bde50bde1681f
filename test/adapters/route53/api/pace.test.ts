import { describe, expect, it } from "vitest";
import { createPace } from "../../../../src/adapters/route53/api/pace.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

describe("the pace of requests", () => {
  it("lets at most the budget through in any second, however many ask at once, and the first at once", async () => {
    const clock = createFakeClock(0);
    const pace = createPace(clock, 5);
    const sentMs: number[] = [];
    await clock.run(
      Promise.all(
        Array.from({ length: 20 }, async () => {
          await pace(Number.POSITIVE_INFINITY);
          sentMs.push(clock.nowMs());
        }),
      ),
    );
    expect(sentMs[0]).toBe(0);
    expect(sentMs.filter((atMs, index) => index >= 5 && atMs - (sentMs[index - 5] ?? 0) < 1_000)).toEqual([]);
    expect(sentMs.at(-1), "and does not dawdle").toBeLessThan(4_500);
  });

  it("does not let timers that were late fire together", async () => {
    let nowMs = 0;
    const wakers: (() => void)[] = [];
    const pace = createPace({ nowMs: () => nowMs, sleep: () => new Promise((wake) => void wakers.push(wake)) }, 5);
    const sentMs: number[] = [];
    const all = Array.from({ length: 4 }, async () => {
      await pace(Number.POSITIVE_INFINITY);
      sentMs.push(nowMs);
    });
    await new Promise((resolve) => setImmediate(resolve));
    while (sentMs.length < 4) {
      nowMs += 1_000;
      for (const wake of wakers.splice(0)) wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(all);
    expect(sentMs.slice(1).every((atMs, index) => atMs - (sentMs[index] ?? 0) >= 200)).toBe(true);
  });

  it("gives no turn to what would come too late, which costs nobody else one", async () => {
    const clock = createFakeClock(0);
    const pace = createPace(clock, 5);
    const turns = await clock.run(
      Promise.all([500, 500, 500, 500, 500, 2_000].map(async (untilMs) => [await pace(untilMs), clock.nowMs()])),
    );
    expect(turns.map(([given, atMs]) => [given, Math.floor(Number(atMs) / 10)])).toEqual([
      [true, 0],
      [true, 22],
      [true, 44],
      [false, 0],
      [false, 0],
      [true, 66],
    ]);
  });

  it("does not wait for an hour where the clock is set back by one", async () => {
    let offMs = 0;
    const clock = createFakeClock(7_200_000);
    const pace = createPace({ ...clock, nowMs: () => clock.nowMs() - offMs }, 5);
    await clock.run(pace(Number.POSITIVE_INFINITY));
    offMs = 3_600_000;
    await clock.run(pace(Number.POSITIVE_INFINITY));
    expect(clock.nowMs() - 7_200_000).toBeLessThan(250);
  });

  it("catches up with nothing after a pause", async () => {
    const clock = createFakeClock(0);
    const pace = createPace(clock, 5);
    await clock.run(pace(Number.POSITIVE_INFINITY));
    await clock.advance(60_000);
    const sentMs: number[] = [];
    await clock.run(
      Promise.all(
        Array.from({ length: 6 }, async () => {
          await pace(Number.POSITIVE_INFINITY);
          sentMs.push(clock.nowMs());
        }),
      ),
    );
    expect((sentMs[5] ?? 0) - (sentMs[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });
});
