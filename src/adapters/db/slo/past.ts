import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/** Whether the objective `o` lived at a moment. Its end is stored, so the answer is the same whenever it is asked for. */
export const livedAt = (end: SQL): SQL => sql`o.created_at < ${end} and (o.deleted_at is null or o.deleted_at >= ${end})`;

/** What was in force, and known, at the end of a span of time. */
export const asOfEnd = {
  /** Joins to an objective `o` the version `v` that it had then. */
  version: (end: SQL): SQL => sql`cross join lateral (
    select w.* from slo_objective_versions w where w.objective_id = o.id and w.created_at < ${end} order by w.version desc limit 1) v`,
  /** Of a correction `c`, of a service `k` (`tallies`). */
  correction: sql`c.created_at < k.at and (c.deleted_at is null or c.deleted_at >= k.at)`,
};

/**
 * The days of the window of a version `v` that ends with a day: a calendar window is that which ends, so far. Together with no
 * calendar it is what `tallies` sums up (`windowBefore`).
 * @param end the end of a UTC day
 */
export const windowDaysBefore = (end: SQL): SQL => sql`
  case when v.calendar is null then v.window_days
    else round(extract(epoch from ${end} - date_trunc(v.calendar, ${end} - interval '1 microsecond', 'UTC')) / 86400)::int end`;
