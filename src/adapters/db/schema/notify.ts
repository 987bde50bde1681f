import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { stormEvents } from "./detection.ts";
import { services } from "./services.ts";
import { customers } from "./tenants.ts";

/**
 * The outbox: a row for each change that people are told of, written by triggers in the statement that makes the change
 * (decision 64). Which messages come of it is decided by `domain/notify/`.
 */
export const notifications = pgTable(
  "notifications",
  {
    id: id(),
    /** Whom it concerns; null: the operator alone. */
    customerId: bigint("customer_id", { mode: "number" }).references(() => customers.id),
    serviceId: bigint("service_id", { mode: "number" }).references(() => services.id),
    stormId: bigint("storm_id", { mode: "number" }).references(() => stormEvents.id),
    /** One of `domain/notify/kinds.ts`. */
    kind: text("kind").notNull(),
    /** What it is about where that is no incident: changes of one subject are told in order, and may be folded. */
    subject: text("subject").notNull(),
    /** Names and figures as they were at that moment. */
    facts: jsonb("facts").notNull(),
    occurredAt: at("occurred_at").notNull(),
    /** When its messages were decided; null: not yet. */
    expandedAt: at("expanded_at"),
  },
  (t) => [
    index("notifications_new_idx")
      .on(t.id)
      .where(sql`${t.expandedAt} is null`),
    index("notifications_customer_idx").on(t.customerId, t.id),
    index("notifications_service_idx")
      .on(t.serviceId, t.id)
      .where(sql`${t.serviceId} is not null`),
    index("notifications_age_idx").on(t.occurredAt),
  ],
);

/** Where messages go. The secret (an address with a key in it, a signing key) is sealed with SECRETS_KEY and never handed out. */
export const channels = pgTable(
  "channels",
  {
    id: id(),
    /** Null: the operator's. */
    customerId: bigint("customer_id", { mode: "number" }).references(() => customers.id),
    name: text("name").notNull(),
    kind: text("kind", { enum: ["webhook", "slack", "pagerduty", "email"] }).notNull(),
    /** What may be shown: the host of its address, the recipients. */
    settings: jsonb("settings").notNull(),
    /** Empty once the channel is deleted. */
    sealedSecret: text("sealed_secret").notNull(),
    /** Which kinds it wants; null: all. */
    kinds: text("kinds").array(),
    minSeverity: text("min_severity", { enum: ["info", "warning", "critical"] })
      .notNull()
      .default("info"),
    /** Of which services; null: of all, and what concerns none. */
    serviceIds: bigint("service_ids", { mode: "number" }).array(),
    /** When its recipients agreed, or when it was created where nobody has to. Null: nothing is sent. */
    confirmedAt: at("confirmed_at"),
    /** SHA-256 of the code that confirms it, lower-case hex, and until when it does. */
    confirmHash: text("confirm_hash"),
    confirmUntil: at("confirm_until"),
    /** Codes that were wrong since it was sent. */
    confirmMisses: integer("confirm_misses").notNull().default(0),
    /** Set by the receiver (HTTP 410), or an editor; nothing is sent. */
    disabledAt: at("disabled_at"),
    disabledReason: text("disabled_reason"),
    /** Failed attempts in a row, and until when nothing is tried after so many. */
    failures: integer("failures").notNull().default(0),
    pausedUntil: at("paused_until"),
    lastSentAt: at("last_sent_at"),
    lastError: text("last_error"),
    lastErrorAt: at("last_error_at"),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
    deletedAt: at("deleted_at"),
  },
  (t) => [
    uniqueIndex("channels_live_name_key")
      .on(sql`coalesce(${t.customerId}, 0)`, t.name)
      .where(sql`${t.deletedAt} is null`),
    index("channels_customer_idx").on(t.customerId, t.id),
    check("channels_kind", sql`${t.kind} in ('webhook', 'slack', 'pagerduty', 'email')`),
    check("channels_min_severity", sql`${t.minSeverity} in ('info', 'warning', 'critical')`),
    check("channels_confirm_hash", sql`${t.confirmHash} ~ '^[0-9a-f]{64}$'`),
  ],
);

/**
 * What one CDN does to many services at once, as one thing to be told: of a customer, and (customer null) of the whole
 * installation. `storm`: as a primary it fails; `backup`: as a backup it does not answer.
 */
export const incidents = pgTable(
  "incidents",
  {
    id: id(),
    customerId: bigint("customer_id", { mode: "number" }).references(() => customers.id),
    cdn: text("cdn").notNull(),
    kind: text("kind", { enum: ["storm", "backup"] }).notNull(),
    startedAt: at("started_at").notNull(),
    /** The latest beginning, relapse or end of any of its storms. */
    lastEdgeAt: at("last_edge_at").notNull(),
    endedAt: at("ended_at"),
  },
  (t) => [
    uniqueIndex("incidents_open_key")
      .on(sql`coalesce(${t.customerId}, 0)`, t.cdn, t.kind)
      .where(sql`${t.endedAt} is null`),
    index("incidents_customer_idx").on(t.customerId, t.id),
    index("incidents_edge_idx").on(t.lastEdgeAt),
    check("incidents_kind", sql`${t.kind} in ('storm', 'backup')`),
  ],
);

/** The services of an incident. `storm_id`: the latest storm of a `storm` incident; 0 where there is none. */
export const incidentServices = pgTable(
  "incident_services",
  {
    incidentId: ref("incident_id", () => incidents.id),
    serviceId: ref("service_id", () => services.id),
    stormId: bigint("storm_id", { mode: "number" }).notNull().default(0),
    joinedAt: at("joined_at").notNull(),
    /** When its part was over; null: it is not. */
    leftAt: at("left_at"),
  },
  (t) => [
    primaryKey({ columns: [t.incidentId, t.serviceId, t.stormId] }),
    index("incident_services_service_idx").on(t.serviceId, t.incidentId),
    index("incident_services_storm_idx").on(t.stormId),
  ],
);

/** A message to one channel. Those of one thread are sent in the order of `seq`; its id is the message's for whoever receives it. */
export const deliveries = pgTable(
  "deliveries",
  {
    id: id(),
    channelId: ref("channel_id", () => channels.id),
    thread: text("thread").notNull(),
    seq: integer("seq").notNull(),
    action: text("action", { enum: ["event", "trigger", "update", "resolve"] }).notNull(),
    kind: text("kind").notNull(),
    severity: text("severity", { enum: ["info", "warning", "critical"] }).notNull(),
    /** The newest notification that it tells of, and the oldest. */
    notificationId: ref("notification_id", () => notifications.id),
    firstNotificationId: bigint("first_notification_id", { mode: "number" }).notNull(),
    incidentId: bigint("incident_id", { mode: "number" }).references(() => incidents.id),
    state: text("state", { enum: ["pending", "sent", "dead", "folded", "dropped"] })
      .notNull()
      .default("pending"),
    /** What is sent (`domain/notify/message.ts`), as it was when it was first tried: every attempt says the same. Null: not tried yet. */
    message: jsonb("message"),
    attempts: integer("attempts").notNull().default(0),
    nextAt: at("next_at").notNull(),
    /** Who is sending it: the epoch of the job's lease, and until when that is to be believed. */
    claimedEpoch: bigint("claimed_epoch", { mode: "number" }),
    claimedUntil: at("claimed_until"),
    lastStatus: text("last_status"),
    createdAt: createdAt(),
    endedAt: at("ended_at"),
    /** Asked for again by somebody, of a message that was sent before. */
    replay: boolean("replay").notNull().default(false),
  },
  (t) => [
    uniqueIndex("deliveries_thread_key").on(t.channelId, t.thread, t.seq),
    index("deliveries_turns_idx")
      .on(t.channelId, t.thread, t.seq)
      .where(sql`${t.action} in ('trigger', 'resolve')`),
    index("deliveries_due_idx")
      .on(t.channelId, t.nextAt, t.id)
      .where(sql`${t.state} = 'pending'`),
    index("deliveries_waiting_idx")
      .on(t.channelId, t.thread, t.seq)
      .where(sql`${t.state} = 'pending'`),
    // Which message of a thread tells of a notification.
    index("deliveries_told_idx").on(t.channelId, t.thread, t.notificationId),
    index("deliveries_channel_idx").on(t.channelId, t.id),
    index("deliveries_notification_idx").on(t.notificationId),
    index("deliveries_incident_idx")
      .on(t.incidentId)
      .where(sql`${t.incidentId} is not null`),
    index("deliveries_age_idx")
      .on(t.endedAt)
      .where(sql`${t.endedAt} is not null`),
    check("deliveries_state", sql`${t.state} in ('pending', 'sent', 'dead', 'folded', 'dropped')`),
    check("deliveries_action", sql`${t.action} in ('event', 'trigger', 'update', 'resolve')`),
    check("deliveries_severity", sql`${t.severity} in ('info', 'warning', 'critical')`),
    check("deliveries_ended", sql`(${t.state} = 'pending') = (${t.endedAt} is null)`),
  ],
);
