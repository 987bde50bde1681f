import { sql } from "drizzle-orm";
import { check, integer, pgTable, primaryKey, smallint, text } from "drizzle-orm/pg-core";
import { at, ref } from "./columns.ts";
import { serviceDomains } from "./services.ts";

const figures = () => ({
  domainId: ref("domain_id", () => serviceDomains.id),
  path: text("path", { enum: ["primary", "backup", "direct"] }).notNull(),
  vantage: text("vantage").notNull(),
  startAt: at("start_at").notNull(),
  samples: integer("samples").notNull(),
  ok: integer("ok").notNull(),
  /** The latencies of the samples that were ok, ascending, in ms, three significant digits or so; and how many had each. */
  places: smallint("places").array().notNull().default([]),
  counts: smallint("counts").array().notNull().default([]),
});

/** The samples of a path at a vantage, minute by minute, until the hour is folded. */
export const probeRollupsMinute = pgTable("probe_rollups_minute", figures(), (t) => [
  primaryKey({ columns: [t.domainId, t.startAt, t.path, t.vantage] }),
  check("probe_rollups_minute_counts", sql`${t.ok} between 0 and ${t.samples}`),
]);

/**
 * The minutes of an hour in one row, without loss: a tenth of their size. Kept for 35 days (semantics
 * §4). Sixty places a list, one a minute.
 */
export const probeMinutesFolded = pgTable(
  "probe_minutes_folded",
  {
    domainId: ref("domain_id", () => serviceDomains.id),
    path: text("path", { enum: ["primary", "backup", "direct"] }).notNull(),
    vantage: text("vantage").notNull(),
    startAt: at("start_at").notNull(),
    /** All of the hour. */
    samples: integer("samples").notNull(),
    counts: smallint("counts").array().notNull(),
    /** How many were ok; null: all of them. */
    oks: smallint("oks").array(),
    /** The latency of each sample that was ok, minute after minute. */
    places: smallint("places").array().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.domainId, t.startAt, t.path, t.vantage] }),
    check("probe_minutes_folded_counts", sql`cardinality(${t.counts}) = 60 and cardinality(coalesce(${t.oks}, ${t.counts})) = 60`),
  ],
);

/** The same by the hour, kept for 400 days. */
export const probeRollupsHour = pgTable("probe_rollups_hour", figures(), (t) => [
  primaryKey({ columns: [t.domainId, t.startAt, t.path, t.vantage] }),
  check("probe_rollups_hour_counts", sql`${t.ok} between 0 and ${t.samples}`),
]);

/** Up to when each level is rolled up, or minutes are folded; later ones are read from the level below. */
export const rollupMarks = pgTable(
  "rollup_marks",
  {
    level: text("level", { enum: ["minute", "hour", "fold"] }).primaryKey(),
    doneUntil: at("done_until").notNull(),
  },
  (t) => [check("rollup_marks_level", sql`${t.level} in ('minute', 'hour', 'fold')`)],
);
