import { formatDuration } from "../domain/notify/figures.ts";

/** How long ago a moment was, or how far ahead it is. Of two clocks one is always a little ahead. */
export const relative = (atMs: number, nowMs: number): string => {
  const awayMs = Math.abs(nowMs - atMs);
  if (awayMs < 1_000 || (atMs > nowMs && awayMs < 5_000)) return "now";
  return atMs <= nowMs ? `${formatDuration(awayMs)} ago` : `in ${formatDuration(awayMs)}`;
};

/** For how long something has been so. */
export const lasting = (atMs: number, nowMs: number): string => formatDuration(Math.max(0, nowMs - atMs));
