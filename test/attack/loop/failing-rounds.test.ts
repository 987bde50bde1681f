import { afterAll, beforeAll, expect, it } from "vitest";
import { createJobRunStore } from "../../../src/adapters/db/coordination/job-runs.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { createMetricsStore } from "../../../src/adapters/db/coordination/metrics.ts";
import { createReadiness } from "../../../src/adapters/db/coordination/readiness.ts";
import { createStatusStore } from "../../../src/adapters/db/coordination/status.ts";
import { newTally, reportTally, roundInSlot } from "../../../src/cron/rounds/shard-rounds.ts";
import type { ShardDeps, Tally } from "../../../src/cron/rounds/shard-rounds.ts";
import { metricFamilies } from "../../../src/routes/platform/metric-families.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** Hole 1: every round of every tenant failed for ever, /readyz said ok, and the job reported ok. */

let database: TestDatabase;
let world: World;
let deps: ShardDeps;
let roundAtMs = 0;
const shard = { index: 0, count: 1 };

beforeAll(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  await world.seed();
  const { log } = createMemoryLog();
  await database.sql("insert into providers (name, heartbeat_at) values ('local', now())");
  deps = {
    ...world.deps,
    leases: createLeaseStore(database.db),
    jobRuns: createJobRunStore(database.db),
    log,
    provider: "local",
    runId: "run",
    preferredProvider: "local",
    handBackAfterMs: 600_000,
  };
});
afterAll(() => database.close());

/** A run of so many rounds that fail, and then of so many that are completed. */
const run = async (failing: number, good: number): Promise<boolean> => {
  const tally: Tally = newTally(world.clock.nowMs());
  const broken = { ...deps, rounds: { ...world.rounds, load: () => Promise.reject(new Error("the answer is too large")) } };
  for (let at = 0; at < failing + good; at += 1) {
    roundAtMs = Math.max(roundAtMs + 10_000, world.clock.nowMs());
    await world.clock.run(roundInSlot(at < failing ? broken : deps, world.held.fence, shard, roundAtMs, tally));
  }
  return await reportTally(deps, shard, 1, tally);
};

const told = async () => {
  const status = createStatusStore(database.db);
  const readiness = createReadiness(database.db, { ...world.clock, sleep: () => new Promise(() => undefined) }, 3_600, status);
  const metrics = metricFamilies(await createMetricsStore(database.db).read(), [], { version: "0", provider: "local" });
  return {
    ready: await readiness.check(),
    status: (await status.read()).failingShards,
    failed: metrics
      .find(({ name }) => name === "tranche_rounds_failed_total")
      ?.samples.find(([labels]) => labels["role"] === "holder")?.[1],
    job: (await database.sql("select successes, failures from job_runs where job = 'tick:0'"))[0],
  };
};

it("is reported by status, metrics and readiness, as long as it lasts", async () => {
  expect(await run(0, 2)).toBe(true);
  expect(await told()).toEqual({ ready: [], status: [], failed: 0, job: { successes: "1", failures: "0" } });
  expect(await run(3, 2), "a run with a few").toBe(true);
  expect(await told()).toEqual({ ready: [], status: [], failed: 3, job: { successes: "1", failures: "1" } });
  expect(await run(4, 0)).toBe(false);
  expect((await told()).ready, "a few more, in a row by now").toEqual([]);
  expect(await run(4, 0)).toBe(false);
  const failing = [{ shard: 0, provider: "local", failedRounds: 8 }];
  expect(await told()).toEqual({ ready: failing, status: failing, failed: 11, job: { successes: "1", failures: "3" } });
  expect(await run(0, 1)).toBe(true);
  expect(await told()).toMatchObject({ ready: [], status: [], failed: 11 });
});

it("is not told of a shard that the other provider has taken over and that is well", async () => {
  await run(8, 0);
  expect((await told()).status).toHaveLength(1);
  await database.sql("update leases set provider = 'vercel'");
  expect((await told()).status).toEqual([]);
});
