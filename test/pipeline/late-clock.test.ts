import { describe, expect, it } from "vitest";
import { createDatabaseClock } from "../../src/adapters/platform/database-clock.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import type { DispatchDeps } from "../../src/cron/rounds/dispatch.ts";
import { dispatchShards, runShard } from "../../src/cron/rounds/dispatch.ts";
import { createShardLoop } from "../../src/cron/rounds/shard-loop.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLeases } from "../support/memory-leases.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMemoryTickRuns } from "../support/memory-tick-runs.ts";
import { roundService } from "../support/round-fixtures.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const minuteMs = Date.parse("2026-11-18T11:20:00Z");
const hourMs = 3_600_000;
const awayMs = 14_000;

/** A machine just started whose clock is wrong, and a database that does not answer for as long as it is asked for the time at first. */
const bench = (skewMs: number) => {
  const real = createFakeClock(minuteMs);
  const { leases: memory } = createMemoryLeases(real);
  const platform = { nowMs: () => real.nowMs() + skewMs, sleep: real.sleep };
  const answer = async <T>(value: () => T | Promise<T>): Promise<T> => {
    if (real.nowMs() < minuteMs + awayMs) throw new Error("connection lost");
    return await value();
  };
  const { log } = createMemoryLog();
  const timerMs = () => real.nowMs() - minuteMs;
  const clock = createDatabaseClock({ platform, timerMs, ask: () => answer(real.nowMs), log });
  const leases = { ...memory, take: (...asked: Parameters<typeof memory.take>) => answer(() => memory.take(...asked)) };
  const slots: { roundAtMs: number; atMs: number }[] = [];
  const rounds: RoundStore = {
    load: async (fence) => {
      clock.heard(await answer(real.nowMs), timerMs(), timerMs());
      return (await leases.renew(fence))
        ? { services: [roundService()], vantages: [], polls: [], expired: false, standings: [], freeze: null, domainsLeftOut: 0 }
        : null;
    },
    saveAndEvaluate: async (_fence, samples) => {
      slots.push({ roundAtMs: (samples[0]?.roundAtMs ?? 0) - minuteMs, atMs: real.nowMs() - minuteMs });
      return { policies: [], leftOut: [] };
    },
    survey: async () => [],
    saveWitnessed: async () => undefined,
    edgeSamples: async () => [],
    saveDecisions: async () => new Map(),
    saveOutcomes: async () => undefined,
  };
  const deps: DispatchDeps = {
    rounds,
    leases,
    clock,
    sharedClock: clock,
    prober: createScriptedProber(real).prober,
    dns: createStrictDns(real).dns,
    vantage: "local",
    slowPaths: new Set(),
    log,
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs: 10_000 },
    driftCheckMs: 300_000,
    provider: "local",
    runId: "run-1",
    preferredProvider: "local",
    handBackAfterMs: 600_000,
    jobRuns: { record: async () => undefined },
    tickRuns: createMemoryTickRuns(),
    overtimeMs: 0,
    settings: { shards: () => answer(() => 1) },
    dispatcher: null,
  };
  return { real, deps, slots, clock };
};

const random = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0.5 };
/** Every slot from when the database was back until the end of the minute. */
const rest = [10_000, 20_000, 30_000, 40_000, 50_000];

describe.each([45_000, hourMs, -45_000, -hourMs])(
  "a machine whose clock is off by %d ms, while the database is away when it starts",
  (skewMs) => {
    it("does the rest of its minute by the database's clock, and no more", async () => {
      const { real, deps, slots } = bench(skewMs);
      await real.run(deps.sharedClock?.sync() ?? Promise.resolve());
      await real.run(dispatchShards(deps, minuteMs + skewMs));
      expect(slots.map(({ roundAtMs }) => roundAtMs).slice(0, 5)).toEqual(rest);
      expect(slots.every(({ roundAtMs, atMs }) => atMs - roundAtMs >= 0 && atMs - roundAtMs < 10_000)).toBe(true);
      expect(real.nowMs() - minuteMs).toBeLessThanOrEqual(80_000);
    });

    it("so does one that was handed a shard", async () => {
      const { real, deps, slots } = bench(skewMs);
      await real.run(runShard({ ...deps, random }, { index: 0, count: 1 }, minuteMs + skewMs));
      expect(slots.map(({ roundAtMs }) => roundAtMs).slice(0, 5)).toEqual(rest);
      expect(real.nowMs() - minuteMs).toBeLessThanOrEqual(80_000);
    });

    it("so does the loop of a shard, which is woken slot by slot", async () => {
      const { real, deps, slots, clock } = bench(skewMs);
      const loop = createShardLoop(deps);
      for (let wake = 0; wake < 6; wake += 1) {
        await real.run(clock.sync());
        await real.run(loop.round({ index: 0, count: 1 }));
        await real.advance(minuteMs + (wake + 1) * 10_000 + 5_000 - real.nowMs());
      }
      expect(slots.map(({ roundAtMs }) => roundAtMs)).toEqual(rest);
    });
  },
);
