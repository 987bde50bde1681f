import { utcText } from "../platform/calendar.ts";

/** A span in the two largest units that it has: `48 s`, `3 min 20 s`, `5 h 12 min`, `2 d 4 h`. @param ms not negative; less than a second is `0 s` */
export const formatDuration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
};

/** `2026-11-27 15:04:05 UTC`. */
export const formatTime = utcText;
