import { NeonDbError } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import journal from "../../../../drizzle/meta/_journal.json" with { type: "json" };
import { AppError } from "../../../errors.ts";
import type { Clock } from "../../ports/platform/clock.ts";
import type { FailingShard, Readiness, StatusStore } from "../../ports/coordination/status.ts";
import type { Database } from "../platform/client.ts";
import { failingShards, list } from "./status.ts";
import { otherWindow } from "../metering/usage-window.ts";

/** Semantics §1. */
const answerWithinMs = 2_000;

/** The migration that this code was built with, as drizzle-kit stamps it in `created_at`. */
const expectedMigration = Math.max(...journal.entries.map((entry) => entry.when));

const away = "the database does not answer, or has no schema";

/** What is wrong with a database that answers, by SQLSTATE: undefined_table and invalid_schema_name, insufficient_privilege. */
const noSchema = "the database has no schema: it is not migrated";
const bySqlState: Readonly<Record<string, string>> = {
  "42P01": noSchema,
  "3F000": noSchema,
  "42501": "the database lets this deployment's login read nothing: it is not in the role tranche_app",
};

/** A database that answers but refuses is reported with its fault. */
const obstacleOf = (error: unknown): string => {
  if (error instanceof NeonDbError) return bySqlState[error.code ?? ""] ?? away;
  return error instanceof AppError && error.kind !== null && error.kind !== "unreachable" ? error.message : away;
};

/** @param windowSeconds USAGE_WINDOW: fixed once windows are stored */
export const createReadiness = (db: Database, clock: Clock, windowSeconds: number, status: StatusStore): Readiness => {
  const ask = async (): Promise<readonly FailingShard[] | string> => {
    try {
      const [row] = await db.rows<{ latest: number | null; seconds: number | null }>(sql`
        select (select max(created_at) from drizzle.__drizzle_migrations) as latest,
          (select usage_window_seconds from settings) as seconds`);
      if (row?.latest !== expectedMigration) return "the database schema is not at the expected migration";
      if (row.seconds !== null && row.seconds !== windowSeconds) return otherWindow(row.seconds, windowSeconds);
      // After the schema is known to be the expected one: an older one has no such columns.
      return (await db.rows<{ failing: FailingShard[] }>(sql`select ${list(failingShards)} as failing`))[0]?.failing ?? [];
    } catch (error) {
      return obstacleOf(error);
    }
  };
  const giveUp = async (): Promise<string> => {
    await clock.sleep(answerWithinMs);
    return "the database does not answer in time";
  };
  const askMore = async () => {
    // Side by side: one after the other could take twice as long.
    const [found, seen] = await Promise.all([ask(), status.read().catch(obstacleOf)]);
    return typeof found === "string" ? found : seen;
  };
  return { check: () => Promise.race([ask(), giveUp()]), report: () => Promise.race([askMore(), giveUp()]) };
};
