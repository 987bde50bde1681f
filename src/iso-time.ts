const dayMs = 86_400_000;
/** The last time that Date has; epoch milliseconds. */
const lastMs = 8.64e15;
const padded = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, "0"));
const two = (number: number): string => (padded[number] ?? "").slice(1);

/** The last formatted day, up to its `T`: lists have times of few days, and Date's own formatting is slow. */
let latest = { day: Number.NaN, text: "" };

/**
 * RFC 3339 in UTC with milliseconds, the form of every time in the API and in query parameters.
 * @throws RangeError outside of Date's range
 */
export const isoTime = (epochMs: number): string => {
  const whole = Math.trunc(epochMs);
  // Date says so itself, but for the day that was written last.
  if (!(Math.abs(whole) <= lastMs)) throw new RangeError("Invalid time value");
  const day = Math.floor(whole / dayMs);
  if (day !== latest.day) latest = { day, text: new Date(whole).toISOString().slice(0, -"00:00:00.000Z".length) };
  const ms = whole - day * dayMs;
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1_000) % 60];
  return `${latest.text}${two(hours)}:${two(minutes)}:${two(seconds)}.${padded[ms % 1_000]}Z`;
};

/** `isoTime`, for times that may be absent. */
export const isoTimeOrNull = (epochMs: number | null): string | null => (epochMs === null ? null : isoTime(epochMs));
