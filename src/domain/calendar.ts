const dayMs = 86_400_000;
/** 400 years of the Gregorian calendar, and the day count of 1 March of year 0 in days since 1970. */
const eraDays = 146_097;
const firstMarch = 719_468;

/** Days since 1970-01-01 of the first of a month, counted from January of year 0. */
const daysOfMonth = (month: number): number => {
  // Years begin in March here: the leap day is then their last, and every month begins where it always does.
  const shifted = month - 2;
  const year = Math.floor(shifted / 12);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * (shifted - year * 12) + 2) / 5);
  return era * eraDays + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - firstMarch;
};

/**
 * The start, 00:00 UTC on the first, of the month so many after the one that holds a moment, in the Gregorian calendar.
 * @param ms epoch milliseconds
 */
export const monthStartMs = (ms: number, ahead = 0): number => {
  const day = Math.floor(ms / dayMs);
  // A month has 30.44 days: the guess is the right one or a neighbour of it.
  const guess = Math.floor(((day + firstMarch) * 4_800) / eraDays) + 2;
  const month = [guess + 1, guess, guess - 1].find((candidate) => daysOfMonth(candidate) <= day) ?? guess;
  return daysOfMonth(month + ahead) * dayMs;
};
