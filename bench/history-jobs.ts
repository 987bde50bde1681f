import { runLeased } from "../src/cron/job.ts";
import { reconcile } from "../src/cron/billing/reconcile.ts";
import { runJob } from "../src/cron/schedule.ts";
import type { JobName } from "../src/cron/schedule.ts";
import { runRound } from "../src/pipeline/round.ts";
import { runWitness } from "../src/pipeline/witness.ts";
import type { HistoryProxy } from "./history-proxy.ts";
import type { HistoryWorld } from "./history-world.ts";

const intervalMs = 10_000;
const shard = { index: 0, count: 1 };
/** Both sweeps of the nightly check continue from night to night: this much of one is enough to see what its statements do. */
const reconcileBudgetMs = 5_000;

const slotOf = (nowMs: number): number => nowMs - (nowMs % intervalMs);

/** Rounds of holder and witness: in calm, while every fifth service is in a storm, and when that is over. */
const driveRounds = async (world: HistoryWorld, proxy: HistoryProxy): Promise<void> => {
  const { deps, storm } = world;
  const acquired = await proxy.as("lease", () => deps.leases.acquire("shard:0", "local", "local:bench", shard.count));
  if (acquired === null) throw new Error("the lease is taken");
  const round = async (weather: string): Promise<void> => {
    world.pass(intervalMs);
    const roundAtMs = slotOf(deps.clock.nowMs());
    await proxy.as(`witness, ${weather}`, () => runWitness({ ...deps, vantage: "other" }, shard, roundAtMs));
    const { held, samples } = await proxy.as(`round, ${weather}`, () => runRound(deps, acquired, shard, roundAtMs));
    if (!held || samples === 0) throw new Error("a round did not do its work");
  };
  for (let calm = 0; calm < 2; calm += 1) await round("calm");
  storm.over = (serviceId) => serviceId % 5 === 0;
  for (let stormy = 0; stormy < 2; stormy += 1) await round("storm");
  storm.over = () => false;
  for (let after = 0; after < 2; after += 1) await round("recovery");
  await proxy.as("lease", () => deps.leases.release(acquired));
  // To the other provider: a takeover, which is recorded.
  await proxy.as("lease", async () => {
    await world.client.query("update leases set released_at = null, expires_at = now() - interval '1 minute'");
    await deps.leases.acquire("shard:0", "vercel", "vercel:bench", shard.count);
    await world.client.query("update leases set expires_at = now() - interval '1 minute'");
  });
};

const jobs: readonly JobName[] = ["observe-answers", "standing-failover", "ingest-usage", "bill", "rollup", "prune"];

/** Every job of the schedule but the minute of rounds, which `driveRounds` stands for. */
export const driveJobs = async (world: HistoryWorld, proxy: HistoryProxy): Promise<void> => {
  const { deps } = world;
  await driveRounds(world, proxy);
  // Switches have been made for a while: their answers may be looked at.
  world.pass(3 * 60_000);
  for (const job of jobs) {
    // It has logged it.
    await proxy.as(`job ${job}`, () => runJob(deps, job, deps.clock.nowMs())).catch(() => undefined);
  }
  const context = { ...deps, runId: "bench" };
  await proxy.as("job reconcile", () => runLeased(context, "reconcile", (fence) => reconcile(deps, fence, reconcileBudgetMs)));
};
