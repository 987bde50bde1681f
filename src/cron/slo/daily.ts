import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { ClosedService, DayBook, DayFigures, DayObjective, DayService } from "../../adapters/ports/slo/daily.ts";
import type { ObjectiveRecord } from "../../domain/slo/achievement.ts";
import { achieved } from "../../domain/slo/achievement.ts";
import { lengthOf } from "../../domain/slo/figures.ts";
import { dayUs, windowBefore } from "../../domain/slo/objective.ts";
import { nextStreak, verdictOf } from "../../domain/slo/snapshot.ts";
import { statusIn } from "../../domain/slo/status.ts";
import type { JobReport } from "../job.ts";

export type DailyDeps = { readonly dayBook: DayBook; readonly clock: Clock };

/** A day is closed so long after its end: until then a round may still date a change back into it, by an hour at most. */
const settledMs = 7_200_000;
const servicesPerPage = 200;
/** A run begins no page after so long, and the next continues. */
const runMs = 120_000;
/** After so many services that failed it is not the service. */
const mostFailures = 10;

const figuresOf = ({ terms, tallies, ofDay, streakBefore }: DayObjective, endUs: number): DayFigures => {
  const status = statusIn(terms, tallies, windowBefore(terms, endUs));
  const verdict = verdictOf(status, ofDay);
  return {
    state: status.state,
    allowedUs: status.allowed.us,
    window: tallies.window,
    ofDay,
    verdict,
    ...nextStreak(streakBefore, verdict),
  };
};

const recordOf = (
  { objectiveId, terms }: DayObjective,
  { allowedUs, window, verdict, streak }: NonNullable<DayObjective["closed"]>,
): ObjectiveRecord => ({
  objectiveId,
  terms,
  status: {
    allowed: lengthOf(allowedUs),
    consumed: lengthOf(window.consumedUs),
    remaining: lengthOf(allowedUs - window.consumedUs),
    down: lengthOf(window.downUs),
    measured: lengthOf(window.measuredUs),
  },
  verdict,
  streak,
});

/** The days of a service's objectives, and what it has achieved by the end of that day. */
const closed = ({ serviceId, objectives, ...facts }: DayService, endUs: number): ClosedService => {
  const days = objectives.flatMap((one) =>
    one.closed === null ? [{ objectiveId: one.objectiveId, version: one.version, ...figuresOf(one, endUs) }] : [],
  );
  const newly = new Map(days.map((one) => [one.objectiveId, one]));
  const records = objectives.flatMap((one) => {
    const figures = one.closed ?? newly.get(one.objectiveId);
    return figures === undefined ? [] : [recordOf(one, figures)];
  });
  return { serviceId, days, achievements: achieved({ ...facts, endUs, objectives: records }) };
};

/** How a run goes on: services of a page, and what they failed for that were left out. */
type Run = { readonly untilMs: number; size: number; snapshots: number; readonly failures: unknown[] };

/** Closes a page of a day. @returns the last service that it came to; null: there is none left, undefined: the lease is lost */
const closePage = async ({ dayBook, clock }: DailyDeps, fence: Fence, day: string, after: number, run: Run) => {
  const endUs = Date.parse(`${day}T00:00:00Z`) * 1_000 + dayUs;
  const page = await dayBook.services(day, after, run.size, clock.nowMs());
  if (page.length === 0) return null;
  const stored = await dayBook.close(
    fence,
    day,
    page.map((one) => closed(one, endUs)),
  );
  if (stored === null) return undefined;
  run.snapshots += stored;
  run.size = Math.min(servicesPerPage, run.size * 2);
  return page.at(-1)?.serviceId ?? null;
};

/** Closes a day for all. A page that fails is tried again in smaller ones; a service that fails by itself is left out. @returns whether it came to an end */
const closeDay = async (deps: DailyDeps, fence: Fence, day: string, run: Run): Promise<boolean> => {
  for (let after = 0; ;) {
    if (deps.clock.nowMs() >= run.untilMs) return false;
    try {
      const last = await closePage(deps, fence, day, after, run);
      if (last === undefined) return false;
      if (last === null) return true;
      after = last;
    } catch (error) {
      const failed = run.size === 1 ? await deps.dayBook.nextService(day, after) : null;
      if (failed !== null) {
        run.failures.push(error);
        if (run.failures.length >= mostFailures) return false;
        after = failed;
      }
      run.size = Math.ceil(run.size / 8);
    }
  }
};

/**
 * Closes every day that is over, the oldest first and each for all before the next: objectives at its end, their streaks, and what
 * their services have achieved. What a day is closed with does not depend on when that is done. A service that can not be closed
 * is nobody else's loss.
 * @throws what the first such service failed for, after all that could be done
 */
export const closeDays = async (deps: DailyDeps, fence: Fence): Promise<JobReport> => {
  const { dayBook, clock } = deps;
  const run: Run = { untilMs: clock.nowMs() + runMs, size: servicesPerPage, snapshots: 0, failures: [] };
  let days = 0;
  let isWhole = true;
  for (let lastDay: string | null = null; isWhole;) {
    const day: string | null = await dayBook.oldestDue(clock.nowMs() - settledMs, lastDay);
    if (day === null) break;
    isWhole = await closeDay(deps, fence, day, run);
    if (isWhole) days += 1;
    lastDay = day;
  }
  if (run.failures.length > 0) throw run.failures[0];
  return { days, snapshots: run.snapshots, unfinished: !isWhole };
};
