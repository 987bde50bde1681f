import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { JobRunStore } from "../adapters/ports/coordination/job-runs.ts";
import type { Fence, LeaseStore } from "../adapters/ports/coordination/lease.ts";
import type { Log, LogFields } from "../adapters/ports/platform/log.ts";
import { giveBack, whileHeld } from "../pipeline/lease.ts";

export type JobContext = {
  readonly leases: LeaseStore;
  readonly jobRuns: JobRunStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly provider: string;
  /** Id of this run; with the provider it is the lease's holder. */
  readonly runId: string;
};

/** A job's counts for its log line. */
export type JobReport = LogFields;

/**
 * Runs a job once under its lease: logs one line, remembers success or failure for readiness and metrics, and releases the
 * lease in any case. A run that finds the lease taken is no failure: another one is doing the work.
 * @throws what the job throws, after it has been recorded
 */
export const runLeased = async (context: JobContext, job: string, work: (fence: Fence) => Promise<JobReport>): Promise<void> => {
  const { leases, jobRuns, clock, log, provider, runId } = context;
  const startedAtMs = clock.nowMs();
  const fence = await leases.acquire(`job:${job}`, provider, `${provider}:${runId}`);
  if (fence === null) return log.info("job", { job, result: "held_elsewhere" });
  try {
    const report = await whileHeld(context, fence, () => work(fence));
    const durationMs = clock.nowMs() - startedAtMs;
    log.info("job", { job, result: "ok", epoch: fence.epoch, durationMs, ...report });
    await jobRuns.record({ job, provider, startedAtMs, endedAtMs: clock.nowMs(), ok: true, overruns: 0 });
  } catch (error) {
    log.error("job", error, { job, result: "failed", epoch: fence.epoch });
    await jobRuns.record({ job, provider, startedAtMs, endedAtMs: clock.nowMs(), ok: false, overruns: 0 }).catch(() => undefined);
    throw error;
  } finally {
    await giveBack(context, fence);
  }
};
