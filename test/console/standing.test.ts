import { expect, it } from "vitest";
import type { StandingOrders } from "../../src/adapters/ports/steering/freeze.ts";
import { createStanding } from "../../src/console/standing.ts";

const never = new Promise<never>(() => undefined);

it("is not waited for by the timer of a request that was cut off, and goes on without it", async () => {
  const kept: Promise<unknown>[] = [];
  let asked = 0;
  let sleeps = 0;
  const standing = createStanding({
    clock: {
      nowMs: () => 1_000,
      // The first one's never fires.
      sleep: () => ((sleeps += 1) === 1 ? never : Promise.resolve()),
    },
    freeze: {
      standing: () => {
        asked += 1;
        return never as Promise<StandingOrders>;
      },
    } as never,
    background: (work) => void kept.push(work),
  });
  void standing.of(1);
  const second = standing.of(1).then((orders) => orders ?? "unknown");
  const hung = new Promise((done) => setImmediate(() => setImmediate(() => done("hung"))));
  expect(await Promise.race([second, hung])).toBe("unknown");
  expect([asked, kept.length]).toEqual([1, 1]);
});
