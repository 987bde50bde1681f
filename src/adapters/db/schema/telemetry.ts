import { sql } from "drizzle-orm";
import { check, index, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { at } from "./columns.ts";

/** One installation seen in one ISO week (semantics §11): its first report, and nothing that identifies it. */
export const installSessions = pgTable(
  "install_sessions",
  {
    week: text("week").notNull(),
    sessionId: text("session_id").notNull(),
    protocolVersion: text("protocol_version").notNull(),
    daemonVersion: text("daemon_version").notNull(),
    platform: text("platform").notNull(),
    nodeVersion: text("node_version").notNull(),
    primaryFramework: text("primary_framework").notNull(),
    firstSeenAt: at("first_seen_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.week, t.sessionId] }),
    index("install_sessions_age_idx").on(t.firstSeenAt),
    check("install_sessions_week", sql`${t.week} ~ '^[0-9]{4}-W[0-9]{2}$'`),
    check("install_sessions_session_id", sql`${t.sessionId} ~ '^[A-Za-z0-9_-]{8,64}$'`),
  ],
);
