import { expect, it } from "vitest";
import { memoryLimiter } from "../../../src/adapters/platform/rate-limit.ts";

/** Hole 8: a flood of other keys made the limiter forget everybody, and whoever was at the limit began anew. */

const clock = { nowMs: () => 0, sleep: async () => undefined };

it("does not free who is at the limit by a flood of other keys", async () => {
  const limiter = memoryLimiter(2, clock);
  for (let count = 0; count < 2; count += 1) expect(await limiter.take("attacker")).toBeNull();
  for (let at = 0; at < 50_000; at += 1) await limiter.take(`flood ${at}`);
  expect(await limiter.take("attacker")).toBe(60);
});

it("counts those that come in the flood, too: nobody gets more than the limit", async () => {
  const limiter = memoryLimiter(5, clock);
  for (let at = 0; at < 10_000; at += 1) await limiter.take(`flood ${at}`);
  let passed = 0;
  for (let count = 0; count < 20; count += 1) if ((await limiter.take("late")) === null) passed += 1;
  expect(passed).toBeLessThanOrEqual(5);
  expect(passed).toBeGreaterThan(0);
});

it("lets newcomers pass in a flood that is not enormous", async () => {
  const limiter = memoryLimiter(60, clock);
  for (let at = 0; at < 50_000; at += 1) await limiter.take(`flood ${at}`);
  for (let at = 0; at < 100; at += 1) expect(await limiter.take(`newcomer ${at}`)).toBeNull();
});
