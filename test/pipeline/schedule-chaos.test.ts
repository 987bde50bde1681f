import { afterAll, describe, expect, it } from "vitest";
import { createTickRunStore } from "../../src/adapters/db/coordination/tick-runs.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import { runTick } from "../../src/cron/rounds/tick.ts";
import type { TickDeps } from "../../src/cron/rounds/tick.ts";
import { seeded } from "../support/calm-trace.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createWorld, intervalMs, startMs } from "../support/round-world.ts";

const minutes = 10;
const minuteMs = 60_000;
const overtimeMs = 60_000;
const name = "app.example.test";

/** When the primary is dead, in seconds: a storm with a relapse, and a second one. */
const outages = [
  [120, 250],
  [300, 320],
  [450, 500],
] as const;

/** How the cron calls: the minute meant, and how late the call comes. `lapse`: the lease is lost in mid-minute. */
type Call = { readonly minute: number; readonly lateMs: number };
type Plan = { readonly calls: readonly Call[]; readonly lapses: readonly number[]; readonly slowAtMs: readonly number[] };

const perfect: Plan = { calls: Array.from({ length: minutes }, (_, minute) => ({ minute, lateMs: 0 })), lapses: [], slowAtMs: [] };

/** Late by up to most of a minute, doubled, tripled, missing, with a lease that lapses and rounds that run into the next minute. */
const chaotic = (seed: number): Plan => {
  const chance = seeded(seed);
  const skipped = 1 + Math.floor(chance() * (minutes - 2));
  const calls = perfect.calls.flatMap(({ minute }): Call[] => {
    if (minute === skipped) return [];
    const times = 1 + Math.floor(chance() * 3);
    // Nobody was there before the first call, and a run goes on for a minute at most after a missing one.
    const latestMs = minute === 0 || minute === skipped + 1 ? 9_000 : 55_000;
    return Array.from({ length: times }, () => ({ minute, lateMs: Math.floor(chance() * latestMs) }));
  });
  // The last round of an uneventful minute takes longer than a slot: the next minute's cron comes while it is under way.
  return { calls, lapses: [65_000, 125_000, 255_000, 365_000, 455_000, 515_000], slowAtMs: [50_000, 110_000, 230_000] };
};

const databases: TestDatabase[] = [];
afterAll(async () => {
  for (const database of databases.splice(0)) await database.close();
});

/** Plays a plan against a database of its own, every call beside the others. */
const play = async (plan: Plan) => {
  const database = await freshDatabase();
  databases.push(database);
  const world = await createWorld(database);
  const { clock, prober, sql } = world;
  world.dns.put(name);
  await world.seed();
  await sql("update leases set expires_at = now() - interval '1 hour', released_at = null");
  prober.say("a.cdn.net", () =>
    outages.some(([from, to]) => clock.nowMs() >= startMs + from * 1_000 && clock.nowMs() < startMs + to * 1_000) ? 503 : 200,
  );

  const slow = new Set(plan.slowAtMs);
  const rounds: RoundStore = {
    ...world.rounds,
    load: async (...given) => {
      const view = await world.rounds.load(...given);
      const atMs = Math.floor((clock.nowMs() - startMs) / intervalMs) * intervalMs;
      if (slow.delete(atMs)) await clock.sleep(12_000);
      return view;
    },
  };
  const memory = createMemoryLog();
  const invocation = async ({ minute, lateMs }: Call, index: number) => {
    const deps: TickDeps = {
      ...world.deps,
      rounds,
      leases: world.leases,
      log: memory.log,
      provider: "local",
      runId: `run-${index}`,
      preferredProvider: "local",
      handBackAfterMs: 600_000,
      jobRuns: { record: async () => undefined },
      tickRuns: createTickRunStore(world.db),
      overtimeMs,
    };
    await clock.sleep(minute * minuteMs + lateMs);
    await runTick(deps, { index: 0, count: 1 }, startMs + minute * minuteMs);
  };
  const lapse = async (atMs: number) => {
    await clock.sleep(atMs);
    await sql("update leases set expires_at = now() - interval '1 second'");
  };
  await clock.run(Promise.all([...plan.calls.map(invocation), ...plan.lapses.map(lapse)]));
  return {
    sql,
    memory,
    storms: await world.storms(),
    weights: world.dns.weights(name),
    history: await world.history(),
    slots: await sql<{ slot: number; path: string; firsts: number; attempts: number }>(
      `select extract(epoch from round_at)::float8 * 1000 - $1 as slot, path, count(*) filter (where attempt = 0)::int as firsts, count(*)::int as attempts
       from probe_samples group by 1, 2 order by 1, 2`,
      [startMs],
    ),
  };
};

let played: ReturnType<typeof play> | null = null;
/** The perfect schedule, played once. */
const reference = async () => await (played ??= play(perfect));

describe("cron calls that come doubled, late, overlapping, or not at all", () => {
  it.each([1, 2, 3, 10, 16])("leave the storms of a perfect schedule (seed %d)", async (seed) => {
    const plan = chaotic(seed);
    const expected = await reference();
    expect(expected.storms).toMatchObject([
      { state: "ended", ended_reason: "recovered", relapses: 1, started: 120_000 },
      { state: "ended", ended_reason: "recovered", relapses: 0, started: 450_000 },
    ]);
    const planned = (slots: typeof expected.slots) =>
      slots.filter(({ slot }) => slot < minutes * minuteMs).map(({ slot, path }) => `${path} at ${slot}`);
    expect(planned(expected.slots)).toHaveLength(minutes * 6 * 2);

    const found = await play(plan);
    const facts = (storms: typeof found.storms) =>
      storms.map(({ state, ended_reason, relapses, kind }) => ({ state, ended_reason, relapses, kind }));
    expect(facts(found.storms)).toEqual(facts(expected.storms));
    for (const [index, storm] of found.storms.entries()) {
      const wanted = expected.storms[index];
      expect(Math.abs(Number(storm.started) - Number(wanted?.started))).toBeLessThan(intervalMs);
      expect(Math.abs(Number(storm.ended) - Number(wanted?.ended))).toBeLessThan(intervalMs);
    }
    expect([found.weights, found.history]).toEqual([expected.weights, expected.history]);
    expect(found.memory.of("round"), "no round failed").toEqual([]);

    // One probe a slot and path and its confirmations, however many calls there were for it.
    for (const { slot, path, firsts, attempts } of found.slots) {
      expect(firsts, `${path} at ${slot}`).toBe(1);
      expect([1, 3]).toContain(attempts);
    }
    expect(planned(found.slots), "no slot went without its round").toEqual(planned(expected.slots));
    expect(plan.calls.length, "there were calls too many").toBeGreaterThan(minutes);
  });
});
