import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, jsonb, pgTable, smallint, text } from "drizzle-orm/pg-core";
import { at, id, ref } from "./columns.ts";
import { stormEvents } from "./detection.ts";
import { serviceDomains, services } from "./services.ts";

/** What steering remembers about a service between rounds: a manual override, the latch of rule 2, the failback ramp. */
export const serviceRouting = pgTable(
  "service_routing",
  {
    serviceId: bigint("service_id", { mode: "number" })
      .primaryKey()
      .references(() => services.id),
    state: text("state").notNull().default("normal"),
    reason: text("reason").notNull().default(""),
    overrideMode: text("override_mode", { enum: ["primary", "backup", "frozen"] }),
    overrideReason: text("override_reason"),
    overrideUntil: at("override_until"),
    overrideActor: text("override_actor"),
    overrideSetAt: at("override_set_at"),
    /** When it was noticed that the override has run out; null: it has not, or that is not told yet. */
    overrideExpiredAt: at("override_expired_at"),
    /** The backup as it was judged last, storm or none; null: not yet. */
    backupHealth: text("backup_health", { enum: ["up", "down", "unknown"] }),
    /** The storm during which the backup failed after a switch, and its relapse count then: no second switch until it changes. */
    latchedStormId: bigint("latched_storm_id", { mode: "number" }).references(() => stormEvents.id),
    latchedRelapses: integer("latched_relapses"),
    /** The other storms active then, with their counts: [{"stormId": 8, "relapses": 0}]. */
    latchedAlso: jsonb("latched_also"),
    failbackStep: integer("failback_step"),
    failbackStepAt: at("failback_step_at"),
    /** Where a service in shadow mode would point: its decisions are recorded, its DNS is not changed. */
    shadowTarget: text("shadow_target"),
    /** It has left its backup, and that it is back is not told yet: that waits until its switches back are accepted (triggers). */
    backUntold: boolean("back_untold").notNull().default(false),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    index("service_routing_override_idx")
      .on(t.overrideUntil)
      .where(sql`${t.overrideUntil} is not null and ${t.overrideExpiredAt} is null`),
    check("service_routing_backup_health", sql`${t.backupHealth} in ('up', 'down', 'unknown')`),
    check("service_routing_override", sql`${t.overrideMode} is null or ${t.overrideMode} in ('primary', 'backup', 'frozen')`),
  ],
);

/** The live records of one domain as last read, and the outcome of the last attempt to steer them. */
export const domainRouting = pgTable("domain_routing", {
  domainId: bigint("domain_id", { mode: "number" })
    .primaryKey()
    .references(() => serviceDomains.id),
  serviceId: ref("service_id", () => services.id),
  status: text("status").notNull(),
  zoneId: text("zone_id"),
  records: jsonb("records"),
  /** What besides the pair's weights decides what Route 53 answers (`Surroundings`); null: nothing. */
  surroundings: jsonb("surroundings"),
  /** While tranche sets the other weighted records of the name, their own weights: [{"type", "setIdentifier", "weight"}]. */
  groupWeights: jsonb("group_weights"),
  /** What visitors are expected to be answered: {"types": [...], "obstacle": {...} or null}; null: there is no pair. */
  expected: jsonb("expected"),
  readAt: at("read_at"),
  primaryWeight: smallint("primary_weight"),
  backupWeight: smallint("backup_weight"),
  discoveredPrimaryTarget: text("discovered_primary_target"),
  discoveredBackupTarget: text("discovered_backup_target"),
  /** A discovered target counts only once it has answered (semantics §4). */
  discoveredPrimaryOk: boolean("discovered_primary_ok").notNull().default(false),
  discoveredBackupOk: boolean("discovered_backup_ok").notNull().default(false),
  /** How often the discovered target changed (trigger); adds to the domain's own count of set-ups. */
  primaryFound: integer("primary_found").notNull().default(0),
  backupFound: integer("backup_found").notNull().default(0),
  /** When the discovered target of the primary last changed (trigger): an edit of what triggers, made in DNS. */
  primaryFoundAt: at("primary_found_at"),
  /** Set while tranche itself has the domain on its backup. */
  movedAt: at("moved_at"),
  /** Somebody keeps changing the weights back: since then tranche makes each switch once and does not retry. */
  contestedAt: at("contested_at"),
  /** When an operator last acted: drifts found before do not count towards a fight. */
  driftResumedAt: at("drift_resumed_at"),
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
    /** Other weighted records of the name that it set with the pair, and to what; null: none. */
    members: jsonb("members"),
    reason: text("reason").notNull(),
    actor: text("actor").notNull(),
    epoch: bigint("epoch", { mode: "number" }).notNull(),
    /** The lease of the epoch: another number of shards assigns a domain to another lease. Null in rows older than this column. */
    lease: text("lease"),
    shadow: boolean("shadow").notNull().default(false),
    result: text("result", { enum: ["intent", "accepted", "insync", "unconfirmed", "failed", "superseded", "shadow"] }).notNull(),
    changeId: text("change_id"),
    error: text("error"),
    intendedAt: at("intended_at").notNull(),
    /** When DNS was last called for it: an intent may still take effect for a while after. */
    attemptedAt: at("attempted_at"),
    attempts: integer("attempts").notNull().default(1),
    acceptedAt: at("accepted_at"),
    insyncAt: at("insync_at"),
    /** When a failed switch is retried; null: it is not. */
    nextAttemptAt: at("next_attempt_at"),
    /** MD5 of the records that it was last tried on: other records are retried at once. */
    attemptedRecords: text("attempted_records"),
    /** When the provider is polled next whether the change is on all its servers, and how often it was. */
    nextCheckAt: at("next_check_at"),
    checks: integer("checks").notNull().default(0),
    /** From when on no cache may hold the old answer. */
    observeAt: at("observe_at"),
    /** What public resolvers answered once the old answer can no longer be cached; null: not queried yet, or not to be. */
    observed: jsonb("observed"),
    /** The signature of its latest record in the storm's evidence; copied by the trigger that records it. */
    proof: jsonb("proof"),
  },
  (t) => [
    index("routing_changes_service_idx").on(t.serviceId, t.id),
    index("routing_changes_domain_idx").on(t.domainId, t.id),
    index("routing_changes_storm_idx")
      .on(t.stormId, t.id)
      .where(sql`${t.stormId} is not null`),
    index("routing_changes_settled_idx")
      .on(t.domainId, t.intendedAt)
      .where(sql`${t.result} in ('accepted', 'insync', 'unconfirmed')`),
    // Not BRIN: rows are updated, and everything not vacuumed yet would be scanned.
    index("routing_changes_age_idx").on(t.intendedAt),
    index("routing_changes_open_idx")
      .on(t.domainId)
      .where(sql`${t.result} in ('intent', 'accepted')`),
    index("routing_changes_retry_idx")
      .on(t.domainId)
      .where(sql`${t.nextAttemptAt} is not null`),
    index("routing_changes_pending_idx")
      .on(t.nextCheckAt)
      .where(sql`${t.result} = 'accepted'`),
    index("routing_changes_unobserved_idx")
      .on(t.observeAt)
      .where(sql`${t.result} = 'insync' and ${t.observed} is null`),
    check("routing_changes_result", sql`${t.result} in ('intent', 'accepted', 'insync', 'unconfirmed', 'failed', 'superseded', 'shadow')`),
    check(
      "routing_changes_weights",
      sql`least(${t.fromPrimary}, ${t.fromBackup}, ${t.toPrimary}, ${t.toBackup}) >= 0
      and greatest(${t.fromPrimary}, ${t.fromBackup}, ${t.toPrimary}, ${t.toBackup}) <= 255`,
    ),
  ],
);

/** Weights that somebody else changed, as found. Append-only: the outcome follows from `routing_changes`. */
export const routingDrifts = pgTable(
  "routing_drifts",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    domainId: ref("domain_id", () => serviceDomains.id),
    recordType: text("record_type").notNull(),
    previousPrimary: smallint("previous_primary").notNull(),
    previousBackup: smallint("previous_backup").notNull(),
    /** What tranche wanted at that moment; null where it wanted nothing in particular (held, frozen). */
    expectedPrimary: smallint("expected_primary"),
    expectedBackup: smallint("expected_backup"),
    foundPrimary: smallint("found_primary").notNull(),
    foundBackup: smallint("found_backup").notNull(),
    /** Where it was other records of a steered group that were changed: the sums of their weights. */
    previousOthers: integer("previous_others"),
    foundOthers: integer("found_others"),
    /** Why it was not healed; null: it was to be healed. */
    leftAlone: text("left_alone"),
    epoch: bigint("epoch", { mode: "number" }).notNull(),
    foundAt: at("found_at").notNull(),
  },
  (t) => [index("routing_drifts_domain_idx").on(t.domainId, t.foundAt), index("routing_drifts_service_idx").on(t.serviceId, t.id)],
);
