import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { TelemetryStore } from "../../ports/platform/telemetry.ts";
import type { Database } from "./client.ts";

export const createTelemetryStore = (db: Database): TelemetryStore => ({
  record: async (week, session, firstSeenAtMs) => {
    await db.rows(sql`
      insert into install_sessions (week, session_id, protocol_version, daemon_version, platform, node_version,
        primary_framework, first_seen_at)
      values (${week}, ${session.sessionId}, ${session.protocolVersion}, ${session.daemonVersion}, ${session.platform},
        ${session.nodeVersion}, ${session.primaryFramework}, ${isoTime(firstSeenAtMs)}::timestamptz)
      on conflict (week, session_id) do nothing`);
  },
  sessionsIn: async (week) =>
    (await db.rows<{ count: number }>(sql`select count(*) as count from install_sessions where week = ${week}`))[0]?.count ?? 0,
});
