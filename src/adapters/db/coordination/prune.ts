import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { PruneStore, UsageFact } from "../../ports/detection/rollups.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";

const at = (ms: number) => sql`${isoTime(ms)}::timestamptz`;

/** Rows of one domain, or service, in a chunk: so that the first ones never take all of it. */
const perOwner = 2_000;

/**
 * Deletes the oldest rows domain by domain along the primary key. Row addresses hold for one statement, so a chunk is one
 * statement; a row that another run has deleted meanwhile is left out.
 */
const oldest = (fence: Fence, table: SQL, time: SQL, before: SQL, limit: number): SQL => sql`
  with ${fenceCte(fence)}, doomed as (
    select s.row from service_domains d cross join lateral (
      select ctid as row from ${table} where domain_id = d.id and ${time} < ${before} order by ${time} limit ${sql.raw(String(perOwner))}
    ) s where exists (select from fence) limit ${limit}::int
  ), gone as (
    delete from ${table} where ctid = any(array(select row from doomed)) returning 1
  )
  select count(*) as rows from gone`;

/** The oldest facts of billed windows, service by service along the index. */
const oldestFacts = (fence: Fence, table: SQL, beforeMs: number, limit: number): SQL => sql`
  with ${fenceCte(fence)}, doomed as (
    select f.row from services s cross join lateral (
      select f.ctid as row from ${table} f
      where f.service_id = s.id and f.window_start < ${at(beforeMs)} and exists (
        select from usage_snapshots u where u.service_id = f.service_id and u.window_start = f.window_start and u.invoice_id is not null)
      order by f.window_start limit ${sql.raw(String(perOwner))}
    ) f where exists (select from fence) limit ${limit}::int
  ), gone as (
    delete from ${table} where ctid = any(array(select row from doomed)) returning 1
  )
  select count(*) as rows from gone`;

/** Rows that are not a domain's, the oldest of a whole table. */
const oldestOf = (fence: Fence, table: SQL, time: SQL, beforeMs: number, limit: number): SQL => sql`
  with ${fenceCte(fence)}, gone as (
    delete from ${table} where ctid = any(array(
      select ctid from ${table} where ${time} < ${at(beforeMs)} and exists (select from fence) order by ${time} limit ${limit}::int)) returning 1
  )
  select count(*) as rows from gone`;

const factTables: Readonly<Record<UsageFact, SQL>> = {
  readings: sql`usage_readings`,
  readings_past: sql`usage_readings_past`,
  pushes: sql`usage_pushes`,
  pushes_past: sql`usage_pushes_past`,
};

export const createPruneStore = (db: Database): PruneStore => {
  const deleted = async (statement: SQL): Promise<number> => (await db.rows<{ rows: number }>(statement))[0]?.rows ?? 0;
  return {
    samples: async (fence, rolledBeforeMs, anyBeforeMs, limit) => {
      const rolled = sql`(select done_until - interval '1 hour' from rollup_marks where level = 'minute')`;
      const before = sql`greatest(least(${at(rolledBeforeMs)}, ${rolled}), ${at(anyBeforeMs)})`;
      // least() ignores nulls: without a mark nothing is rolled up yet.
      const bound = sql`case when exists (select from rollup_marks where level = 'minute') then ${before} else ${at(anyBeforeMs)} end`;
      return await deleted(oldest(fence, sql`probe_samples`, sql`round_at`, sql`(select ${bound})`, limit));
    },
    rollups: async (fence, level, beforeMs, limit) => {
      if (level === "hour") return await deleted(oldest(fence, sql`probe_rollups_hour`, sql`start_at`, at(beforeMs), limit));
      const folded = sql`(select greatest(${at(beforeMs)}, (select done_until from rollup_marks where level = 'fold')))`;
      return await deleted(oldest(fence, sql`probe_rollups_minute`, sql`start_at`, folded, limit));
    },
    foldedMinutes: async (fence, beforeMs, limit) =>
      await deleted(oldest(fence, sql`probe_minutes_folded`, sql`start_at`, at(beforeMs), limit)),
    probeMarks: async (fence, beforeMs, limit) => await deleted(oldest(fence, sql`probe_marks`, sql`round_at`, at(beforeMs), limit)),
    idempotencyKeys: async (fence, beforeMs, limit) =>
      await deleted(oldestOf(fence, sql`idempotency_keys`, sql`created_at`, beforeMs, limit)),
    usageFacts: async (fence, kind, beforeMs, limit) => await deleted(oldestFacts(fence, factTables[kind], beforeMs, limit)),
    installSessions: async (fence, beforeMs, limit) =>
      await deleted(oldestOf(fence, sql`install_sessions`, sql`first_seen_at`, beforeMs, limit)),
  };
};
