import { parseDurationMs } from "../src/domain/platform/duration.ts";
import { usageError } from "./exit.ts";

export const untilFlag = {
  value: "WHEN",
  says: "when it ends by itself: a time (2026-12-01T06:00:00Z), a duration from now (2h), or none",
} as const;

/**
 * When an order ends; null: when somebody ends it.
 * @throws CommandError naming the flag and the rule
 */
export const untilOf = (text: string, nowMs: number): string | null => {
  if (text === "none") return null;
  const lengthMs = parseDurationMs(text);
  if (lengthMs !== null) return new Date(nowMs + lengthMs).toISOString();
  const atMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) && /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) throw usageError("--until must be a time with its zone (2026-12-01T06:00:00Z), a duration (90m, 2h), or none");
  return new Date(atMs).toISOString();
};
