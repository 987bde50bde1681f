/** How often a job is to run, and by which cron expression. */
export type JobRhythm = { readonly job: string; readonly cron: string; readonly everyMs: number };

/** What is recorded of a job's runs, of whichever provider; epoch milliseconds. Null: never. */
export type JobRuns = {
  readonly job: string;
  /** Of the latest run. */
  readonly provider: string;
  readonly lastStartedAtMs: number;
  readonly lastSucceededAtMs: number | null;
  readonly lastFailedAtMs: number | null;
};

/** A job as it stands. `runs` null: it has never run. */
export type JobStanding = {
  readonly rhythm: JobRhythm;
  readonly runs: JobRuns | null;
  /** Of the latest run that is over; null: there is none. */
  readonly lastResult: "ok" | "failed" | null;
  readonly overdue: boolean;
};

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];

/** A cron that is late, and a run that takes its time. */
const toleranceMs = minuteMs;

/**
 * The time between two firings of a cron expression of the schedule: every minute, every so many, hourly or daily.
 * @throws Error for any other form
 */
export const cronPeriodMs = (cron: string): number => {
  if (cron === "* * * * *") return minuteMs;
  const [, minutes] = /^\*\/(\d+) \* \* \* \*$/.exec(cron) ?? [];
  if (minutes !== undefined) return Number(minutes) * minuteMs;
  if (/^\d+ \* \* \* \*$/.test(cron)) return hourMs;
  if (/^\d+ \d+ \* \* \*$/.test(cron)) return dayMs;
  throw new Error(`the period of the cron "${cron}" is not known`);
};

const resultOf = ({ lastSucceededAtMs: good, lastFailedAtMs: bad }: JobRuns): JobStanding["lastResult"] => {
  if (good === null && bad === null) return null;
  return (bad ?? 0) > (good ?? 0) ? "failed" : "ok";
};

/**
 * Whether a job has missed two of its runs. After a time without any provider it is given one of its periods to come, and one
 * that has never succeeded two of them.
 * @param aliveSinceMs since when some provider's rounds have come without a gap; null: none do now
 */
const isOverdue = (everyMs: number, lastGoodMs: number | null, aliveSinceMs: number | null, nowMs: number): boolean => {
  const patienceMs = 2 * everyMs + toleranceMs;
  if (lastGoodMs === null) return aliveSinceMs !== null && nowMs - aliveSinceMs > patienceMs;
  const hadTime = aliveSinceMs === null || nowMs - aliveSinceMs > everyMs + toleranceMs;
  return hadTime && nowMs - lastGoodMs > patienceMs;
};

/** Every job of the schedule as it stands, in the order of the schedule. */
export const jobStandings = (
  rhythms: readonly JobRhythm[],
  recorded: readonly JobRuns[],
  { aliveSinceMs, nowMs }: { readonly aliveSinceMs: number | null; readonly nowMs: number },
): readonly JobStanding[] =>
  rhythms.map((rhythm) => {
    const runs = recorded.find(({ job }) => job === rhythm.job) ?? null;
    return {
      rhythm,
      runs,
      lastResult: runs === null ? null : resultOf(runs),
      overdue: isOverdue(rhythm.everyMs, runs?.lastSucceededAtMs ?? null, aliveSinceMs, nowMs),
    };
  });
