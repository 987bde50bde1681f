import { beforeEach, describe, expect, it } from "vitest";
import { createDatabaseClock } from "../../src/adapters/platform/database-clock.ts";
import { createJobRunStore } from "../../src/adapters/db/coordination/job-runs.ts";
import { createRoundStore } from "../../src/adapters/db/round/rounds.ts";
import { createTickRunStore } from "../../src/adapters/db/coordination/tick-runs.ts";
import { runTick } from "../../src/cron/rounds/tick.ts";
import type { TickDeps } from "../../src/cron/rounds/tick.ts";
import { runRound } from "../../src/pipeline/round.ts";
import { runWitness } from "../../src/pipeline/witness.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { intervalMs, startMs } from "../support/round-world.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

beforeEach(async () => {
  await world.sql("delete from leases");
});

const shard = { index: 0, count: 1 };
const minuteMs = 60_000;

/** A provider whose own clock is off by so much. What the database is asked for its time is the world's, which is right. */
const provider = (name: string, skewMs: number, dead: () => boolean) => {
  const { clock: right, deps, db, leases } = world;
  const platform = { nowMs: () => right.nowMs() + skewMs, sleep: right.sleep };
  const script = createScriptedProber(right);
  script.say("a.cdn.net", () => (dead() ? 503 : 200));
  const memory = createMemoryLog();
  /** One run of its cron, in an isolate that knows nothing yet. */
  const run = async (number: number, dueMs: number): Promise<void> => {
    const clock = createDatabaseClock({ platform, timerMs: right.nowMs, ask: async () => right.nowMs(), log: memory.log });
    const time = { ...clock, heard: (_: number, asked: number, answered: number) => clock.heard(right.nowMs(), asked, answered) };
    const tick: TickDeps = {
      ...deps,
      rounds: createRoundStore(db, 45_000, time),
      prober: script.prober,
      clock,
      sharedClock: clock,
      vantage: name,
      slowPaths: new Set(),
      leases,
      jobRuns: createJobRunStore(db),
      tickRuns: createTickRunStore(db),
      log: memory.log,
      provider: name,
      runId: `${name}-${number}`,
      preferredProvider: "cloudflare",
      handBackAfterMs: 600_000,
      overtimeMs: minuteMs,
    };
    await clock.sync();
    await runTick(tick, shard, dueMs);
  };
  /** Its cron, once in each minute by its own clock. */
  const cron = async (minutes: number): Promise<void> => {
    const runs: Promise<void>[] = [];
    const firstMs = Math.ceil(platform.nowMs() / minuteMs) * minuteMs;
    for (let number = 0; number < minutes; number += 1) {
      const dueMs = firstMs + number * minuteMs;
      await platform.sleep(dueMs - platform.nowMs());
      runs.push(run(number, dueMs));
    }
    await Promise.all(runs);
  };
  return { cron, memory };
};

describe("two providers whose clocks are off, each by as much the other way or both alike", () => {
  it.each([
    [45_000, -45_000],
    [-45_000, 45_000],
    [30_000, -30_000],
    [-30_000, -30_000],
  ])("see a storm begin and end when it does (%d ms and %d ms)", async (ahead, other) => {
    const { clock, dns, seed, sql, storms } = world;
    dns.put("app.example.test");
    await seed({ cdns: ["cloudflare", "fastly"], policies: [{ window: 60, cooldown: 30 }] });
    const [deadMs, wellMs] = [startMs + 124_000, startMs + 185_000];
    const dead = () => clock.nowMs() >= deadMs && clock.nowMs() < wellMs;
    const [holder, witness] = [provider("cloudflare", ahead, dead), provider("vercel", other, dead)];
    await clock.run(Promise.all([holder.cron(6), witness.cron(6)]));

    const found = await storms();
    expect(found).toMatchObject([{ state: "ended", ended_reason: "recovered", relapses: 0 }]);
    const [storm] = await sql<{ started: Date; detected: Date; ended: Date; last: Date }>(
      "select started_at as started, detected_at as detected, ended_at as ended from storm_events",
    );
    const since = (at: Date | undefined, ms: number) => ((at?.getTime() ?? 0) - ms) / 1_000;
    expect(since(storm?.started, deadMs), "the first failed probe").toBeGreaterThanOrEqual(0);
    expect(since(storm?.started, deadMs), "where a run begins in the middle of a slot").toBeLessThanOrEqual((1.5 * intervalMs) / 1_000);
    expect(since(storm?.detected, storm?.started.getTime() ?? 0), "two rounds").toBeLessThanOrEqual((2 * intervalMs) / 1_000);
    expect(since(storm?.ended, wellMs), "a window without failures").toBeGreaterThanOrEqual(60 - 10);
    expect(since(storm?.ended, wellMs)).toBeLessThanOrEqual(60 + 2 * 10);
    expect(await world.history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 calm accepted"]);

    // The slots are the database's, the same for both, and none is without the samples of either.
    const slots = await sql<{ at: string; vantages: string }>(
      `select (extract(epoch from round_at) * 1000)::bigint as at, string_agg(distinct vantage, '+' order by vantage) as vantages
         from probe_samples group by round_at order by round_at`,
    );
    const inCommon = slots.filter(({ at }) => Number(at) >= startMs + 2 * minuteMs && Number(at) < startMs + 5 * minuteMs);
    expect(inCommon.map(({ at }) => (Number(at) - startMs) / intervalMs)).toEqual(Array.from({ length: 18 }, (_, slot) => 12 + slot));
    expect(new Set(inCommon.map(({ vantages }) => vantages))).toEqual(new Set(["cloudflare+vercel"]));
    expect(await sql("select from probe_samples where probed_at not between round_at and round_at + interval '10 seconds'")).toEqual([]);

    expect(await sql("select name, clock_skew_ms from providers order by name")).toEqual([
      { name: "cloudflare", clock_skew_ms: ahead },
      { name: "vercel", clock_skew_ms: other },
    ]);
    expect(holder.memory.of("clock_skew")[0]).toMatchObject({ level: "warn", fields: { seconds: ahead / 1_000 } });
  });
});

describe("a provider whose clock is ahead of the real database's", () => {
  /** Rounds in real time, which is the database's. */
  const ahead = async () => {
    await world.seed();
    const memory = createMemoryLog();
    const platform = { nowMs: () => Date.now() + 45_000, sleep: async () => undefined };
    const clock = createDatabaseClock({
      platform,
      timerMs: () => performance.now(),
      log: memory.log,
      ask: async () =>
        (await world.sql<{ now: number }>("select (extract(epoch from clock_timestamp()) * 1000)::float8 as now"))[0]?.now ?? Number.NaN,
    });
    const rounds = createRoundStore(world.db, 45_000, clock);
    return { memory, clock, deps: { ...world.deps, rounds, clock, sharedClock: clock } };
  };

  it("loses no sample, as the holder or as the witness", async () => {
    const { deps, clock } = await ahead();
    const fence = await world.acquire();
    await runRound(deps, fence, shard, Math.floor(clock.nowMs() / intervalMs) * intervalMs);
    await clock.sync();
    await runRound(deps, fence, shard, Math.floor(clock.nowMs() / intervalMs) * intervalMs + 1);
    await runWitness({ ...deps, vantage: "vercel" }, shard, Math.floor(clock.nowMs() / intervalMs) * intervalMs);
    expect(
      await world.sql(
        "select vantage, count(*)::int as count from probe_samples where probed_at <= clock_timestamp() group by 1 order by 1",
      ),
    ).toEqual([
      { vantage: "local", count: 4 },
      { vantage: "vercel", count: 2 },
    ]);
  });

  it("is told where samples are refused all the same", async () => {
    const { deps, memory } = await ahead();
    const wild = { ...deps, clock: { nowMs: () => Date.now() + 45_000, sleep: async () => undefined } };
    await runWitness(wild, shard, Date.now());
    expect(await world.sql("select from probe_samples")).toEqual([]);
    expect(memory.of("samples_refused")).toMatchObject([{ level: "warn", fields: { samples: 2 } }]);
    await runWitness({ ...wild, clock: { ...wild.clock, nowMs: Date.now } }, shard, Date.now() + 3_600_000);
    expect(await world.sql("select from probe_samples union all select from probe_marks"), "of a slot that is an hour away").toEqual([]);
    expect(memory.of("samples_refused")).toMatchObject([{ fields: { samples: 2 } }, { fields: { samples: 2 } }]);
  });
});
