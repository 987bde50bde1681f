import { rfc3339 } from "../platform/calendar.ts";

/** How long a correction may be, and how far back it may reach: no window reaches further. */
export const longestCorrectionDays = 90;
export const oldestCorrectionDays = 400;

const dayMs = 86_400_000;

/**
 * The UTC days that a correction touches and that were over when it was made: what their snapshots say stays, and so does what was
 * sent of them. Epoch milliseconds. @returns dates, ascending
 */
export const closedDays = ({
  fromMs,
  toMs,
  createdAtMs,
}: {
  readonly fromMs: number;
  readonly toMs: number;
  readonly createdAtMs: number;
}): string[] => {
  const first = Math.floor(fromMs / dayMs);
  const last = Math.min(Math.floor((toMs - 1) / dayMs), Math.floor(createdAtMs / dayMs) - 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, nth) => rfc3339((first + nth) * dayMs).slice(0, "2026-11-27".length));
};
