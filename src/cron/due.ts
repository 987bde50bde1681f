import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { JobHistory } from "../adapters/ports/coordination/job-runs.ts";

export type DueDeps = { readonly jobHistory: JobHistory; readonly clock: Clock };

/**
 * Whether a job that runs less often than its cron fires is due. Runs of both providers count, and only successful ones:
 * after a failure the next cron tries again. A cron's jitter is less than half of its interval.
 * @param everyMs how often it is to run, a multiple of `cronMs`
 * @param cronMs how often its cron fires; a job that runs as often is always due
 */
export const isDue = async ({ jobHistory, clock }: DueDeps, job: string, everyMs: number, cronMs: number): Promise<boolean> => {
  if (everyMs <= cronMs) return true;
  const lastMs = await jobHistory.lastGoodStartMs(job);
  return lastMs === null || clock.nowMs() - lastMs >= everyMs - cronMs / 2;
};
