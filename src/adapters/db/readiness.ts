import { sql } from "drizzle-orm";
import journal from "../../../drizzle/meta/_journal.json" with { type: "json" };
import type { Clock } from "../ports/clock.ts";
import type { Readiness } from "../ports/readiness.ts";
import type { Database } from "./client.ts";
import { otherWindow } from "./usage-window.ts";

/** Semantics §1. */
const answerWithinMs = 2_000;

/** The migration that this code was built with, as drizzle-kit stamps it in `created_at`. */
const expectedMigration = Math.max(...journal.entries.map((entry) => entry.when));

/** @param windowSeconds USAGE_WINDOW: fixed once windows are stored */
export const createReadiness = (db: Database, clock: Clock, windowSeconds: number): Readiness => {
  const ask = async (): Promise<string | null> => {
    try {
      const [row] = await db.rows<{ latest: number | null; seconds: number | null }>(sql`
        select (select max(created_at) from drizzle.__drizzle_migrations) as latest,
          (select usage_window_seconds from settings) as seconds`);
      if (row?.latest !== expectedMigration) return "the database schema is not at the expected migration";
      return row.seconds === null || row.seconds === windowSeconds ? null : otherWindow(row.seconds, windowSeconds);
    } catch {
      return "the database does not answer, or has no schema";
    }
  };
  const giveUp = async (): Promise<string> => {
    await clock.sleep(answerWithinMs);
    return "the database does not answer in time";
  };
  return { check: () => Promise.race([ask(), giveUp()]) };
};
