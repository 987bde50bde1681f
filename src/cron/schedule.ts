import type { BillingStore } from "../adapters/ports/billing.ts";
import type { Random } from "../adapters/ports/random.ts";
import type { BillingCycle } from "../domain/billing-cycle.ts";
import type { CustomerTerms } from "../domain/pricing.ts";
import { createConnections } from "../pipeline/slots.ts";
import { runBilling } from "./bill.ts";
import type { TargetDeps } from "./check-targets.ts";
import { checkTargets } from "./check-targets.ts";
import type { DispatchDeps } from "./dispatch.ts";
import { dispatchShards, newRunId } from "./dispatch.ts";
import type { IngestDeps } from "./ingest-usage.ts";
import { ingestUsage } from "./ingest-usage.ts";
import { runLeased } from "./job.ts";
import type { StandingDeps } from "./keep-standing.ts";
import { keepStanding } from "./keep-standing.ts";
import type { ObserveDeps } from "./observe-answers.ts";
import { observeAnswers } from "./observe-answers.ts";
import type { PruneDeps } from "./prune.ts";
import { prune } from "./prune.ts";
import type { ReconcileDeps } from "./reconcile.ts";
import { reconcile } from "./reconcile.ts";
import type { RollupDeps } from "./rollup.ts";
import { rollUp } from "./rollup.ts";

/** What the jobs need of the world; constructed by `deps.ts`. */
export type JobDeps = Omit<DispatchDeps & TargetDeps & IngestDeps & ObserveDeps & StandingDeps & RollupDeps & PruneDeps & ReconcileDeps, "runId"> & {
    readonly random: Random;
    readonly billingStore: BillingStore;
    readonly billing: CustomerTerms & { readonly cycle: BillingCycle; readonly periodMs: number; readonly graceMs: number };
  };

/** One run of a job: with the provider, its id is the holder of the lease. */
type Run = JobDeps & { readonly runId: string };

export type JobName = keyof typeof jobs;

const jobs = {
  /** Rounds for one minute, of every shard. */
  tick: dispatchShards,
  "standing-failover": (deps: Run) => runLeased(deps, "standing-failover", (fence) => keepStanding(deps, fence)),
  "observe-answers": (deps: Run) => runLeased(deps, "observe-answers", (fence) => observeAnswers(deps, fence)),
  "check-targets": (deps: Run) => runLeased(deps, "check-targets", (fence) => checkTargets(deps, fence)),
  "ingest-usage": (deps: Run) => runLeased(deps, "ingest-usage", (fence) => ingestUsage(deps, fence)),
  bill: (deps: Run) =>
    runLeased(deps, "bill", (fence) => {
      const { cycle, periodMs, graceMs, ...terms } = deps.billing;
      const { lookbackMs } = deps.usageWindows;
      return runBilling({ store: deps.billingStore, clock: deps.clock, log: deps.log, fence, terms, cycle, periodMs, graceMs, lookbackMs });
    }),
  reconcile: (deps: Run) => runLeased(deps, "reconcile", (fence) => reconcile(deps, fence)),
  rollup: (deps: Run) => runLeased(deps, "rollup", (fence) => rollUp(deps, fence)),
  prune: (deps: Run) => runLeased(deps, "prune", (fence) => prune(deps, fence)),
} as const;

/** Which jobs a cron expression starts: the one place that says so, for every provider. Minute granularity, UTC. */
export const schedule: Readonly<Record<string, readonly JobName[]>> = {
  "* * * * *": ["tick", "standing-failover", "observe-answers"],
  "*/5 * * * *": ["ingest-usage", "rollup", "check-targets"],
  "7 * * * *": ["bill"],
  "37 * * * *": ["prune"],
  "23 3 * * *": ["reconcile"],
};

export const isJobName = (name: string): name is JobName => Object.hasOwn(jobs, name);

/**
 * Runs one job now. Every job may run twice at once, late, or not at all (semantics §10).
 * @param deps with the connections of the invocation, where other jobs of it share them (decision 42)
 * @throws what the job throws
 */
export const runJob = async (deps: JobDeps, job: JobName, scheduledAtMs: number): Promise<void> => {
  await deps.sharedClock?.sync();
  await jobs[job]({ ...deps, runId: newRunId(deps.random) }, scheduledAtMs);
};

/**
 * Runs what a cron expression stands for; an expression that is not in the schedule is logged and nothing else.
 * @throws the first failure, after every job of the expression has run
 */
export const runScheduled = async (deps: JobDeps, cron: string, scheduledAtMs: number): Promise<void> => {
  const due = schedule[cron];
  if (due === undefined) return deps.log.warn("cron_unknown", { cron });
  const connections = createConnections(deps.clock);
  const results = await Promise.allSettled(due.map((job) => runJob({ ...deps, connections }, job, scheduledAtMs)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
};
