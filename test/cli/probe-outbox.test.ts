import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { reachesNothing, readingsOf } from "../../cli/probe/agent.ts";
import type { Reading } from "../../cli/probe/api.ts";
import { createOutbox, waitMs, worthMs } from "../../cli/probe/outbox.ts";
import type { Sample } from "../../src/adapters/ports/detection/round-view.ts";
import { ApiError } from "../../src/client/client.ts";

const nowMs = Date.parse("2026-11-18T12:00:00Z");
const reading = (domain: number): Reading => ({ domain_id: domain, path: "primary", setup: 0, slot: "2026-11-18T12:00:00Z", probes: [] });
const kept = { accepted: 1, ignored: { known: 0, late: 0, stale: 0, gone: 0 }, rejected: 0, rejections: [] };
const away = (status: number, retryAfter = "") =>
  new ApiError({ status, headers: new Headers(retryAfter === "" ? {} : { "retry-after": retryAfter }) }, null);

const outbox = (tell: (readings: readonly Reading[]) => Promise<typeof kept>) => {
  const clock = { atMs: nowMs, nowMs: () => clock.atMs };
  const lines: string[] = [];
  const stop = new AbortController();
  let changes = 0;
  const box = createOutbox({
    tell: async (_, readings) => await tell(readings),
    clock,
    version: "0.1.0",
    log: (line) => void lines.push(line),
    stop: stop.signal,
    onChanged: () => void (changes += 1),
  });
  return { ...box, clock, lines, stop, changes: () => changes };
};

describe("what waits to be told", () => {
  it("is never more than the slots of a minute, however long the API is away", async () => {
    const box = outbox(async () => await Promise.reject(away(503)));
    for (let slot = 0; slot < 1_000; slot += 1) {
      box.clock.atMs = nowMs + slot * 10_000;
      box.add(box.clock.atMs, [reading(1)]);
      expect(box.waiting()).toBeLessThanOrEqual(worthMs / 10_000);
      if (slot % 100 === 0) await sleep(0);
    }
    expect(box.hopeless()).toBeNull();
    expect(box.lines.filter((line) => line.startsWith("not received"))).toHaveLength(1);
    box.stop.abort();
    await box.idle();
  });

  it("is sent by a thousand readings, the newest slot first", async () => {
    const told: number[][] = [];
    let isAway = true;
    const box = outbox(async (readings) => {
      if (isAway) throw away(503);
      told.push([readings.length, readings[0]?.domain_id ?? 0]);
      return kept;
    });
    box.add(nowMs - 10_000, [reading(1)]);
    box.add(
      nowMs,
      Array.from({ length: 1_500 }, () => reading(2)),
    );
    await sleep(10);
    isAway = false;
    await box.idle();
    expect(told).toEqual([
      [500, 2],
      [1_000, 2],
      [1, 1],
    ]);
    expect(box.waiting()).toBe(0);
  });

  it.each([401, 403, 400])("is given up with all else where the answer is %i", async (status) => {
    const box = outbox(async () => await Promise.reject(away(status)));
    box.add(nowMs, [reading(1)]);
    await box.idle();
    expect(box.hopeless()).toMatchObject({ status });
  });

  it("makes the targets be read anew where they are not as they were", async () => {
    const box = outbox(async () => ({ ...kept, accepted: 0, ignored: { ...kept.ignored, stale: 1 } }));
    box.add(nowMs, [reading(1)]);
    await box.idle();
    expect(box.changes()).toBe(1);
  });

  it("is tried again later each time, by chance, and when the API asks for it", () => {
    expect([1, 2, 3, 20].map((failures) => waitMs(failures, null, 0))).toEqual([250, 500, 1_000, 5_000]);
    expect(waitMs(20, null, 1)).toBe(10_000);
    expect([waitMs(1, 30, 0), waitMs(1, 86_400, 0)]).toEqual([30_000, worthMs]);
  });
});

const sample = (over: Partial<Sample>): Sample => ({
  serviceId: 1,
  domainId: 1,
  path: "primary",
  vantage: "agent",
  roundAtMs: nowMs,
  attempt: 0,
  probedAtMs: nowMs + 5,
  ok: true,
  status: 200,
  latencyMs: 12,
  error: null,
  setup: 0,
  ...over,
});

describe("what is told of a round", () => {
  it("is a reading a path, in the order of attempts; a confirmation without its first probe is none", () => {
    const failed = { ok: false, status: 503, error: "http_status" as const };
    const readings = readingsOf(
      [
        sample({ ...failed, attempt: 2, probedAtMs: nowMs + 2_000 }),
        sample({ ...failed, probedAtMs: nowMs - 3 }),
        sample({ path: "backup", setup: 4 }),
        sample({ ...failed, domainId: 2, attempt: 1 }),
      ],
      nowMs,
    );
    expect(readings.map(({ path, setup, probes }) => [path, setup, probes.map(({ probed_at: at }) => at)])).toEqual([
      ["primary", 0, ["2026-11-18T12:00:00.000Z", "2026-11-18T12:00:02.000Z"]],
      ["backup", 4, ["2026-11-18T12:00:00.005Z"]],
    ]);
  });

  it("is nothing where nothing answers, of several hosts", () => {
    const at = (url: string) => ({ url }) as Parameters<typeof reachesNothing>[0][number];
    const [one, two] = [at("https://a.test/x"), at("https://b.test/x")];
    const dead = sample({ ok: false, status: null, error: "timeout" });
    expect(reachesNothing([one, two], [dead, dead])).toBe(true);
    expect(reachesNothing([one, one], [dead, dead])).toBe(false);
    expect(reachesNothing([one, two], [dead, sample({ ok: false, status: 503, error: "http_status" })])).toBe(false);
    expect(reachesNothing([one, two], [])).toBe(false);
  });
});
