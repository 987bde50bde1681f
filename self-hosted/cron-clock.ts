/**
 * Whether a cron expression fires in this minute. The schedule uses minutes (a star, a star with a step, or one number) and
 * hours (a star or one number) only; anything else is refused rather than misread.
 * @throws RangeError on an expression beyond that
 */
export const firesAt = (expression: string, date: Date): boolean => {
  const match = /^(?:(\*)(?:\/(\d+))?|(\d+)) (\*|\d+) \* \* \*$/.exec(expression);
  if (match === null) throw new RangeError(`the local cron does not understand "${expression}"`);
  if (match[4] !== "*" && date.getUTCHours() !== Number(match[4])) return false;
  const minute = date.getUTCMinutes();
  if (match[3] !== undefined) return minute === Number(match[3]);
  return minute % Number(match[2] ?? 1) === 0;
};

/** Calls `fire` for each due expression, once at the start of every minute. @returns how to stop it */
export const startCron = (expressions: readonly string[], fire: (expression: string, minute: Date) => void): (() => void) => {
  let timer: NodeJS.Timeout;
  const next = () => {
    const waitMs = 60_000 - (Date.now() % 60_000);
    timer = setTimeout(() => {
      const minute = new Date(Math.round(Date.now() / 60_000) * 60_000);
      for (const expression of expressions) if (firesAt(expression, minute)) fire(expression, minute);
      next();
    }, waitMs);
  };
  next();
  return () => clearTimeout(timer);
};
