import { expect, it } from "vitest";
import { boundLimiter, createRateLimits, memoryLimiter } from "../../../src/adapters/platform/rate-limit.ts";

const clockAt = (startMs: number) => {
  const time = { nowMs: startMs };
  return { time, clock: { nowMs: () => time.nowMs, sleep: async () => undefined } };
};

const errors: string[] = [];
const log = { info: () => undefined, warn: () => undefined, error: (event: string) => void errors.push(event) };

it("counts whole minutes for each key, and says when the next begins", async () => {
  const { time, clock } = clockAt(60_000 + 30_500);
  const limiter = memoryLimiter(2, clock);
  const take = async (key: string, times: number) => {
    const answers = [];
    for (let at = 0; at < times; at += 1) answers.push(await limiter.take(key));
    return answers;
  };
  expect(await take("a", 3)).toEqual([null, null, 30]);
  expect(await take("b", 1)).toEqual([null]);
  time.nowMs = 120_000 - 1;
  expect(await take("a", 1)).toEqual([1]);
  time.nowMs = 120_000;
  expect(await take("a", 3)).toEqual([null, null, 60]);
});

it("has no limit at 0, and takes what is worth more than a minute for a whole one", async () => {
  const { clock } = clockAt(0);
  const none = memoryLimiter(0, clock);
  for (let at = 0; at < 100; at += 1) expect(await none.take("a")).toBeNull();
  const one = memoryLimiter(1, clock);
  await one.take("first");
  expect(await one.take("first")).toBe(60);
  const some = memoryLimiter(10, clock);
  expect([
    await some.take("a", 4),
    await some.take("a", 4),
    await some.take("a", 4),
    await some.take("b", 40),
    await some.take("b"),
  ]).toEqual([null, null, 60, null, 60]);
});

it("uses the platform's counting where it is bound, and lets pass when that is out of order", async () => {
  const { clock } = clockAt(0);
  const asked: string[] = [];
  const binding = { limit: async ({ key }: { key: string }) => ({ success: asked.push(key) < 2 }) };
  const limits = createRateLimits(
    { perAddress: 1, perCredential: 1, refusals: 1, sessions: 1 },
    { LIMIT_ADDRESS: binding, LIMIT_REFUSALS: "60" },
    clock,
    log,
  );
  expect([await limits.perAddress.take("x"), await limits.perAddress.take("y")]).toEqual([null, 60]);
  expect(asked).toEqual(["x", "y"]);
  expect([await limits.refusals.take("x"), await limits.refusals.take("x")]).toEqual([null, 60]);
  const tickets: string[] = [];
  const counted = boundLimiter({ limit: async ({ key }) => ({ success: tickets.push(key) <= 5 }) }, log);
  expect([await counted.take("x", 3), await counted.take("x", 3), tickets.length], "a binding counts calls only").toEqual([null, 60, 6]);
  const broken = boundLimiter({ limit: () => Promise.reject(new Error("gone")) }, log);
  expect(await broken.take("x")).toBeNull();
  expect(errors).toEqual(["rate_limit_failed"]);
});
