import { describe, expect, it } from "vitest";
import type { JobRun } from "../../src/adapters/ports/coordination/job-runs.ts";
import type { Fence } from "../../src/adapters/ports/coordination/lease.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import { runLeased } from "../../src/cron/job.ts";
import { runTick } from "../../src/cron/rounds/tick.ts";
import type { TickDeps } from "../../src/cron/rounds/tick.ts";
import { whileHeld } from "../../src/pipeline/lease.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLeases } from "../support/memory-leases.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMemoryTickRuns } from "../support/memory-tick-runs.ts";
import { roundService } from "../support/round-fixtures.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const minuteMs = Date.parse("2026-11-18T11:20:00Z");

const bench = (options: { startMs?: number; intervalMs?: number } = {}) => {
  const { startMs = minuteMs, intervalMs = 10_000 } = options;
  const clock = createFakeClock(startMs);
  const { leases, log: leaseLog, state: leaseState } = createMemoryLeases(clock);
  const witnessed: number[] = [];
  const memory = createMemoryLog();
  const runs: JobRun[] = [];
  const slots: { roundAtMs: number; startedAtMs: number }[] = [];
  const script = createScriptedProber(clock);
  const hooks = { load: async (_fence: Fence): Promise<void> => undefined };
  const rounds: RoundStore = {
    load: async (fence) => {
      await hooks.load(fence);
      if (!(await leases.renew(fence))) return null;
      return { services: [roundService()], vantages: [], polls: [], expired: false, standings: [], freeze: null, domainsLeftOut: 0 };
    },
    saveAndEvaluate: async (_fence, samples) => {
      slots.push({ roundAtMs: (samples[0]?.roundAtMs ?? 0) - minuteMs, startedAtMs: (samples[0]?.probedAtMs ?? 0) - minuteMs });
      return { policies: [], leftOut: [] };
    },
    survey: async () => [roundService()],
    saveWitnessed: async (samples) => void witnessed.push((samples[0]?.roundAtMs ?? 0) - minuteMs),
    edgeSamples: async () => [],
    saveDecisions: async () => new Map(),
    saveOutcomes: async () => undefined,
  };
  const deps: TickDeps = {
    rounds,
    leases,
    clock,
    prober: script.prober,
    dns: createStrictDns(clock).dns,
    vantage: "local",
    slowPaths: new Set(),
    log: memory.log,
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs },
    driftCheckMs: 300_000,
    provider: "local",
    runId: "run-1",
    preferredProvider: "local",
    handBackAfterMs: 600_000,
    jobRuns: { record: async (run) => void runs.push(run) },
    tickRuns: createMemoryTickRuns(),
    overtimeMs: 0,
  };
  const tick = (over: Partial<TickDeps> = {}, scheduledAtMs = minuteMs) =>
    runTick({ ...deps, ...over }, { index: 0, count: 1 }, scheduledAtMs);
  return { clock, leases, leaseLog, leaseState, witnessed, runs, slots, script, hooks, deps, tick, ...memory };
};
const slotsOf = ({ slots }: { slots: readonly { roundAtMs: number }[] }) => slots.map(({ roundAtMs }) => roundAtMs);

describe("runTick", () => {
  it("does a round in each slot of its minute, and no more", async () => {
    const world = bench();
    await world.clock.run(world.tick());
    expect(world.slots).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000].map((roundAtMs) => ({ roundAtMs, startedAtMs: roundAtMs })));
    expect(world.clock.nowMs() - minuteMs, "it does not stay until the end of the minute").toBe(50_000);
    expect(world.runs).toMatchObject([
      { job: "tick:0", provider: "local", ok: true, overruns: 0, startedAtMs: minuteMs, endedAtMs: minuteMs + 50_000 },
    ]);
    expect(world.of("tick")).toMatchObject([{ fields: { result: "ok", rounds: 6, failures: 0, overruns: 0, unprobed: 0 } }]);
    expect(world.leaseLog.at(-1)).toBe("released shard:0");
  });

  it.each([
    [500, 120],
    [1_000, 60],
    [7_000, 9],
    [50_000, 2],
    [60_000, 1],
  ])("fits an interval of %d ms", async (intervalMs, expected) => {
    const world = bench({ intervalMs });
    await world.clock.run(world.tick());
    expect(world.slots).toHaveLength(expected);
    expect(new Set(slotsOf(world)).size).toBe(expected);
    for (const { roundAtMs, startedAtMs } of world.slots) {
      expect(startedAtMs).toBeGreaterThanOrEqual(roundAtMs);
      expect(startedAtMs).toBeLessThan(60_000);
    }
    expect(world.of("tick")).toMatchObject([{ fields: { rounds: expected } }]);
  });

  it.each([34_000, 59_999, 60_000, 184_000])(
    "does a minute's slots from when it starts, %d ms late, the first one at once",
    async (lateMs) => {
      const world = bench({ startMs: minuteMs + lateMs });
      await world.clock.run(world.tick());
      const first = Math.floor(lateMs / 10_000) * 10_000;
      expect(slotsOf(world)).toEqual([0, 1, 2, 3, 4, 5].map((slot) => first + slot * 10_000));
      expect(world.slots[0]?.startedAtMs).toBe(lateMs);
    },
  );

  it.each([0, 17_000, 50_000])("leaves no slot out where cron always comes %d ms late", async (lateMs) => {
    const world = bench();
    const minute = async (number: number) => {
      await world.clock.sleep(number * 60_000 + lateMs);
      await world.tick({ runId: `run-${number}` }, minuteMs + number * 60_000);
    };
    await world.clock.run(Promise.all([0, 1, 2, 3].map(minute)));
    const first = Math.floor(lateMs / 10_000) * 10_000;
    expect(slotsOf(world)).toEqual(Array.from({ length: 24 }, (_, slot) => first + slot * 10_000));
  });

  it("waits in its last slot for a round of the first one that overruns, and leaves none out", async () => {
    const world = bench();
    world.hooks.load = async ({ epoch }) => {
      if (epoch === 1 && world.clock.nowMs() === minuteMs + 50_000) await world.clock.sleep(14_000);
    };
    const later = async () => {
      await world.clock.sleep(11_000);
      await world.tick({ runId: "run-2" });
    };
    await world.clock.run(Promise.all([world.tick(), later()]));
    expect(slotsOf(world)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
  });

  it("delays the next round by one that overruns, and counts it", async () => {
    const world = bench();
    let slow = true;
    world.hooks.load = async () => {
      if (slow) await world.clock.sleep(13_000);
      slow = false;
    };
    await world.clock.run(world.tick());
    expect(slotsOf(world)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    expect(world.slots[1]).toEqual({ roundAtMs: 10_000, startedAtMs: 13_000 });
    expect(world.runs).toMatchObject([{ overruns: 1 }]);
  });

  it("never gives two rounds one slot, however long they take", async () => {
    const world = bench();
    const lasting = [25_000, 0, 10_000, 10_001, 0, 0];
    world.hooks.load = async () => await world.clock.sleep(lasting.shift() ?? 0);
    await world.clock.run(world.tick());
    expect(new Set(slotsOf(world)).size).toBe(world.slots.length);
    expect(slotsOf(world)).toEqual([0, 20_000, 30_000, 40_000, 50_000]);
    expect(world.runs[0]?.overruns).toBe(2);
  });

  it("logs a round that fails and goes on with the next", async () => {
    const world = bench();
    let count = 0;
    world.hooks.load = async () => {
      count += 1;
      if (count % 2 === 1) throw new Error(`no ${count}`);
    };
    await world.clock.run(world.tick());
    expect(slotsOf(world)).toEqual([10_000, 30_000, 50_000]);
    expect(world.of("round").map(({ level, thrown }) => [level, String(thrown)])).toEqual([
      ["error", "Error: no 1"],
      ["error", "Error: no 3"],
      ["error", "Error: no 5"],
    ]);
    expect(world.runs).toMatchObject([{ ok: false, failedRounds: { count: 0, anew: true } }]);
    expect(world.of("tick")).toMatchObject([{ fields: { result: "partly_failed", rounds: 3, failures: 3 } }]);
  });

  it("throws when every round failed, after it has recorded that and given the lease back", async () => {
    const world = bench();
    world.hooks.load = () => Promise.reject(new Error("broken here"));
    await expect(world.clock.run(world.tick())).rejects.toThrow("broken here");
    expect(world.runs, "what it witnessed does not make it good").toMatchObject([{ job: "tick:0", ok: false }]);
    expect(world.of("tick")).toMatchObject([{ fields: { result: "failed", failures: 5, witnessed: 1 } }]);
    expect(world.leaseLog.at(-1)).toBe("released shard:0");
  });

  it("gives up a lease under which three rounds in a row have failed, to whoever comes, and is a witness meanwhile", async () => {
    const world = bench();
    world.hooks.load = ({ epoch }) => (epoch === 1 ? Promise.reject(new Error("broken here")) : Promise.resolve());
    const other = async () => {
      await world.clock.sleep(25_000);
      return await world.leases.take("shard:0", "vercel", "vercel:run");
    };
    const [taking] = await world.clock.run(Promise.all([other(), world.tick().catch(() => undefined)]));
    expect(taking).toMatchObject({ held: { epoch: 2 }, from: "local" });
    expect(world.leaseLog).toContain("gave up shard:0");
    expect(world.of("lease_given_up")).toMatchObject([{ level: "warn", fields: { shard: 0, failures: 3, epoch: 1 } }]);
    expect(world.slots).toEqual([]);
    expect(world.witnessed).toEqual([30_000, 40_000, 50_000]);
  });

  it("takes its own lease again where nobody came for it", async () => {
    const world = bench();
    let broken = 3;
    world.hooks.load = async () => {
      broken -= 1;
      if (broken >= 0) throw new Error("broken for a while");
    };
    await world.clock.run(world.tick());
    expect(slotsOf(world)).toEqual([40_000, 50_000]);
    expect(world.witnessed).toEqual([30_000]);
    expect(world.runs).toMatchObject([{ job: "tick:0", ok: false, failedRounds: { count: 0, anew: true } }]);
  });

  it("does not wait for a witness' round that hangs when it takes over", async () => {
    const world = bench({ startMs: minuteMs + 2_000 });
    await world.leases.acquire("shard:0", "vercel", "vercel:dead");
    const { saveWitnessed } = world.deps.rounds;
    const rounds = {
      ...world.deps.rounds,
      saveWitnessed: async (...given: Parameters<typeof saveWitnessed>) => {
        await world.clock.sleep(29_000);
        await saveWitnessed(...given);
      },
    };
    await world.clock.run(world.tick({ rounds }));
    expect(world.slots[0]).toEqual({ roundAtMs: 40_000, startedAtMs: 47_000 });
    expect(world.witnessed, "each begun as soon as the one before is over").toEqual([0, 30_000]);
    expect(world.of("tick")).toMatchObject([{ fields: { rounds: 2, witnessed: 2 } }]);
  });

  it("when doubled waits, and does no more than the last slot again", async () => {
    const world = bench();
    await world.clock.run(Promise.all([world.tick(), world.tick({ runId: "run-2" })]));
    expect(slotsOf(world)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 50_000]);
    expect(world.runs.filter(({ ok }) => !ok)).toEqual([]);
  });

  it("when doubled takes over from one that died", async () => {
    const world = bench();
    await world.leases.acquire("shard:0", "local", "local:dead");
    await world.clock.run(world.tick());
    expect(slotsOf(world)).toEqual([40_000, 50_000]);
    expect(world.slots[0]?.startedAtMs).toBe(45_000);
  });

  it("tells that somebody else holds the lease all minute long", async () => {
    const world = bench();
    const keep = await world.leases.acquire("shard:0", "local", "local:other");
    const keeping = whileHeld(world.deps, keep ?? { name: "", epoch: 0 }, () => world.clock.sleep(120_000));
    await world.clock.run(world.tick());
    expect(world.slots).toEqual([]);
    expect(world.of("tick")).toMatchObject([{ fields: { result: "held_elsewhere" } }]);
    expect(world.clock.nowMs() - minuteMs).toBeLessThanOrEqual(60_000);
    await world.clock.run(keeping);
  });

  it("asks for the lease again when it is lost, and never does a slot twice", async () => {
    const world = bench();
    let count = 0;
    world.hooks.load = async (fence) => {
      count += 1;
      if (count === 3) await world.leases.release(fence);
    };
    await world.clock.run(world.tick());
    expect(slotsOf(world)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    expect(world.slots[2]?.startedAtMs).toBe(21_000);
  });

  it("is a witness while the other provider has the lease: it probes in each slot and decides nothing", async () => {
    const world = bench();
    const keep = await world.leases.acquire("shard:0", "vercel", "vercel:run");
    const keeping = whileHeld(world.deps, keep ?? { name: "", epoch: 0 }, () => world.clock.sleep(120_000));
    await world.clock.run(world.tick());
    expect(world.slots).toEqual([]);
    expect(world.witnessed).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    expect(world.of("tick")).toMatchObject([{ fields: { result: "ok", rounds: 0, witnessed: 6, epoch: null } }]);
    expect(world.runs).toMatchObject([{ job: "witness:0", ok: true }]);
    expect(world.runs[0]?.counts).toContainEqual({ name: "witness_rounds", label: "", value: 6 });
    await world.clock.run(keeping);
  });

  it("takes over the moment the other provider's lease lapses, at once and with an alert", async () => {
    const world = bench({ startMs: minuteMs + 2_000 });
    await world.leases.acquire("shard:0", "vercel", "vercel:dead");
    await world.clock.run(world.tick());
    expect(world.witnessed).toEqual([0, 10_000, 20_000, 30_000, 40_000]);
    expect(world.slots, "45 s after the lease was last renewed, in a slot that was witnessed").toEqual([
      { roundAtMs: 40_000, startedAtMs: 47_000 },
      { roundAtMs: 50_000, startedAtMs: 50_000 },
    ]);
    expect(world.of("takeover")).toMatchObject([{ level: "warn", fields: { shard: 0, from: "vercel", to: "local", epoch: 2 } }]);
  });

  it("hands the lease back when it is time to, goes on as a witness, and takes over again from one that does not come", async () => {
    const world = bench();
    world.hooks.load = async () => void (world.leaseState.handBack = world.clock.nowMs() >= minuteMs + 10_000);
    const over = { preferredProvider: "vercel" };
    await world.clock.run(world.tick(over));
    expect(world.witnessed).toEqual([20_000, 30_000, 40_000, 50_000]);
    expect(world.of("handed_back")).toMatchObject([{ level: "warn", fields: { from: "local", to: "vercel" } }, {}]);
    expect(
      world.slots.map(({ startedAtMs }) => startedAtMs),
      "the other one had its 45 s, and a little more",
    ).toEqual([0, 10_000, 56_000]);
  });

  it("makes up at once for a slot that it slept through as a witness, as a holder does", async () => {
    const world = bench();
    const fence = await world.leases.acquire("shard:0", "vercel", "vercel:run");
    const keeping = whileHeld(world.deps, fence ?? { name: "", epoch: 0 }, () => world.clock.sleep(120_000));
    let stalled = false;
    const take: typeof world.leases.take = async (...asked) => {
      if (!stalled && world.clock.nowMs() >= minuteMs + 20_000) {
        stalled = true;
        await world.clock.sleep(11_000);
      }
      return await world.leases.take(...asked);
    };
    await world.clock.run(world.tick({ leases: { ...world.leases, take } }));
    expect(world.witnessed).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    expect(world.of("tick")).toMatchObject([{ fields: { witnessed: 6, overruns: 1 } }]);
    await world.clock.run(keeping);
  });

  it("counts a witness' round that fails and goes on", async () => {
    const world = bench();
    await world.leases.acquire("shard:0", "vercel", "vercel:run");
    let broken = true;
    const rounds = {
      ...world.deps.rounds,
      saveWitnessed: async () => {
        broken = !broken;
        if (!broken) throw new Error("away");
      },
    };
    const told: { role: string; ok: boolean }[] = [];
    await world.clock.run(world.tick({ rounds, onRound: ({ role, ok }) => void told.push({ role, ok }) }));
    expect(told.slice(0, 2)).toEqual([
      { role: "witness", ok: false },
      { role: "witness", ok: true },
    ]);
    expect(world.of("round")).toMatchObject([{ fields: { role: "witness" } }, {}, {}]);
  });

  it("gives the lease back to a database that is away when it ends, and costs the next run no slot", async () => {
    const world = bench();
    const [awayFromMs, awayToMs] = [minuteMs + 50_000, minuteMs + 64_000];
    const isAway = () => world.clock.nowMs() >= awayFromMs && world.clock.nowMs() < awayToMs;
    const refuse = (): void => {
      if (isAway()) throw new Error("connection lost");
    };
    world.hooks.load = async () => refuse();
    const leases: TickDeps["leases"] = {
      ...world.leases,
      take: async (...asked) => (refuse(), await world.leases.take(...asked)),
      release: async (fence) => (refuse(), await world.leases.release(fence)),
    };
    const next = async () => {
      await world.clock.sleep(60_000);
      await world.tick({ leases, runId: "run-2" }, minuteMs + 60_000);
    };
    await world.clock.run(Promise.all([world.tick({ leases }), next()]));
    expect(slotsOf(world)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11].map((slot) => slot * 10_000));
  });

  it("does not lose the minute to a database that is away for a moment", async () => {
    const world = bench();
    let away = 3;
    const { take } = world.leases;
    const leases = {
      ...world.leases,
      take: async (...given: Parameters<typeof take>) => {
        away -= 1;
        if (away >= 0) throw new Error("connection lost");
        return await take(...given);
      },
    };
    await world.clock.run(world.tick({ leases }));
    expect(world.slots[0]).toEqual({ roundAtMs: 0, startedAtMs: 3_000 });
    expect(world.of("lease_unanswered"), "once for as long as it lasts").toMatchObject([{ level: "error", fields: { shard: 0 } }]);
    const gone = { ...world.leases, take: () => Promise.reject(new Error("connection lost")) };
    await expect(world.clock.run(world.tick({ leases: gone }, minuteMs + 60_000))).rejects.toThrow("connection lost");
  });

  it("keeps its lease through a round that lasts longer than that", async () => {
    const world = bench();
    let long = true;
    const { saveAndEvaluate } = world.deps.rounds;
    const rounds = {
      ...world.deps.rounds,
      saveAndEvaluate: async (...given: Parameters<typeof saveAndEvaluate>) => {
        if (long) await world.clock.sleep(50_000);
        long = false;
        return await saveAndEvaluate(...given);
      },
    };
    await world.clock.run(world.tick({ rounds }));
    expect(slotsOf(world)).toEqual([0, 50_000]);
    expect(world.leaseLog.filter((line) => line === "renewed shard:0").length).toBeGreaterThanOrEqual(4);
  });

  it("counts what there was no time to probe", async () => {
    const world = bench({ intervalMs: 1_000 });
    world.script.say("a.cdn.net", "hang");
    const load = world.deps.rounds.load;
    const many = {
      ...world.deps.rounds,
      load: async (...given: Parameters<typeof load>) => {
        const view = await load(...given);
        const [service] = view?.services ?? [];
        if (view === null || service === undefined) return null;
        const domains = Array.from({ length: 40 }, (_, domainId) => ({ ...service.domains[0]!, domainId, backupTarget: null }));
        return { ...view, services: [{ ...service, domains }] };
      },
    };
    await world.clock.run(world.tick({ rounds: many }));
    expect(Number(world.of("tick")[0]?.fields["unprobed"])).toBeGreaterThan(0);
  });
});

describe("runTick, where the next cron is late", () => {
  const overtimeMs = 60_000;
  /** The runs of these moments, each with its own id; what becomes of them in the order in which they end. */
  const runsAt = async (world: ReturnType<typeof bench>, startsMs: readonly number[]) => {
    const run = async (startMs: number) => {
      await world.clock.sleep(startMs);
      await world.tick({ overtimeMs, runId: `run-${startMs}` }, minuteMs + Math.floor(startMs / 60_000) * 60_000);
      return { startMs, endedAtMs: world.clock.nowMs() - minuteMs };
    };
    return await world.clock.run(Promise.all(startsMs.map(run)));
  };
  const upTo = (endMs: number) => Array.from({ length: endMs / 10_000 }, (_, slot) => slot * 10_000);

  it("goes on for another minute, half a slot late, and then ends", async () => {
    const world = bench();
    const [run] = await runsAt(world, [0]);
    expect(slotsOf(world)).toEqual(upTo(120_000));
    expect(world.slots.slice(5, 8).map(({ startedAtMs }) => startedAtMs)).toEqual([50_000, 65_000, 75_000]);
    expect(run?.endedAtMs).toBe(115_000);
    expect(world.of("tick")).toMatchObject([{ fields: { result: "ok", rounds: 12, overruns: 0 } }]);
  });

  it.each([0, 3_000, 14_000, 37_000, 58_000])(
    "leaves no slot out where every other cron comes %d ms later than the rest",
    async (lateMs) => {
      const world = bench();
      const runs = await runsAt(world, [0, 60_000 + lateMs, 120_000, 180_000 + lateMs, 240_000]);
      expect([...new Set(slotsOf(world))]).toEqual(upTo(360_000));
      expect(slotsOf(world).length - 36, "a slot is done again at most where one run follows on another").toBeLessThanOrEqual(4);
      const [first] = runs;
      expect(first?.endedAtMs, "half a slot after its successor at the latest").toBeLessThanOrEqual(
        65_000 + Math.ceil(lateMs / 10_000) * 10_000,
      );
      expect(world.runs.filter(({ ok }) => !ok)).toEqual([]);
    },
  );

  it("leaves no slot out where one cron does not come at all", async () => {
    const world = bench();
    await runsAt(world, [0, 120_000]);
    expect([...new Set(slotsOf(world))]).toEqual(upTo(240_000));
  });

  it("ends with its minute where its successor has begun, even though that one came early", async () => {
    const world = bench();
    const [first] = await runsAt(world, [0, 57_000]);
    expect(first?.endedAtMs).toBe(65_000);
    expect(slotsOf(world).slice(0, 8)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 50_000, 60_000]);
  });

  it("goes on as a witness, too, and takes over from the holder", async () => {
    const world = bench();
    const fence = await world.leases.acquire("shard:0", "vercel", "vercel:run");
    const holding = whileHeld(world.deps, fence ?? { name: "", epoch: 0 }, () => world.clock.sleep(70_000));
    await Promise.all([runsAt(world, [0]), holding]);
    expect(world.witnessed.slice(0, 8)).toEqual(upTo(80_000));
    expect(world.slots[0]?.startedAtMs).toBeGreaterThanOrEqual(100_000);
    expect(world.slots[0]?.startedAtMs).toBeLessThanOrEqual(120_000);
  });

  it("goes on where nobody can say whether another one has begun", async () => {
    const world = bench();
    const away = () => Promise.reject(new Error("database away"));
    await world.clock.run(world.tick({ overtimeMs: 20_000, tickRuns: { begin: away, isLatest: away } }));
    expect(slotsOf(world)).toEqual(upTo(80_000));
  });
});

describe("runLeased", () => {
  const job = () => {
    const world = bench();
    return { ...world, run: (work: (fence: Fence) => Promise<Record<string, number>>) => runLeased(world.deps, "bill", work) };
  };

  it("runs under the lease, reports and gives it back", async () => {
    const { run, of, runs, leaseLog, clock } = job();
    await clock.run(run(async ({ epoch }) => ({ epochSeen: epoch })));
    expect(of("job")).toMatchObject([{ level: "info", fields: { job: "bill", result: "ok", epoch: 1, epochSeen: 1 } }]);
    expect(runs).toMatchObject([{ job: "bill", ok: true }]);
    expect(leaseLog).toEqual(["acquired job:bill by local:run-1", "released job:bill"]);
  });

  it("is no failure where somebody else is at it", async () => {
    const { run, of, runs, leases, clock } = job();
    await leases.acquire("job:bill", "vercel", "vercel:other");
    let worked = false;
    await clock.run(
      run(async () => {
        worked = true;
        return {};
      }),
    );
    expect(worked).toBe(false);
    expect(of("job")).toMatchObject([{ fields: { result: "held_elsewhere" } }]);
    expect(runs).toEqual([]);
  });

  it("records a failure, throws it, and gives the lease back", async () => {
    const { run, of, runs, leaseLog, clock } = job();
    await expect(clock.run(run(() => Promise.reject(new Error("broken"))))).rejects.toThrow("broken");
    expect(of("job")).toMatchObject([{ level: "error", fields: { result: "failed" } }]);
    expect(runs).toMatchObject([{ ok: false }]);
    expect(leaseLog.at(-1)).toBe("released job:bill");
  });

  it("keeps the lease of work that outlasts it", async () => {
    const { run, leases, clock } = job();
    let stillHeld = false;
    await clock.run(
      run(async (fence) => {
        await clock.sleep(200_000);
        stillHeld = await leases.renew(fence);
        return {};
      }),
    );
    expect(stillHeld).toBe(true);
  });
});
