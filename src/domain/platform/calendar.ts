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

/** The same of months. */
export const startOfMonth = (atMs: number, ahead = 0): number => {
  const day = Math.floor(atMs / dayMs);
  // 400 years have 146,097 days and 4,800 months: off by one at most.
  const guess = 1970 * 12 + Math.floor(day / (146_097 / 4_800));
  const month = [guess + 1, guess, guess - 1].find((candidate) => firstOf(candidate) <= day) ?? guess;
  return firstOf(month + ahead) * dayMs;
};
