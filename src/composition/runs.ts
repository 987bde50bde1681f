import type { RunDeps } from "../adapters/ports/deps.ts";
import { runShard } from "../cron/rounds/dispatch.ts";
import type { JobDeps } from "../cron/schedule.ts";
import { isJobName, jobRhythms, runJob } from "../cron/schedule.ts";

/** The work that a request may start in its own invocation. */
export const buildRuns = (deps: JobDeps & Pick<RunDeps, "tell" | "scoreSoon">): RunDeps => ({
  tell: deps.tell,
  scoreSoon: deps.scoreSoon,
  jobs: {
    rhythms: jobRhythms(deps.usageWindows.tickMs),
    run: (job, scheduledAtMs, onRound) => (isJobName(job) ? runJob({ ...deps, onRound }, job, scheduledAtMs) : null),
  },
  runShard: (shard, scheduledAtMs) => runShard(deps, shard, scheduledAtMs),
});
