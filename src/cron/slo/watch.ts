import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { BudgetWatch } from "../../adapters/ports/slo/watch.ts";
import { judgeAlerts } from "../../domain/slo/alerts.ts";
import type { JobReport } from "../job.ts";
import type { SoonDeps } from "../soon.ts";
import { createStarter } from "../soon.ts";

export type WatchDeps = {
  readonly budgetWatch: BudgetWatch;
  readonly clock: Clock;
  readonly probe: { readonly intervalMs: number };
  /** Starts to deliver messages about what was just stored, in the background. Never throws. */
  readonly tell?: () => void;
};

/** Objectives of a run, and how many of them are evaluated at once. */
const perRun = 20_000;
const perPage = 500;
/** A run begins no page after so long: what is left comes first at random in the next. */
const runMs = 30_000;

/** How often every objective is evaluated: budgets also change without an outage, as when what is known becomes sufficient. */
const sweepMinutes = 10;
const minuteMs = 60_000;

/** Evaluates the alerts of objectives whose alerts may change: each page is read, judged and stored. */
export const watchBudgets = async (deps: WatchDeps, fence: Fence, scope: "changing" | "all" = "changing"): Promise<JobReport> => {
  const { budgetWatch, clock, probe } = deps;
  const startedAtMs = clock.nowMs();
  const report = { objectives: 0, fired: 0, resolved: 0 };
  const ids = await budgetWatch.candidates(scope, startedAtMs, startedAtMs, perRun);
  for (let from = 0; from < ids.length && clock.nowMs() - startedAtMs < runMs; from += perPage) {
    const nowMs = clock.nowMs();
    const watched = await budgetWatch.measure(ids.slice(from, from + perPage), nowMs);
    report.objectives += watched.length;
    const changes = watched.flatMap(({ objectiveId, terms, tallies, open }) => {
      const decided = judgeAlerts(terms, tallies, open, nowMs, probe.intervalMs);
      return decided.fire.length + decided.resolve.length + decided.note.length === 0 ? [] : [{ objectiveId, open, ...decided }];
    });
    if (changes.length === 0) continue;
    const saved = await budgetWatch.save(fence, changes, nowMs);
    if (saved === null) break;
    report.fired += saved.fired;
    report.resolved += saved.resolved;
    if (saved.fired + saved.resolved > 0) deps.tell?.();
  }
  return report;
};

/** By the schedule: each minute what may change, every ten minutes everything. */
export const watchOnSchedule = (deps: WatchDeps, fence: Fence): Promise<JobReport> =>
  watchBudgets(deps, fence, Math.floor(deps.clock.nowMs() / minuteMs) % sweepMinutes === 0 ? "all" : "changing");

/** Begins to evaluate what a round has just stored. @param background keeps the invocation alive */
export const createWatcher = (
  deps: () => WatchDeps & SoonDeps,
  newRunId: () => string,
  background: (work: Promise<unknown>) => void,
): (() => void) =>
  createStarter({ lease: "job:watch-budgets", work: (own, fence) => watchBudgets(own, fence) }, deps, newRunId, background);
