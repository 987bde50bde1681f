import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { stormEvents } from "./detection.ts";
import { services } from "./services.ts";
import { customers } from "./tenants.ts";

/**
 * What the visitors of a service got, span after span without gap or overlap (decision 66): judged by the rounds, written where
 * it changes. Objectives are figures over these spans. A span ends once; what is recorded is not changed.
 */
export const serviceStates = pgTable(
  "service_states",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    startedAt: at("started_at").notNull(),
    /** Null: it is the present one. */
    endedAt: at("ended_at"),
    /** `unknown`: not measured, neither good nor bad. */
    state: text("state", { enum: ["up", "down", "unknown"] }).notNull(),
    /** To which side the live weights send most visitors; `mixed`: its domains differ. */
    serving: text("serving", { enum: ["primary", "backup", "direct", "mixed"] }).notNull(),
    /** Who is to blame for being down: the upstream (a CDN) in use while the other side was up, else the service itself. */
    attribution: text("attribution", { enum: ["self", "upstream"] }),
    upstreamCdn: text("upstream_cdn"),
    /** The primary was down, visitors were on the backup, and that was up. */
    avoided: boolean("avoided").notNull().default(false),
    /** When the outage began that it belongs to: it lasts until the service is up, also while nothing is known. */
    outageAt: at("outage_at"),
    stormId: bigint("storm_id", { mode: "number" }).references(() => stormEvents.id),
    /** Computed from minute rollups, for the time before states were recorded. */
    reconstructed: boolean("reconstructed").notNull().default(false),
  },
  (t) => [
    uniqueIndex("service_states_open_key")
      .on(t.serviceId)
      .where(sql`${t.endedAt} is null`),
    index("service_states_started_idx").on(t.serviceId, t.startedAt),
    index("service_states_end_idx").on(t.serviceId, sql`coalesce(${t.endedAt}, 'infinity'::timestamptz)`),
    index("service_states_age_idx")
      .on(t.endedAt)
      .where(sql`${t.endedAt} is not null`),
    check("service_states_state", sql`${t.state} in ('up', 'down', 'unknown')`),
    check("service_states_serving", sql`${t.serving} in ('primary', 'backup', 'direct', 'mixed')`),
    check(
      "service_states_attribution",
      sql`(${t.attribution} is not null) = (${t.state} = 'down') and (${t.upstreamCdn} is not null) = (${t.attribution} is not distinct from 'upstream')`,
    ),
    check("service_states_avoided", sql`not ${t.avoided} or ${t.state} = 'up'`),
    check(
      "service_states_outage",
      sql`case ${t.state} when 'up' then ${t.outageAt} is null when 'down' then ${t.outageAt} is not null else true end`,
    ),
    check("service_states_order", sql`${t.endedAt} is null or ${t.endedAt} >= ${t.startedAt}`),
  ],
);

/** A service level objective. Its terms are in `slo_objective_versions`: each change adds one. */
export const sloObjectives = pgTable(
  "slo_objectives",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    name: text("name").notNull(),
    version: integer("version").notNull().default(1),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
    deletedAt: at("deleted_at"),
  },
  (t) => [
    uniqueIndex("slo_objectives_name_key")
      .on(t.serviceId, t.name)
      .where(sql`${t.deletedAt} is null`),
  ],
);

/** The terms of one version of an objective, in force from `created_at` until the next one. Immutable. */
export const sloObjectiveVersions = pgTable(
  "slo_objective_versions",
  {
    objectiveId: ref("objective_id", () => sloObjectives.id),
    version: integer("version").notNull(),
    /** Percent, 1 <= target < 100, up to five decimals. */
    target: numeric("target", { mode: "number" }).notNull(),
    /** A rolling window; null: a calendar one. */
    windowDays: integer("window_days"),
    calendar: text("calendar", { enum: ["week", "month"] }),
    dependencyExclusion: text("dependency_exclusion", { enum: ["strict", "self-only"] }).notNull(),
    /** CDNs that are not forgiven under `self-only`. */
    excludedUpstreams: text("excluded_upstreams").array().notNull().default([]),
    burnWarningPercent: integer("burn_warning_percent").notNull(),
    burnCriticalPercent: integer("burn_critical_percent").notNull(),
    fastBurnMultiplier: numeric("fast_burn_multiplier", { mode: "number" }).notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.objectiveId, t.version] }),
    check("slo_objective_versions_target", sql`${t.target} >= 1 and ${t.target} < 100 and scale(trim_scale(${t.target})) <= 5`),
    check(
      "slo_objective_versions_window",
      sql`(${t.windowDays} is null) <> (${t.calendar} is null) and (${t.windowDays} is null or ${t.windowDays} between 1 and 400)
      and (${t.calendar} is null or ${t.calendar} in ('week', 'month'))`,
    ),
    check("slo_objective_versions_exclusion", sql`${t.dependencyExclusion} in ('strict', 'self-only')`),
    check(
      "slo_objective_versions_burn",
      sql`${t.burnWarningPercent} between 1 and 100 and ${t.burnCriticalPercent} between 1 and 100
      and ${t.burnWarningPercent} <= ${t.burnCriticalPercent}
      and ${t.fastBurnMultiplier} > 0 and ${t.fastBurnMultiplier} <= 1000 and scale(trim_scale(${t.fastBurnMultiplier})) <= 2`,
    ),
  ],
);

/** Time that does not count for a service's objectives: maintenance, or a dispute that was settled. */
export const sloCorrections = pgTable(
  "slo_corrections",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    fromAt: at("from_at").notNull(),
    toAt: at("to_at").notNull(),
    reason: text("reason").notNull(),
    actor: text("actor").notNull(),
    createdAt: createdAt(),
    deletedAt: at("deleted_at"),
  },
  (t) => [index("slo_corrections_service_idx").on(t.serviceId, t.toAt), check("slo_corrections_order", sql`${t.toAt} > ${t.fromAt}`)],
);

/** A burn alert, with the figures with which it fired and was resolved (`domain/slo/burn.ts`). */
export const sloAlerts = pgTable(
  "slo_alerts",
  {
    id: id(),
    objectiveId: ref("objective_id", () => sloObjectives.id),
    serviceId: ref("service_id", () => services.id),
    kind: text("kind", { enum: ["1h", "6h", "3d", "fast_burn", "budget_warning", "budget_critical", "exhausted"] }).notNull(),
    firedAt: at("fired_at").notNull(),
    fired: jsonb("fired").notNull(),
    /** Since when its short window is below, evaluation after evaluation; null: it is not. */
    belowSince: at("below_since"),
    resolvedAt: at("resolved_at"),
    resolved: jsonb("resolved"),
  },
  (t) => [
    uniqueIndex("slo_alerts_open_key")
      .on(t.objectiveId, t.kind)
      .where(sql`${t.resolvedAt} is null`),
    index("slo_alerts_objective_idx").on(t.objectiveId, t.id),
    index("slo_alerts_service_idx")
      .on(t.serviceId)
      .where(sql`${t.resolvedAt} is null`),
    check("slo_alerts_kind", sql`${t.kind} in ('1h', '6h', '3d', 'fast_burn', 'budget_warning', 'budget_critical', 'exhausted')`),
    check("slo_alerts_resolved", sql`(${t.resolvedAt} is null) = (${t.resolved} is null)`),
    check("slo_alerts_order", sql`${t.resolvedAt} is null or ${t.resolvedAt} >= ${t.firedAt}`),
  ],
);

/** An objective at the end of a UTC day, by the terms then in force. Written once; times in microseconds. */
export const sloDailySnapshots = pgTable(
  "slo_daily_snapshots",
  {
    objectiveId: ref("objective_id", () => sloObjectives.id),
    day: date("day", { mode: "string" }).notNull(),
    version: integer("version").notNull(),
    state: text("state", { enum: ["healthy", "at_risk", "degraded", "breaching", "insufficient_data"] }).notNull(),
    /** Of the window that ends with the day. */
    allowedUs: bigint("allowed_us", { mode: "number" }).notNull(),
    consumedUs: bigint("consumed_us", { mode: "number" }).notNull(),
    downUs: bigint("down_us", { mode: "number" }).notNull(),
    measuredUs: bigint("measured_us", { mode: "number" }).notNull(),
    elapsedUs: bigint("elapsed_us", { mode: "number" }).notNull(),
    /** Of the day itself. */
    dayConsumedUs: bigint("day_consumed_us", { mode: "number" }).notNull(),
    dayDownUs: bigint("day_down_us", { mode: "number" }).notNull(),
    dayMeasuredUs: bigint("day_measured_us", { mode: "number" }).notNull(),
    dayElapsedUs: bigint("day_elapsed_us", { mode: "number" }).notNull(),
    verdict: text("verdict", { enum: ["good", "bad", "insufficient"] }).notNull(),
    /** Good days in a row after it; an insufficient day neither adds nor ends. */
    streak: integer("streak").notNull(),
    /** The streak that it ended, in days; 0: none. */
    brokenStreak: integer("broken_streak").notNull().default(0),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.objectiveId, t.day] }),
    check("slo_daily_snapshots_state", sql`${t.state} in ('healthy', 'at_risk', 'degraded', 'breaching', 'insufficient_data')`),
    check("slo_daily_snapshots_verdict", sql`${t.verdict} in ('good', 'bad', 'insufficient')`),
    foreignKey({ columns: [t.objectiveId, t.version], foreignColumns: [sloObjectiveVersions.objectiveId, sloObjectiveVersions.version] }),
  ],
);

/** What a service has achieved (`domain/slo/achievement.ts`), each once. */
export const sloAchievements = pgTable(
  "slo_achievements",
  {
    serviceId: ref("service_id", () => services.id),
    name: text("name").notNull(),
    /** By which objective; null: by the service itself. */
    objectiveId: bigint("objective_id", { mode: "number" }).references(() => sloObjectives.id),
    /** The UTC day at whose end it was true. */
    day: date("day", { mode: "string" }).notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.serviceId, t.name] })],
);

/** A customer's week, as it was sent. Written once. */
export const sloDigests = pgTable(
  "slo_digests",
  {
    customerId: ref("customer_id", () => customers.id),
    /** ISO 8601, such as 2026-W53. */
    week: text("week").notNull(),
    body: jsonb("body").notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.customerId, t.week] }), check("slo_digests_week", sql`${t.week} ~ '^[0-9]{4}-W[0-9]{2}$'`)],
);

/** Services whose states before they were recorded are computed from minute rollups, backwards from `done_from` to `until_at`. */
export const sloReconstructions = pgTable("slo_reconstructions", {
  serviceId: bigint("service_id", { mode: "number" })
    .primaryKey()
    .references(() => services.id),
  doneFrom: at("done_from").notNull(),
  untilAt: at("until_at").notNull(),
});
