import { daysBefore } from "../platform/calendar.ts";

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/;
const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** An RFC 3339 time in UTC as epoch milliseconds; null: it is none, or a day that does not exist. */
export const parseUtc = (text: string): number | null => {
  const parts = form.exec(text);
  if (parts === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  const isLeap = daysBefore(year + 1) - daysBefore(year) === 366;
  const lengthOf = (nth: number): number => (lengths[nth - 1] ?? 0) + (nth === 2 && isLeap ? 1 : 0);
  if (day < 1 || day > lengthOf(month) || hour > 23 || minute > 59 || second > 59) return null;
  const inYear = Array.from({ length: month - 1 }, (_, before) => lengthOf(before + 1)).reduce((sum, days) => sum + days, 0);
  const ms = Number((parts[7] ?? "").padEnd(3, "0").slice(0, 3));
  return ((((daysBefore(year) + inYear + day - 1) * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + ms;
};
