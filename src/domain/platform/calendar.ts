const dayMs = 86_400_000;

/** Days since 1970-01-01 of 1 January of a year in the Gregorian calendar. */
export const daysBefore = (year: number): number => {
  const past = year - 1;
  return past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 719_162;
};

/** Days of a common year before each of its months. */
const daysBeforeMonth = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Days since 1970-01-01 of the first of a month, which are counted from the January of year 0. */
const firstOf = (month: number): number => {
  const year = Math.floor(month / 12);
  const inYear = month - year * 12;
  const leapDay = inYear > 1 ? daysBefore(year + 1) - daysBefore(year) - 365 : 0;
  return daysBefore(year) + (daysBeforeMonth[inYear] ?? 0) + leapDay;
};

/** The start of the UTC day so many days after the one that holds this moment; epoch milliseconds. */
export const startOfDay = (atMs: number, ahead = 0): number => (Math.floor(atMs / dayMs) + ahead) * dayMs;

/** The month of a day that is counted from 1970-01-01, counted as `firstOf` does. */
const monthOf = (day: number): number => {
  // 400 years have 146,097 days and 4,800 months: off by one at most.
  const guess = 1970 * 12 + Math.floor(day / (146_097 / 4_800));
  return [guess + 1, guess, guess - 1].find((candidate) => firstOf(candidate) <= day) ?? guess;
};

/** The same of months. */
export const startOfMonth = (atMs: number, ahead = 0): number => firstOf(monthOf(Math.floor(atMs / dayMs)) + ahead) * dayMs;

const digits = (number: number, length: number): string => String(number).padStart(length, "0");

/** The parts of a moment in UTC, as texts of fixed length. */
const partsOf = (atMs: number) => {
  const day = Math.floor(atMs / dayMs);
  const month = monthOf(day);
  const inDay = Math.floor(atMs) - day * dayMs;
  const seconds = Math.floor(inDay / 1_000);
  return {
    date: `${digits(Math.floor(month / 12), 4)}-${digits((month % 12) + 1, 2)}-${digits(day - firstOf(month) + 1, 2)}`,
    time: `${digits(Math.floor(seconds / 3_600), 2)}:${digits(Math.floor(seconds / 60) % 60, 2)}:${digits(seconds % 60, 2)}`,
    ms: digits(inDay % 1_000, 3),
  };
};

/** RFC 3339 in UTC with milliseconds, the form of every time in the API. @param atMs epoch milliseconds, years 1 to 9999 */
export const rfc3339 = (atMs: number): string => {
  const { date, time, ms } = partsOf(atMs);
  return `${date}T${time}.${ms}Z`;
};

/** The same for people: `2026-11-27 15:41:50 UTC`. */
export const utcText = (atMs: number): string => {
  const { date, time } = partsOf(atMs);
  return `${date} ${time} UTC`;
};
