import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { AppError } from "../../../errors.ts";

/**
 * The CTE `metering`, one row: the length in seconds of every usage window, fixed by the first that is stored (semantics §8).
 * A statement that stores windows adds `(select seconds from metering) = theirs`.
 * @param stores the condition under which the statement is about to store some
 */
export const meteringCte = (windowSeconds: number, stores: SQL): SQL => sql`fixed as (
    update settings set usage_window_seconds = ${windowSeconds}::int where usage_window_seconds is null and ${stores}
    returning usage_window_seconds
  ), metering as (
    select coalesce((select usage_window_seconds from fixed), (select usage_window_seconds from settings)) as seconds
  )`;

/** The error where a deployment is configured for another window than the stored ones. */
export const otherWindow = (storedSeconds: number, configuredSeconds: number): string =>
  `usage is stored in windows of ${storedSeconds} s, but this deployment is configured for ${configuredSeconds} s (USAGE_WINDOW)`;

/** @throws AppError `conflict` where the stored windows are of another length, `unavailable` after a concurrent write */
export const requireWindow = (storedSeconds: number | null, configuredSeconds: number): void => {
  if (storedSeconds === configuredSeconds) return;
  if (storedSeconds !== null) throw new AppError("conflict", otherWindow(storedSeconds, configuredSeconds));
  throw new AppError("unavailable", "the first usage is being stored", { headers: { "retry-after": "1" } });
};
