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
/** After so many pages that failed it is not the page. */
const mostFailures = 12;

/** How often every objective is evaluated: budgets also change without an outage, as when what is known becomes sufficient. */
const sweepMinutes = 10;
const minuteMs = 60_000;

/** A page in two; nothing of a page of one. */
const halves = (page: readonly number[]): readonly (readonly number[])[] =>
  page.length < 2 ? [] : [page.slice(0, Math.ceil(page.length / 2)), page.slice(Math.ceil(page.length / 2))];

/** Reads, judges and stores a page. @returns what came of it; null: the lease is lost */
const watchPage = async ({ budgetWatch, clock, probe }: WatchDeps, fence: Fence, page: readonly number[]) => {
  const nowMs = clock.nowMs();
  const watched = await budgetWatch.measure(page, nowMs);
  const changes = watched.flatMap(({ objectiveId, terms, tallies, open }) => {
    const decided = judgeAlerts(terms, tallies, open, nowMs, probe.intervalMs);
    return decided.fire.length + decided.resolve.length + decided.note.length === 0 ? [] : [{ objectiveId, open, ...decided }];
  });
  const saved = changes.length === 0 ? { fired: 0, resolved: 0 } : await budgetWatch.save(fence, changes, nowMs);
  return saved === null ? null : { objectives: watched.length, ...saved };
};

/**
 * Evaluates the alerts of objectives whose alerts may change, page by page. One that can not be evaluated, because its owner made it
 * too expensive or for another reason, is nobody else's loss: of a page that failed each half comes again, after the others.
 * @throws what the first page failed for, after all that could be done
 */
export const watchBudgets = async (deps: WatchDeps, fence: Fence, scope: "changing" | "all" = "changing"): Promise<JobReport> => {
  const { budgetWatch, clock } = deps;
  const startedAtMs = clock.nowMs();
  const report = { objectives: 0, fired: 0, resolved: 0 };
  const ids = await budgetWatch.candidates(scope, startedAtMs, startedAtMs, perRun);
  const pages: (readonly number[])[] = [];
  for (let from = 0; from < ids.length; from += perPage) pages.push(ids.slice(from, from + perPage));
  const failures: unknown[] = [];
  for (let page = pages.shift(); page !== undefined && clock.nowMs() - startedAtMs < runMs; page = pages.shift()) {
    try {
      const done = await watchPage(deps, fence, page);
      if (done === null) break;
      report.objectives += done.objectives;
      report.fired += done.fired;
      report.resolved += done.resolved;
      if (done.fired + done.resolved > 0) deps.tell?.();
    } catch (error) {
      failures.push(error);
      if (failures.length >= mostFailures) break;
      pages.push(...halves(page));
    }
  }
  if (failures.length > 0) throw failures[0];
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
