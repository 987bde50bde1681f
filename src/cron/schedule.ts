import type { BillingStore } from "../adapters/ports/billing.ts";
import type { Random } from "../adapters/ports/random.ts";
import type { SettingsStore } from "../adapters/ports/settings.ts";
import type { BillingTerms } from "../domain/pricing.ts";
import { runBilling } from "./bill.ts";
import type { IngestDeps } from "./ingest-usage.ts";
import { ingestUsage } from "./ingest-usage.ts";
import { runLeased } from "./job.ts";
import type { TickDeps } from "./tick.ts";
import { runTick } from "./tick.ts";

/** What the jobs need of the world; constructed by `deps.ts`. */
export type JobDeps = Omit<TickDeps & IngestDeps, "runId"> & {
    readonly random: Random;
    readonly settings: SettingsStore;
    readonly billingStore: BillingStore;
    readonly billing: BillingTerms & { readonly periodMs: number; readonly graceMs: number };
  };

/** One run of a job: with the provider, its id is the holder of the lease. */
type Run = JobDeps & { readonly runId: string };

export type JobName = keyof typeof jobs;

const jobs = {
  /** Rounds for one minute, every shard of this deployment side by side; one shard's failure does not stop another. */
  tick: async (deps: Run, scheduledAtMs: number): Promise<void> => {
    const count = await deps.settings.shards();
    const shards = Array.from({ length: count }, (_, index) => runTick(deps, { index, count }, scheduledAtMs));
    const failed = (await Promise.allSettled(shards)).find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  },
  "ingest-usage": (deps: Run) => runLeased(deps, "ingest-usage", (fence) => ingestUsage(deps, fence)),
  bill: (deps: Run) =>
    runLeased(deps, "bill", (fence) => {
      // A long run outlives its lease unless each chunk renews it.
      const store: BillingStore = {
        due: (page) => deps.billingStore.due(page),
        issue: async (chunk) => {
          await deps.leases.renew(fence);
          return await deps.billingStore.issue(chunk);
        },
      };
      const { periodMs, graceMs, ...terms } = deps.billing;
      return runBilling({ store, clock: deps.clock, log: deps.log, fence, terms, periodMs, graceMs });
    }),
} as const;

/** Which jobs a cron expression starts: the one place that says so, for every provider. Minute granularity, UTC. */
export const schedule: Readonly<Record<string, readonly JobName[]>> = {
  "* * * * *": ["tick"],
  "*/5 * * * *": ["ingest-usage"],
  "7 * * * *": ["bill"],
};

export const isJobName = (name: string): name is JobName => Object.hasOwn(jobs, name);

/** Runs one job now. Every job may run twice at once, late, or not at all (semantics §10). @throws what the job throws */
export const runJob = (deps: JobDeps, job: JobName, scheduledAtMs: number): Promise<void> => {
  const runId = Array.from(deps.random.bytes(8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return jobs[job]({ ...deps, runId }, scheduledAtMs);
};

/**
 * Runs what a cron expression stands for; an expression that is not in the schedule is logged and nothing else.
 * @throws the first failure, after every job of the expression has run
 */
export const runScheduled = async (deps: JobDeps, cron: string, scheduledAtMs: number): Promise<void> => {
  const due = schedule[cron];
  if (due === undefined) return deps.log.warn("cron_unknown", { cron });
  const results = await Promise.allSettled(due.map((job) => runJob(deps, job, scheduledAtMs)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
};
