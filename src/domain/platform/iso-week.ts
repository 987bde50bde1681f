import { daysBefore } from "./calendar.ts";

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;

/** The first Monday, 00:00 UTC, at or after the epoch. */
const firstMondayMs = 4 * dayMs;

const mondayOf = (atMs: number): number => firstMondayMs + Math.floor((atMs - firstMondayMs) / weekMs) * weekMs;

/** Monday of week 1, epoch ms: the week in which 4 January lies (ISO 8601-1 §3.1.1.23). */
const firstWeekMs = (isoYear: number): number => mondayOf((daysBefore(isoYear) + 3) * dayMs);

/** How many weeks an ISO year has: 52 or 53. */
export const weeksInYear = (isoYear: number): number => (firstWeekMs(isoYear + 1) - firstWeekMs(isoYear)) / weekMs;

/**
 * The ISO 8601 week in which a moment lies in UTC, such as `2026-W47`. Around New Year its year may differ from the calendar's.
 * @param atMs epoch milliseconds, years 1 to 9998
 */
export const isoWeek = (atMs: number): string => {
  const mondayMs = mondayOf(atMs);
  // The ISO year is that of the week's Thursday; 400 years have 146,097 days.
  const thursday = Math.floor(mondayMs / dayMs) + 3;
  const guess = 1970 + Math.floor(thursday / (146_097 / 400));
  const year = [guess + 1, guess, guess - 1].find((candidate) => firstWeekMs(candidate) <= mondayMs) ?? guess;
  const week = (mondayMs - firstWeekMs(year)) / weekMs + 1;
  return `${String(year).padStart(4, "0")}-W${String(week).padStart(2, "0")}`;
};

/** Whether a text names an existing week, in exactly this form: `2026-W53` exists, `2027-W53` does not. */
export const isIsoWeek = (text: string): boolean => {
  const [, year, week] = /^(\d{4})-W(\d{2})$/.exec(text) ?? [];
  if (year === undefined || week === undefined || Number(year) < 1) return false;
  return Number(week) >= 1 && Number(week) <= weeksInYear(Number(year));
};
