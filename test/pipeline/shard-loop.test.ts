import { describe, expect, it } from "vitest";
import type { Shard } from "../../src/adapters/ports/coordination/shards.ts";
import type { JobRun } from "../../src/adapters/ports/coordination/job-runs.ts";
import type { Fence, LeaseStore } from "../../src/adapters/ports/coordination/lease.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import type { DispatchDeps } from "../../src/cron/rounds/dispatch.ts";
import { dispatchShards } from "../../src/cron/rounds/dispatch.ts";
import { createShardLoop } from "../../src/cron/rounds/shard-loop.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLeases } from "../support/memory-leases.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMemoryTickRuns } from "../support/memory-tick-runs.ts";
import { roundService } from "../support/round-fixtures.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const minuteMs = Date.parse("2026-11-18T11:20:00Z");
const intervalMs = 10_000;

/** Shards in memory: what they loaded, for which number of shards, and in which slot of time. */
const bench = (count = 3) => {
  const clock = createFakeClock(minuteMs);
  const memory = createMemoryLeases(clock);
  const log = createMemoryLog();
  const state = { shards: count };
  const loads: { index: number; count: number; atMs: number }[] = [];
  const runs: JobRun[] = [];
  const witnessed: number[] = [];
  const hooks = { load: async (_fence: Fence): Promise<void> => undefined };
  const leases: LeaseStore = {
    ...memory.leases,
    take: async (name, provider, holder, shards) =>
      shards !== undefined && shards !== state.shards
        ? { held: null, by: null, freeInMs: 0 }
        : await memory.leases.take(name, provider, holder),
  };
  const rounds: RoundStore = {
    load: async (fence, shard) => {
      await hooks.load(fence);
      if (!(await leases.renew(fence))) return null;
      loads.push({ ...shard, atMs: clock.nowMs() - minuteMs });
      return { services: [], vantages: [], polls: [], expired: false, standings: [], freeze: null, domainsLeftOut: 0 };
    },
    saveAndEvaluate: async () => ({ policies: [], leftOut: [] }),
    survey: async () => [roundService()],
    saveWitnessed: async (samples) => void witnessed.push((samples[0]?.roundAtMs ?? 0) - minuteMs),
    edgeSamples: async () => [],
    saveDecisions: async () => new Map(),
    saveOutcomes: async () => undefined,
  };
  const deps: DispatchDeps = {
    rounds,
    leases,
    clock,
    prober: createScriptedProber(clock).prober,
    dns: createStrictDns(clock).dns,
    vantage: "local",
    slowPaths: new Set(),
    log: log.log,
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs },
    driftCheckMs: 300_000,
    provider: "local",
    runId: "object-1",
    preferredProvider: "local",
    handBackAfterMs: 600_000,
    tickRuns: createMemoryTickRuns(),
    overtimeMs: 0,
    jobRuns: { record: async (run) => void runs.push(run) },
    settings: { shards: async () => state.shards },
    dispatcher: null,
  };
  /** As the database does it: another number ends every lease. */
  const setShards = async (next: number): Promise<void> => {
    state.shards = next;
    await Promise.all(
      Array.from({ length: 9 }, (_, index) => leases.release({ name: `shard:${index}`, epoch: loads.length === 0 ? 0 : 1 })),
    );
  };
  return { clock, leases, leaseLog: memory.log, leaseState: memory.state, witnessed, loads, runs, hooks, deps, setShards, ...log };
};

describe("the loop of a shard", () => {
  const shard: Shard = { index: 1, count: 3 };

  it("does one round a slot, however often it is woken", async () => {
    const world = bench();
    const loop = createShardLoop(world.deps);
    for (let wake = 0; wake < 12; wake += 1) {
      const [first, second] = await world.clock.run(Promise.all([loop.round(shard), loop.round(shard)]));
      expect([first, second]).toEqual([true, true]);
      await world.clock.advance(5_000);
    }
    expect(world.loads.map(({ atMs }) => atMs)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
  });

  it("keeps its lease from round to round and re-acquires it when it is lost", async () => {
    const world = bench();
    const loop = createShardLoop(world.deps);
    await world.clock.run(loop.round(shard));
    await world.clock.advance(intervalMs);
    await world.clock.run(loop.round(shard));
    expect(world.leaseLog.filter((line) => line.startsWith("acquired"))).toEqual(["acquired shard:1 by local:object-1"]);
    await world.clock.advance(60_000);
    await world.clock.run(loop.round(shard));
    expect(world.loads).toHaveLength(3);
    expect(world.leaseLog.filter((line) => line.startsWith("acquired"))).toHaveLength(2);
  });

  it("gets its own lease back after a restart, at once", async () => {
    const world = bench();
    await world.clock.run(createShardLoop(world.deps).round(shard));
    await world.clock.advance(intervalMs);
    await world.clock.run(createShardLoop(world.deps).round(shard));
    expect(world.loads.map(({ atMs }) => atMs)).toEqual([0, 10_000]);
  });

  it("is the witness of the other provider, and takes over when that one is gone", async () => {
    const world = bench();
    await world.leases.acquire("shard:1", "vercel", "vercel:run", 3);
    const loop = createShardLoop(world.deps);
    expect(await world.clock.run(loop.round(shard))).toBe(true);
    expect(await world.clock.run(loop.round(shard)), "once a slot").toBe(true);
    expect([world.loads, world.witnessed]).toEqual([[], [0]]);
    await world.clock.advance(50_000);
    await world.clock.run(loop.round(shard));
    expect(world.loads).toMatchObject([{ index: 1, count: 3 }]);
    expect(world.of("takeover")).toMatchObject([{ fields: { shard: 1, from: "vercel", to: "local" } }]);
  });

  it("leaves a shard alone that another run of its own provider has", async () => {
    const world = bench();
    await world.leases.acquire("shard:1", "local", "local:tick", 3);
    expect(await world.clock.run(createShardLoop(world.deps).round(shard))).toBe(true);
    expect([world.loads, world.witnessed]).toEqual([[], []]);
  });

  it("does not wait for a witness' round that hangs when it takes over", async () => {
    const world = bench();
    await world.leases.acquire("shard:1", "vercel", "vercel:run", 3);
    await world.clock.advance(41_000);
    const rounds = { ...world.deps.rounds, saveWitnessed: () => world.clock.sleep(29_000) };
    await world.clock.run(createShardLoop({ ...world.deps, rounds }).round(shard));
    expect(world.loads).toMatchObject([{ atMs: 45_000 }]);
  });

  it("gives up a lease under which every round fails, and leaves it to the other provider for two slots", async () => {
    const world = bench();
    world.hooks.load = () => Promise.reject(new Error("broken here"));
    const loop = createShardLoop(world.deps);
    for (let slot = 0; slot < 6; slot += 1) {
      await world.clock.run(loop.round(shard));
      await world.clock.advance(intervalMs);
    }
    expect(world.leaseLog.filter((line) => !line.startsWith("renewed"))).toEqual([
      "acquired shard:1 by local:object-1",
      "gave up shard:1",
      "acquired shard:1 by local:object-1",
    ]);
    expect(world.witnessed).toEqual([30_000]);
    await loop.stop();
    expect(world.runs.every(({ job, ok }) => job === "tick:1" && !ok)).toBe(true);
  });

  it("hands its lease back when it is time to, and is the witness from the next slot on", async () => {
    const world = bench();
    const loop = createShardLoop({ ...world.deps, preferredProvider: "vercel" });
    world.leaseState.handBack = true;
    await world.clock.run(loop.round(shard));
    await world.clock.advance(intervalMs);
    await world.clock.run(loop.round(shard));
    expect([world.loads.length, world.witnessed]).toEqual([1, [10_000]]);
  });

  it("goes on by the new number when the number of shards changes, in the same slot", async () => {
    const world = bench();
    const loop = createShardLoop(world.deps);
    await world.clock.run(loop.round(shard));
    await world.setShards(5);
    await world.clock.advance(intervalMs);
    expect(await world.clock.run(loop.round(shard))).toBe(true);
    await world.clock.advance(intervalMs);
    expect(await world.clock.run(loop.round(shard)), "armed by a cron that has not noticed").toBe(true);
    expect(world.loads.map(({ count, atMs }) => [count, atMs])).toEqual([
      [3, 0],
      [5, 10_000],
      [5, 20_000],
    ]);
  });

  it.each([
    [1, 0],
    [1, 1],
    [2, 2],
  ])("ends when there are only %d shards left and it is shard %d", async (left, index) => {
    const world = bench();
    const loop = createShardLoop(world.deps);
    expect(await world.clock.run(loop.round({ index, count: 3 }))).toBe(true);
    await world.setShards(left);
    await world.clock.advance(intervalMs);
    expect(await world.clock.run(loop.round({ index, count: 3 }))).toBe(false);
    expect(world.loads).toHaveLength(1);
  });

  it("survives a round that fails and a database that is away, and counts both", async () => {
    const world = bench();
    const loop = createShardLoop(world.deps);
    world.hooks.load = () => Promise.reject(new Error("away"));
    expect(await world.clock.run(loop.round(shard))).toBe(true);
    world.hooks.load = async () => undefined;
    await world.clock.advance(intervalMs);
    const broken = createShardLoop({ ...world.deps, leases: { ...world.leases, take: () => Promise.reject(new Error("away too")) } });
    expect(await world.clock.run(broken.round(shard))).toBe(true);
    expect(await world.clock.run(loop.round(shard))).toBe(true);
    expect(world.loads).toHaveLength(1);
    expect(world.of("round").map(({ thrown }) => String(thrown))).toEqual(["Error: away", "Error: away too"]);
    await loop.stop();
    expect(world.runs, "a round that failed is not passed over").toMatchObject([{ job: "tick:1", ok: false }]);
    expect(world.of("tick")).toMatchObject([{ fields: { result: "partly_failed", rounds: 1, failures: 1 } }]);
  });

  it("counts a round that lasts into the next slot and reports once a minute", async () => {
    const world = bench();
    const loop = createShardLoop(world.deps);
    let slow = true;
    world.hooks.load = async () => {
      if (slow) await world.clock.sleep(13_000);
      slow = false;
    };
    for (let slot = 0; slot < 8; slot += 1) {
      await world.clock.run(loop.round(shard));
      await world.clock.advance(intervalMs - ((world.clock.nowMs() - minuteMs) % intervalMs));
    }
    expect(world.runs).toMatchObject([
      {
        overruns: 1,
        counts: [
          { name: "rounds", value: 6 },
          { name: "round_ms" },
          { name: "witness_rounds", value: 0 },
          { name: "unreadable_probes", value: 0 },
        ],
      },
    ]);
  });

  it("gives its lease back when it stops", async () => {
    const world = bench();
    const loop = createShardLoop(world.deps);
    await world.clock.run(loop.round(shard));
    await loop.stop();
    expect(world.leaseLog.at(-1)).toBe("released shard:1");
  });
});

describe("dispatchShards", () => {
  it("runs a single shard itself, whatever else there is", async () => {
    const world = bench(1);
    await world.clock.run(
      dispatchShards({ ...world.deps, dispatcher: { dispatch: () => Promise.reject(new Error("not asked")) } }, minuteMs),
    );
    expect(world.loads).toHaveLength(6);
    expect(world.loads[0]).toMatchObject({ index: 0, count: 1 });
  });

  it("hands each of more to the dispatcher and runs none", async () => {
    const world = bench(40);
    const asked: [Shard, number][] = [];
    let [under, peak] = [0, 0];
    const dispatch = async (one: Shard, atMs: number) => {
      under += 1;
      peak = Math.max(peak, under);
      await world.clock.sleep(100);
      under -= 1;
      asked.push([one, atMs]);
    };
    await world.clock.run(dispatchShards({ ...world.deps, dispatcher: { dispatch } }, minuteMs));
    expect(asked).toEqual(Array.from({ length: 40 }, (_, index) => [{ index, count: 40 }, minuteMs]));
    expect(peak, "the connections of an invocation").toBe(6);
    expect(world.loads).toEqual([]);
  });

  it("runs them side by side without a dispatcher, and says that this is not what it should be", async () => {
    const world = bench(3);
    await world.clock.run(dispatchShards(world.deps, minuteMs));
    expect(world.of("shards_side_by_side")).toMatchObject([{ level: "warn", fields: { shards: 3 } }]);
    expect(world.loads.filter(({ atMs }) => atMs === 0).map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(world.loads).toHaveLength(18);
  });

  it("runs here what the dispatcher does not reach: one that fails, one that hangs", async () => {
    const world = bench(4);
    const dispatch = ({ index }: Shard): Promise<void> =>
      index === 1 ? Promise.reject(new Error("no such object")) : index === 3 ? new Promise(() => undefined) : Promise.resolve();
    await world.clock.run(dispatchShards({ ...world.deps, dispatcher: { dispatch } }, minuteMs));
    expect([...new Set(world.loads.map(({ index }) => index))]).toEqual([1, 3]);
    expect(world.loads.filter(({ index }) => index === 3).length, "a minute from when it was given up").toBe(6);
    expect(world.of("dispatch_failed")).toMatchObject([{ level: "error", fields: { shards: "1,3" } }]);
  });

  it("does not wait for one after the other where nothing answers", async () => {
    const world = bench(50);
    const asked: number[] = [];
    const dispatch = ({ index }: Shard): Promise<void> => (asked.push(index), new Promise(() => undefined));
    await world.clock.run(dispatchShards({ ...world.deps, dispatcher: { dispatch } }, minuteMs));
    expect(Math.min(...world.loads.map(({ atMs }) => atMs)), "the first round of them here").toBeLessThanOrEqual(20_000);
    expect(new Set(world.loads.map(({ index }) => index)).size).toBe(50);
    expect(asked.length, "those for which there is no time are not asked").toBeLessThan(20);
  });

  it("does not lose the minute to a database that is away for 20 s when cron comes", async () => {
    const world = bench(1);
    const settings = {
      shards: async () => {
        if (world.clock.nowMs() < minuteMs + 20_000) throw new Error("connection lost");
        return 1;
      },
    };
    await world.clock.run(dispatchShards({ ...world.deps, settings }, minuteMs));
    expect(world.loads.map(({ atMs }) => atMs)).toEqual([20_000, 30_000, 40_000, 50_000, 60_000, 70_000]);
    expect(world.of("shards_unanswered"), "once for as long as it lasts").toHaveLength(1);
    const gone = { shards: () => Promise.reject(new Error("connection lost")) };
    await expect(world.clock.run(dispatchShards({ ...world.deps, settings: gone }, minuteMs + 120_000))).rejects.toThrow("connection lost");
  });

  it.each([
    [1, 2],
    [3, 1],
    [2, 3],
  ])("re-shards the services in the slot in which %d shards become %d", async (before, after) => {
    const world = bench(before);
    const change = async () => {
      await world.clock.sleep(24_000);
      await world.setShards(after);
    };
    await world.clock.run(Promise.all([dispatchShards({ ...world.deps, overtimeMs: 60_000 }, minuteMs), change()]));
    const slots = (count: number) =>
      world.loads
        .filter((one) => one.count === count)
        .map(({ index, atMs }) => `${index} in ${Math.floor(atMs / intervalMs)}`)
        .toSorted();
    const all = (count: number, from: number, to: number) =>
      Array.from({ length: count }, (_, index) => Array.from({ length: to - from }, (__, slot) => `${index} in ${from + slot}`))
        .flat()
        .toSorted();
    expect(slots(before)).toEqual(all(before, 0, 3));
    expect(slots(after), "its minute, and another one in which no cron comes").toEqual(all(after, 3, 12));
  });
});
