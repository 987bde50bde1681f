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

/**
 * Closes every day that is over, the oldest first and each for all before the next: objectives at its end, their streaks, and what
 * their services have achieved. What a day is closed with does not depend on when that is done.
 */
export const closeDays = async ({ dayBook, clock }: DailyDeps, fence: Fence): Promise<JobReport> => {
  const untilMs = clock.nowMs() + runMs;
  const report = { days: 0, snapshots: 0 };
  let lastDay: string | null = null;
  for (;;) {
    const day = await dayBook.oldestDue(clock.nowMs() - settledMs);
    // The same day again: somebody else has the lease, or the time was up.
    if (day === null || day === lastDay) return { ...report, unfinished: day !== null };
    const endUs = Date.parse(`${day}T00:00:00Z`) * 1_000 + dayUs;
    for (let after = 0; ;) {
      if (clock.nowMs() >= untilMs) return { ...report, unfinished: true };
      const page = await dayBook.services(day, after, servicesPerPage);
      if (page.length === 0) break;
      const stored = await dayBook.close(
        fence,
        day,
        page.map((one) => closed(one, endUs)),
      );
      if (stored === null) return { ...report, unfinished: true };
      report.snapshots += stored;
      after = page.at(-1)?.serviceId ?? after;
    }
    report.days += 1;
    lastDay = day;
  }
};
