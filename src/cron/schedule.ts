import type { BillingStore } from "../adapters/ports/billing/billing.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import type { BillingCycle } from "../domain/billing/billing-cycle.ts";
import type { CustomerTerms } from "../domain/billing/pricing.ts";
import type { JobRhythm } from "../domain/coordination/job-standing.ts";
import { cronPeriodMs } from "../domain/coordination/job-standing.ts";
import { usageCronMs } from "../domain/metering/usage-window.ts";
import { createConnections } from "../pipeline/connection-slots.ts";
import type { AnchorDeps } from "./anchor-evidence.ts";
import { anchorEvidence } from "./anchor-evidence.ts";
import { runBilling } from "./billing/bill.ts";
import type { CorroborateDeps } from "./corroborate.ts";
import { corroborate } from "./corroborate.ts";
import type { TargetDeps } from "./check-targets.ts";
import { checkTargets } from "./check-targets.ts";
import type { OwnershipCheckDeps } from "./check-ownership.ts";
import { checkOwnership } from "./check-ownership.ts";
import type { PollCostsDeps } from "./cost/poll.ts";
import { pollCosts } from "./cost/poll.ts";
import type { DispatchDeps } from "./rounds/dispatch.ts";
import { dispatchShards, newRunId } from "./rounds/dispatch.ts";
import type { DueDeps } from "./due.ts";
import { isDue } from "./due.ts";
import type { IngestDeps } from "./ingest-usage.ts";
import { ingestUsage } from "./ingest-usage.ts";
import { runLeased } from "./job.ts";
import type { DeliverDeps } from "./notify/deliver.ts";
import { deliver } from "./notify/deliver.ts";
import type { StandingDeps } from "./keep-standing.ts";
import { keepStanding } from "./keep-standing.ts";
import type { ObserveDeps } from "./observe-answers.ts";
import { observeAnswers } from "./observe-answers.ts";
import type { PruneDeps } from "./prune.ts";
import { prune } from "./prune.ts";
import type { ReconcileDeps } from "./billing/reconcile.ts";
import { reconcile } from "./billing/reconcile.ts";
import type { RollupDeps } from "./rollup.ts";
import { rollUp } from "./rollup.ts";
import type { ReconstructDeps } from "./slo/reconstruct.ts";
import { reconstruct } from "./slo/reconstruct.ts";
import type { DailyDeps } from "./slo/daily.ts";
import { closeDays } from "./slo/daily.ts";
import type { DigestDeps } from "./slo/digest.ts";
import { sendDigests } from "./slo/digest.ts";
import type { HuntDeps } from "./cost/hunt.ts";
import { checkBackups, huntZombies } from "./cost/hunt.ts";
import type { ScoreDeps } from "./cost/score.ts";
import { scoreCosts } from "./cost/score.ts";
import type { WatchDeps } from "./slo/watch.ts";
import { watchOnSchedule } from "./slo/watch.ts";

/** Dependencies of the jobs; constructed by `deps.ts`. */
export type JobDeps = Omit<
  DispatchDeps &
    TargetDeps &
    DueDeps &
    IngestDeps &
    PollCostsDeps &
    ObserveDeps &
    StandingDeps &
    OwnershipCheckDeps &
    DeliverDeps &
    RollupDeps &
    PruneDeps &
    ReconcileDeps &
    ReconstructDeps &
    WatchDeps &
    DailyDeps &
    DigestDeps &
    AnchorDeps &
    ScoreDeps &
    HuntDeps,
  "runId"
> &
  Pick<CorroborateDeps, "corroboration" | "canaries" | "minWitnesses"> & {
    readonly random: Random;
    readonly usageWindows: { readonly tickMs: number };
    readonly billingStore: BillingStore;
    readonly billing: CustomerTerms & { readonly cycle: BillingCycle; readonly periodMs: number; readonly graceMs: number };
  };

/** One run of a job: with the provider, its id is the holder of the lease. */
type Run = JobDeps & { readonly runId: string };

export type JobName = keyof typeof jobs;

const jobs = {
  /** Rounds for one minute, of every shard. */
  tick: dispatchShards,
  deliver: (deps: Run) => runLeased(deps, "deliver", (fence) => deliver(deps, fence)),
  "standing-failover": (deps: Run) => runLeased(deps, "standing-failover", (fence) => keepStanding(deps, fence)),
  "observe-answers": (deps: Run) => runLeased(deps, "observe-answers", (fence) => observeAnswers(deps, fence)),
  corroborate: (deps: Run) =>
    runLeased(deps, "corroborate", (fence) =>
      corroborate({ ...deps, settledMs: deps.credit?.waitingMs ?? 0, probeTimeoutMs: deps.probe.timeoutMs }, fence),
    ),
  "check-targets": (deps: Run) => runLeased(deps, "check-targets", (fence) => checkTargets(deps, fence)),
  "check-ownership": (deps: Run) => runLeased(deps, "check-ownership", (fence) => checkOwnership(deps, fence)),
  "ingest-usage": async (deps: Run) => {
    if (!(await isDue(deps, "ingest-usage", deps.usageWindows.tickMs, usageCronMs)))
      return deps.log.info("job", { job: "ingest-usage", result: "not_due" });
    await runLeased(deps, "ingest-usage", (fence) => ingestUsage(deps, fence));
  },
  "poll-costs": (deps: Run) => runLeased(deps, "poll-costs", (fence) => pollCosts(deps, fence)),
  bill: (deps: Run) =>
    runLeased(deps, "bill", (fence) => {
      const { cycle, periodMs, graceMs, ...terms } = deps.billing;
      const { lookbackMs } = deps.usageWindows;
      return runBilling({ store: deps.billingStore, clock: deps.clock, log: deps.log, fence, terms, cycle, periodMs, graceMs, lookbackMs });
    }),
  reconcile: (deps: Run) => runLeased(deps, "reconcile", (fence) => reconcile(deps, fence)),
  "anchor-evidence": (deps: Run) => runLeased(deps, "anchor-evidence", (fence) => anchorEvidence(deps, fence)),
  rollup: (deps: Run) => runLeased(deps, "rollup", (fence) => rollUp(deps, fence)),
  "reconstruct-states": (deps: Run) => runLeased(deps, "reconstruct-states", (fence) => reconstruct(deps, fence)),
  "watch-budgets": (deps: Run) => runLeased(deps, "watch-budgets", (fence) => watchOnSchedule(deps, fence)),
  "score-costs": (deps: Run) => runLeased(deps, "score-costs", () => scoreCosts(deps)),
  "check-backups": (deps: Run) => runLeased(deps, "check-backups", (fence) => checkBackups(deps, fence)),
  "hunt-zombies": (deps: Run) => runLeased(deps, "hunt-zombies", (fence) => huntZombies(deps, fence)),
  "close-days": (deps: Run) => runLeased(deps, "close-days", (fence) => closeDays(deps, fence)),
  "weekly-digest": (deps: Run) => runLeased(deps, "weekly-digest", (fence) => sendDigests(deps, fence)),
  prune: (deps: Run) => runLeased(deps, "prune", (fence) => prune(deps, fence)),
} as const;

/** Which jobs a cron expression starts: the single definition, for every provider. Minute granularity, UTC. */
export const schedule: Readonly<Record<string, readonly JobName[]>> = {
  "* * * * *": ["tick", "deliver", "standing-failover", "observe-answers", "corroborate", "watch-budgets", "score-costs"],
  "*/5 * * * *": [
    "ingest-usage",
    "rollup",
    "check-targets",
    "check-ownership",
    "reconstruct-states",
    "close-days",
    "weekly-digest",
    "poll-costs",
    "hunt-zombies",
  ],
  "7 * * * *": ["bill", "check-backups"],
  "37 * * * *": ["prune"],
  "23 3 * * *": ["reconcile", "anchor-evidence"],
};

/**
 * The schedule by jobs, in its order.
 * @param usageEveryMs how often usage is fetched, which may be less often than its cron fires
 */
export const jobRhythms = (usageEveryMs: number): readonly JobRhythm[] =>
  Object.entries(schedule).flatMap(([cron, names]) =>
    names.map((job) => ({ job, cron, everyMs: Math.max(cronPeriodMs(cron), job === "ingest-usage" ? usageEveryMs : 0) })),
  );

export const isJobName = (name: string): name is JobName => Object.hasOwn(jobs, name);

/**
 * Runs one job now. Every job may run twice concurrently, late, or not at all (semantics §10).
 * @param deps with the invocation's connections, where its jobs share them (decision 42)
 * @throws what the job throws
 */
export const runJob = async (deps: JobDeps, job: JobName, scheduledAtMs: number): Promise<void> => {
  await deps.sharedClock?.sync();
  await jobs[job]({ ...deps, runId: newRunId(deps.random) }, scheduledAtMs);
};

/**
 * Runs the jobs of a cron expression; one that is not in the schedule is only logged.
 * @param isOwn which jobs are run here, where others run the rest
 * @throws the first failure, after every job of the expression has run
 */
export const runScheduled = async (
  deps: JobDeps,
  cron: string,
  scheduledAtMs: number,
  isOwn: (job: JobName) => boolean = () => true,
): Promise<void> => {
  const due = schedule[cron]?.filter(isOwn);
  if (due === undefined) return deps.log.warn("cron_unknown", { cron });
  const connections = createConnections(deps.clock);
  const results = await Promise.allSettled(due.map((job) => runJob({ ...deps, connections }, job, scheduledAtMs)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
};
