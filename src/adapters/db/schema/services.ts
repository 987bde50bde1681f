import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, jsonb, numeric, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { customers } from "./tenants.ts";

/** The unit of failover: all domains of a service move together (semantics §3). Soft-deleted. */
export const services = pgTable(
  "services",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    name: text("name").notNull(),
    primaryCdn: text("primary_cdn").notNull(),
    backupCdn: text("backup_cdn").notNull(),
    steering: text("steering", { enum: ["auto", "shadow"] })
      .notNull()
      .default("auto"),
    /** Percent of the way back per step, ascending, the last one 100. */
    failbackSteps: jsonb("failback_steps").$type<number[]>().notNull().default([100]),
    failbackStepSeconds: integer("failback_step_seconds").notNull().default(60),
    /** What a minute of downtime costs its owner, in minor units of the currency of its customer; null: not said. */
    downtimeCentsPerMinute: integer("downtime_cents_per_minute"),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
    deletedAt: at("deleted_at"),
  },
  (t) => [
    uniqueIndex("services_name_key")
      .on(t.customerId, t.name)
      .where(sql`${t.deletedAt} is null`),
    // Deleted ones as well: billing and historical lists read them.
    index("services_customer_idx").on(t.customerId, t.id),
    check("services_steering", sql`${t.steering} in ('auto', 'shadow')`),
    check("services_two_cdns", sql`${t.primaryCdn} <> ${t.backupCdn}`),
    check("services_failback_step_seconds", sql`${t.failbackStepSeconds} between 1 and 86400`),
    check("services_downtime_cents", sql`${t.downtimeCentsPerMinute} between 0 and 1000000000`),
  ],
);

/** A hostname of a service. Unique within its customer, and among verified live domains of everybody. */
export const serviceDomains = pgTable(
  "service_domains",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    customerId: ref("customer_id", () => customers.id),
    name: text("name").notNull(),
    primaryTarget: text("primary_target"),
    backupTarget: text("backup_target"),
    probePath: text("probe_path"),
    expectStatus: text("expect_status").notNull().default("200-399"),
    normalPrimaryWeight: integer("normal_primary_weight").notNull().default(100),
    normalBackupWeight: integer("normal_backup_weight").notNull().default(0),
    /** Whether the other weighted records of the name are steered with its pair. */
    steerGroup: boolean("steer_group").notNull().default(false),
    challengeToken: text("challenge_token").notNull(),
    /** Until when an unproven claim may be proven with this token; a claim that holds the name keeps its token. */
    challengeExpiresAt: at("challenge_expires_at")
      .notNull()
      .default(sql`now() + interval '7 days'`),
    /** Since when it holds the name (domain/tenants/ownership.ts); what is below says on what grounds, and how well. */
    verifiedAt: at("verified_at"),
    /** Null: by a proof, before this was kept. */
    verifiedBy: text("verified_by", { enum: ["proof", "off", "admin"] }),
    proofSeenAt: at("proof_seen_at"),
    /** When the record is looked up next, of a claim that holds the name or disputes it. */
    proofDueAt: at("proof_due_at")
      .notNull()
      .default(sql`now() + interval '1 day'`),
    lapsedAt: at("lapsed_at"),
    /** Look-ups in a row that did not see the record. */
    absences: integer("absences").notNull().default(0),
    heldAt: at("held_at"),
    /** Of the owner: since when somebody else's proof is valid as well. Of anybody else: since when its own is. */
    disputedAt: at("disputed_at"),
    lostAt: at("lost_at"),
    /** When the proof was verified before its first switch; null: there was none yet. */
    steerCheckedAt: at("steer_checked_at"),
    /** Increments with every change of the claim: optimistic locking. */
    claimRev: integer("claim_rev").notNull().default(0),
    /** When its primary (or the name itself, where there is none) was first known to be up since its latest set-up. */
    seenHealthyAt: at("seen_healthy_at"),
    /** By path, how often its probed set-up has changed (trigger): a sample counts only for its own set-up. */
    primarySetup: integer("primary_setup").notNull().default(0),
    backupSetup: integer("backup_setup").notNull().default(0),
    directSetup: integer("direct_setup").notNull().default(0),
    /** When what triggers a storm was last edited on the domain itself: a target, the path, the expected codes (trigger). Creation is an edit. */
    triggerEditedAt: at("trigger_edited_at").notNull().defaultNow(),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
    deletedAt: at("deleted_at"),
  },
  (t) => [
    uniqueIndex("service_domains_customer_name_key")
      .on(t.customerId, t.name)
      .where(sql`${t.deletedAt} is null`),
    uniqueIndex("service_domains_verified_name_key")
      .on(t.name)
      .where(sql`${t.deletedAt} is null and ${t.verifiedAt} is not null`),
    index("service_domains_proof_due_idx")
      .on(t.proofDueAt)
      .where(sql`${t.deletedAt} is null and (${t.verifiedAt} is not null or ${t.disputedAt} is not null)`),
    index("service_domains_troubled_idx")
      .on(t.id)
      .where(sql`${t.deletedAt} is null and (${t.lapsedAt} is not null or ${t.disputedAt} is not null)`),
    index("service_domains_service_idx")
      .on(t.serviceId, t.id)
      .where(sql`${t.deletedAt} is null`),
    // Deleted ones as well: evidence of an active storm may be of a domain deleted since.
    index("service_domains_ever_idx").on(t.serviceId),
    check("service_domains_verified_by", sql`${t.verifiedBy} in ('proof', 'off', 'admin')`),
    check(
      "service_domains_weights",
      sql`${t.normalPrimaryWeight} between 0 and 255
      and ${t.normalBackupWeight} between 0 and 255 and ${t.normalPrimaryWeight} + ${t.normalBackupWeight} > 0`,
    ),
  ],
);

/** When a service counts as stormy. The terms live in `storm_policy_versions`: each change adds one. */
export const stormPolicies = pgTable(
  "storm_policies",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    kind: text("kind", { enum: ["http_availability", "http_latency"] }).notNull(),
    version: integer("version").notNull().default(1),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
    deletedAt: at("deleted_at"),
  },
  (t) => [
    uniqueIndex("storm_policies_live_key")
      .on(t.serviceId, t.kind)
      .where(sql`${t.deletedAt} is null`),
    check("storm_policies_kind", sql`${t.kind} in ('http_availability', 'http_latency')`),
  ],
);

/** The terms of one version of a policy. Immutable, so a storm can be judged and proven by them. */
export const stormPolicyVersions = pgTable(
  "storm_policy_versions",
  {
    policyId: ref("policy_id", () => stormPolicies.id),
    version: integer("version").notNull(),
    thresholdAvail: numeric("threshold_avail", { mode: "number" }).notNull(),
    windowSeconds: integer("window_seconds").notNull(),
    cooldownSeconds: integer("cooldown_seconds").notNull(),
    maxCoverageFactor: numeric("max_coverage_factor", { mode: "number" }).notNull(),
    minSamples: integer("min_samples").notNull(),
    minFailures: integer("min_failures").notNull(),
    latencyMs: integer("latency_ms"),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.policyId, t.version] }),
    check(
      "storm_policy_versions_bounds",
      sql`${t.thresholdAvail} > 0 and ${t.thresholdAvail} <= 1
      and ${t.windowSeconds} between 1 and 3600 and ${t.cooldownSeconds} between 0 and 86400
      and ${t.maxCoverageFactor} > 0 and ${t.maxCoverageFactor} <= 10
      and ${t.minSamples} between 1 and 100 and ${t.minFailures} between 1 and 100
      and (${t.latencyMs} is null or ${t.latencyMs} between 1 and 60000)`,
    ),
    check(
      "storm_policy_versions_scale",
      sql`scale(trim_scale(${t.thresholdAvail})) <= 4 and scale(trim_scale(${t.maxCoverageFactor})) <= 4`,
    ),
  ],
);

/** One row: facts on which both providers must agree, so they are stored here and not in an environment. */
export const settings = pgTable(
  "settings",
  {
    id: bigint("id", { mode: "number" }).primaryKey().default(1),
    shards: integer("shards").notNull().default(1),
    usageWindowSeconds: integer("usage_window_seconds"),
    /** Since when usage is kept per host: windows that were stored before have no readings to compare them with. */
    usageFactsSince: at("usage_facts_since").notNull().defaultNow(),
    /** The freeze of everything: in force since `freeze_set_at`, until `freeze_until` or until it is lifted. */
    freezeReason: text("freeze_reason"),
    freezeUntil: at("freeze_until"),
    freezeActor: text("freeze_actor"),
    freezeSetAt: at("freeze_set_at"),
    /** When it was noticed that the freeze has run out; null: it has not, or that is not told yet. */
    freezeExpiredAt: at("freeze_expired_at"),
    /** Panic: nothing is written to any outside system since then, until it is lifted. Null: it is off. */
    panicReason: text("panic_reason"),
    panicActor: text("panic_actor"),
    panicSetAt: at("panic_set_at"),
    /** As `session_epoch` of a token, of the sessions of ADMIN_TOKEN. */
    bootstrapSessionEpoch: integer("bootstrap_session_epoch").notNull().default(0),
  },
  (t) => [check("settings_single_row", sql`${t.id} = 1`), check("settings_shards", sql`${t.shards} between 1 and 1024`)],
);
