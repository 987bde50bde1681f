const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How often each job of the schedule runs, on one provider or the other; a test compares it with the schedule. Usage is read as often as it is set to. */
export const jobIntervalMs: Readonly<Record<string, number>> = {
  tick: minuteMs,
  deliver: minuteMs,
  "standing-failover": minuteMs,
  "observe-answers": minuteMs,
  corroborate: minuteMs,
  "watch-budgets": minuteMs,
  "ingest-usage": hourMs,
  rollup: 5 * minuteMs,
  "check-targets": 5 * minuteMs,
  "check-ownership": 5 * minuteMs,
  "reconstruct-states": 5 * minuteMs,
  "close-days": 5 * minuteMs,
  "weekly-digest": 5 * minuteMs,
  bill: hourMs,
  prune: hourMs,
  reconcile: 24 * hourMs,
  "anchor-evidence": 24 * hourMs,
};

/**
 * Whether a job is late: two more of its intervals, or an hour more, have passed since it was due. What is in no schedule is never late.
 * @param job its name; that of rounds has the shard behind a colon
 * @param lastGoodMs its latest success, on whichever provider; null: none
 */
export const isOverdue = (job: string, lastGoodMs: number | null, nowMs: number): boolean => {
  const intervalMs = jobIntervalMs[job.split(":")[0] ?? ""];
  if (intervalMs === undefined) return false;
  return lastGoodMs === null || nowMs - lastGoodMs > intervalMs + Math.min(2 * intervalMs, hourMs);
};
