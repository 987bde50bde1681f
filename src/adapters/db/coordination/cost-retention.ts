import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";

const at = (ms: number) => sql`${isoTime(ms)}::timestamptz`;

/**
 * By the later of when an event happened and when it came: one that happened before that is not taken any more, so that none comes back
 * and is counted twice.
 */
export const oldEvents = (beforeMs: number, limit: number): SQL => sql`
  select ctid as row from cost_events
  where created_at < ${at(beforeMs)} and occurred_at < ${at(beforeMs)} and exists (select from fence) order by created_at limit ${limit}::int`;

/** Batches that nobody tries to score any more. */
export const deadBatches = (beforeMs: number, limit: number): SQL => sql`
  select ctid as row from cost_batches
  where state = 'dead' and created_at < ${at(beforeMs)} and exists (select from fence) order by id limit ${limit}::int`;
