import { describe, expect, it } from "vitest";
import { classify, Route53Error } from "../../../../src/adapters/route53/api/error.ts";
import { createLimit } from "../../../../src/adapters/route53/api/limit.ts";
import { backoffMs, withRetry } from "../../../../src/adapters/route53/api/retry.ts";
import { fakeClock } from "../support.ts";

const failing = (code: string, httpStatus: number | null = 400) =>
  new Route53Error({
    code,
    messages: ["m"],
    httpStatus,
    requestId: null,
    ...(httpStatus === null ? { retryable: true, uncertain: true } : classify(code, httpStatus)),
  });

const run = async (outcomes: readonly (Route53Error | Error | "ok")[], random = () => 1, untilMs = Number.POSITIVE_INFINITY) => {
  const clock = fakeClock();
  let calls = 0;
  const result = await withRetry(
    async () => {
      const outcome = outcomes[calls];
      calls += 1;
      if (outcome !== "ok") throw outcome;
      return "ok";
    },
    { clock, random, untilMs },
  ).catch((thrown: unknown) => thrown);
  return { result, calls, sleptMs: clock.sleptMs };
};

describe("withRetry", () => {
  it.each<[string, number | null]>([
    ["Throttling", 400],
    ["ThrottlingException", 400],
    ["Throttling", 503],
    ["PriorRequestNotComplete", 400],
    ["http_429", 429],
    ["InternalFailure", 500],
    ["ServiceUnavailable", 503],
    ["http_502", 502],
    ["timeout", null],
    ["network", null],
  ])("tries %s (%s) three times, waiting longer each time", async (code, status) => {
    const error = failing(code, status);
    const { result, calls, sleptMs } = await run([error, error, error, "ok"]);
    expect(result).toMatchObject({ failure: { code } });
    expect(calls).toBe(3);
    expect(sleptMs).toEqual([400, 800]);
  });

  it.each<[string, number]>([
    ["AccessDenied", 403],
    ["InvalidClientTokenId", 403],
    ["SignatureDoesNotMatch", 403],
    ["ExpiredToken", 403],
    ["InvalidChangeBatch", 400],
    ["NoSuchHostedZone", 404],
    ["http_302", 302],
  ])("tries %s (%s) once", async (code, status) => {
    const { calls, sleptMs } = await run([failing(code, status), "ok"]);
    expect({ calls, sleptMs }).toEqual({ calls: 1, sleptMs: [] });
  });

  it("returns what a later attempt brings", async () => {
    expect(await run([failing("Throttling"), failing("network", null), "ok"])).toMatchObject({
      result: "ok",
      calls: 3,
    });
  });

  it.each([
    ["after a lost answer", failing("network", null), true],
    ["after a 500", failing("InternalFailure", 500), true],
    ["after a throttled attempt", failing("Throttling"), false],
  ])("an error %s is uncertain: %s", async (_, first, uncertain) => {
    const { result } = await run([first, failing("InvalidChangeBatch")]);
    expect(result).toMatchObject({ failure: { code: "InvalidChangeBatch", uncertain } });
  });

  it("does not wait for an attempt that would come too late", async () => {
    const error = failing("Throttling");
    const untilMs = fakeClock().nowMs() + 1_000;
    expect(await run([error, error, error], () => 1, untilMs)).toMatchObject({
      calls: 2,
      sleptMs: [400],
      result: { failure: { code: "Throttling" } },
    });
  });

  it("does not repeat what is a fault of its own, nor show it", async () => {
    const { result, calls } = await run([new TypeError("secret inside"), "ok"]);
    expect(calls).toBe(1);
    expect(result).toMatchObject({ failure: { code: "internal", retryable: false } });
    expect(String(result)).not.toContain("secret");
  });

  it("draws the wait from the whole range up to its bound", () => {
    expect([0, 0.5, 0.999].map((x) => backoffMs(1, () => x))).toEqual([0, 200, 399]);
    expect(backoffMs(20, () => 1)).toBe(5_000);
  });
});

describe("createLimit", () => {
  it("never runs more than its width, runs all in order, and survives failures", async () => {
    const limit = createLimit(3);
    let running = 0;
    let most = 0;
    const started: number[] = [];
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        limit(async () => {
          started.push(index);
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          if (index % 4 === 0) throw new Error("no");
          return index;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(started).toEqual([...started].toSorted((a, b) => a - b));
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(5);
    expect(results).toHaveLength(20);
  });
});
