import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, jsonb, pgTable, smallint, text } from "drizzle-orm/pg-core";
import { at, id, ref } from "./columns.ts";
import { stormEvents } from "./detection.ts";
import { serviceDomains, services } from "./services.ts";

/** What steering remembers about a service between rounds: a manual override, the latch of rule 2, the failback ramp. */
export const serviceRouting = pgTable(
  "service_routing",
  {
    serviceId: bigint("service_id", { mode: "number" }).primaryKey().references(() => services.id),
    state: text("state").notNull().default("normal"),
    reason: text("reason").notNull().default(""),
    overrideMode: text("override_mode", { enum: ["primary", "backup", "frozen"] }),
    overrideReason: text("override_reason"),
    overrideUntil: at("override_until"),
    overrideActor: text("override_actor"),
    overrideSetAt: at("override_set_at"),
    /** The storm during which the backup failed after a switch, and its relapse count then: no second switch until it changes. */
    latchedStormId: bigint("latched_storm_id", { mode: "number" }).references(() => stormEvents.id),
    latchedRelapses: integer("latched_relapses"),
    failbackStep: integer("failback_step"),
    failbackStepAt: at("failback_step_at"),
    /** Where a service in shadow mode would point: its decisions are recorded, its DNS is left alone. */
    shadowTarget: text("shadow_target"),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    check("service_routing_override", sql`${t.overrideMode} is null or ${t.overrideMode} in ('primary', 'backup', 'frozen')`),
  ],
);

/** The live records of one domain as last read, and what became of the last attempt to steer them. */
export const domainRouting = pgTable("domain_routing", {
  domainId: bigint("domain_id", { mode: "number" }).primaryKey().references(() => serviceDomains.id),
  serviceId: ref("service_id", () => services.id),
  status: text("status").notNull(),
  zoneId: text("zone_id"),
  records: jsonb("records"),
  readAt: at("read_at"),
  primaryWeight: smallint("primary_weight"),
  backupWeight: smallint("backup_weight"),
  discoveredPrimaryTarget: text("discovered_primary_target"),
  discoveredBackupTarget: text("discovered_backup_target"),
  /** A discovered target counts only once it has answered (semantics §4). */
  discoveredPrimaryOk: boolean("discovered_primary_ok").notNull().default(false),
  discoveredBackupOk: boolean("discovered_backup_ok").notNull().default(false),
  /** Set while tranche itself has the domain on its backup. */
  movedAt: at("moved_at"),
  lastError: text("last_error"),
  updatedAt: at("updated_at").notNull().defaultNow(),
});

/** Every switch: the intent is stored before the call to DNS, the change id after it (semantics §6). */
export const routingChanges = pgTable(
  "routing_changes",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    domainId: ref("domain_id", () => serviceDomains.id),
    stormId: bigint("storm_id", { mode: "number" }).references(() => stormEvents.id),
    fromPrimary: smallint("from_primary").notNull(),
    fromBackup: smallint("from_backup").notNull(),
    toPrimary: smallint("to_primary").notNull(),
    toBackup: smallint("to_backup").notNull(),
    reason: text("reason").notNull(),
    actor: text("actor").notNull(),
    epoch: bigint("epoch", { mode: "number" }).notNull(),
    shadow: boolean("shadow").notNull().default(false),
    result: text("result", { enum: ["intent", "accepted", "insync", "failed", "superseded", "shadow"] }).notNull(),
    changeId: text("change_id"),
    error: text("error"),
    intendedAt: at("intended_at").notNull(),
    acceptedAt: at("accepted_at"),
    insyncAt: at("insync_at"),
  },
  (t) => [
    index("routing_changes_service_idx").on(t.serviceId, t.id),
    index("routing_changes_open_idx").on(t.domainId).where(sql`${t.result} in ('intent', 'accepted')`),
    check("routing_changes_result", sql`${t.result} in ('intent', 'accepted', 'insync', 'failed', 'superseded', 'shadow')`),
    check("routing_changes_weights", sql`least(${t.fromPrimary}, ${t.fromBackup}, ${t.toPrimary}, ${t.toBackup}) >= 0
      and greatest(${t.fromPrimary}, ${t.fromBackup}, ${t.toPrimary}, ${t.toBackup}) <= 255`),
  ],
);
