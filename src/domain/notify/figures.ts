/** A span in the two largest units that it has: `48 s`, `3 min 20 s`, `5 h 12 min`, `2 d 4 h`. @param ms not negative; less than a second is `0 s` */
export const formatDuration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"], [Math.floor(seconds / 3_600) % 24, "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first === -1) return "0 s";
  return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, unit]) => `${value} ${unit}`).join(" ");
};

const two = (value: number): string => String(value).padStart(2, "0");

/** Days since 1970-01-01 as a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms"). */
const civil = (days: number): readonly [year: number, month: number, day: number] => {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1];
};

/** `2026-11-27 15:04:05 UTC`. */
export const formatTime = (epochMs: number): string => {
  const seconds = Math.floor(epochMs / 1_000);
  const [year, month, day] = civil(Math.floor(seconds / 86_400));
  return `${year}-${two(month)}-${two(day)} ${two(Math.floor(seconds / 3_600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)} UTC`;
};
