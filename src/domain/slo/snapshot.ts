import type { Status } from "./status.ts";
import { isInsufficient } from "./status.ts";
import type { Tally } from "./tally.ts";

/** What a day of an objective was worth. */
export type DayVerdict = "good" | "bad" | "insufficient";

/**
 * The verdict on a UTC day.
 * @param status at its end, of the window that ends with it
 * @param day what was measured of the day itself
 */
export const verdictOf = (
  { state, isBreaching, isOpen }: Pick<Status, "state" | "isBreaching" | "isOpen">,
  day: Pick<Tally, "measuredUs" | "elapsedUs">,
): DayVerdict => {
  if (state === "insufficient_data" || isInsufficient(day)) return "insufficient";
  return isBreaching || isOpen ? "bad" : "good";
};

/** Good days in a row, and how many a bad day ended. */
export type Streak = { readonly streak: number; readonly brokenStreak: number };

/** The streak after a day. @param before good days in a row until then */
export const nextStreak = (before: number, verdict: DayVerdict): Streak => {
  if (verdict === "insufficient") return { streak: before, brokenStreak: 0 };
  return verdict === "good" ? { streak: before + 1, brokenStreak: 0 } : { streak: 0, brokenStreak: before };
};

/** `day`: a UTC date, such as `2026-11-27`. */
export type JudgedDay = { readonly day: string; readonly verdict: DayVerdict };

/** Good days in a row, from the first to the last of them; insufficient ones between do not count. `startedOn` null: there is none. */
export type Run = { readonly days: number; readonly startedOn: string | null; readonly endedOn: string | null };

const noRun: Run = { days: 0, startedOn: null, endedOn: null };

/** The streak that goes on, and the longest that ever was; of equal ones the first. @param days ascending, without gaps */
export const streaksOf = (days: readonly JudgedDay[]): { readonly current: Run; readonly best: Run } => {
  let current = noRun;
  let best = noRun;
  for (const { day, verdict } of days) {
    if (verdict === "insufficient") continue;
    current = verdict === "bad" ? noRun : { days: current.days + 1, startedOn: current.startedOn ?? day, endedOn: day };
    if (current.days > best.days) best = current;
  }
  return { current, best };
};
