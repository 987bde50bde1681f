import { sql } from "drizzle-orm";
import { check, integer, jsonb, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { at, ref } from "./columns.ts";
import { serviceDomains } from "./services.ts";

const figures = () => ({
  domainId: ref("domain_id", () => serviceDomains.id),
  path: text("path", { enum: ["primary", "backup", "direct"] }).notNull(),
  vantage: text("vantage").notNull(),
  startAt: at("start_at").notNull(),
  samples: integer("samples").notNull(),
  ok: integer("ok").notNull(),
  /** How many of the samples that were ok had which latency: {"42": 5}, in ms, three significant digits or so. */
  latencies: jsonb("latencies").$type<Record<string, number>>().notNull(),
});

/** The samples of a path at a vantage, minute by minute, kept for 35 days (semantics §4). */
export const probeRollupsMinute = pgTable("probe_rollups_minute", figures(), (t) => [
  primaryKey({ columns: [t.domainId, t.startAt, t.path, t.vantage] }),
  check("probe_rollups_minute_counts", sql`${t.ok} between 0 and ${t.samples}`),
]);

/** The same by the hour, kept for 400 days. */
export const probeRollupsHour = pgTable("probe_rollups_hour", figures(), (t) => [
  primaryKey({ columns: [t.domainId, t.startAt, t.path, t.vantage] }),
  check("probe_rollups_hour_counts", sql`${t.ok} between 0 and ${t.samples}`),
]);

/** Up to when each level is rolled up; what is later is read from the level below. */
export const rollupMarks = pgTable(
  "rollup_marks",
  {
    level: text("level", { enum: ["minute", "hour"] }).primaryKey(),
    doneUntil: at("done_until").notNull(),
  },
  (t) => [check("rollup_marks_level", sql`${t.level} in ('minute', 'hour')`)],
);
