import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { services } from "./services.ts";
import { customers } from "./tenants.ts";

/**
 * A customer's own way to an AWS account whose costs are watched: as `dns_accounts`, an access key, sealed, or a role with the external id
 * that was made here. With a bucket its CloudTrail files are read; without one only what idles is looked for.
 */
export const costAccounts = pgTable(
  "cost_accounts",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    name: text("name").notNull(),
    accessKeyId: text("access_key_id"),
    /** Empty once the account is removed. */
    sealedSecret: text("sealed_secret"),
    roleArn: text("role_arn"),
    externalId: text("external_id"),
    /** Of the bucket, and of STS. */
    region: text("region").notNull(),
    bucket: text("bucket"),
    /** What precedes `AWSLogs/` in the keys of the trail's files: empty, or ends with a slash. */
    prefix: text("prefix").notNull().default(""),
    /** The AWS accounts whose files are read. */
    awsAccounts: text("aws_accounts").array().notNull(),
    /** Which regions' files are read, and in which idle resources are looked for. */
    regions: text("regions").array().notNull(),
    createdAt: createdAt(),
    /** When its files were last looked for, successfully or not: whose turn it is. */
    triedAt: at("tried_at"),
    lastReadAt: at("last_read_at"),
    lastError: text("last_error"),
    deletedAt: at("deleted_at"),
  },
  (t) => [
    uniqueIndex("cost_accounts_name_key")
      .on(t.customerId, t.name)
      .where(sql`${t.deletedAt} is null`),
    check(
      "cost_accounts_one_form",
      sql`(${t.accessKeyId} is null) <> (${t.roleArn} is null)
      and (${t.accessKeyId} is null) = (${t.sealedSecret} is null) and (${t.roleArn} is null) = (${t.externalId} is null)`,
    ),
    check("cost_accounts_prefix", sql`${t.prefix} = '' or ${t.prefix} ~ '/$'`),
  ],
);

/** How far the files under one prefix of an account's bucket were read: moved in the statement that stores what was read. */
export const costCursors = pgTable(
  "cost_cursors",
  {
    accountId: ref("account_id", () => costAccounts.id),
    /** Up to the region: `AWSLogs/123456789012/CloudTrail/eu-central-1/`. */
    prefix: text("prefix").notNull(),
    /** The last key that was read. The hour before it is listed again. */
    lastKey: text("last_key").notNull(),
    updatedAt: at("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.prefix] })],
);

/** What is known of files besides the cursor: those of the hour that is listed again, and those that could not be read to their end. */
export const costFiles = pgTable(
  "cost_files",
  {
    accountId: ref("account_id", () => costAccounts.id),
    key: text("key").notNull(),
    /** `failed` is tried again; `skipped` was tried often enough. */
    state: text("state", { enum: ["done", "failed", "skipped"] }).notNull(),
    tries: integer("tries").notNull().default(0),
    lastError: text("last_error"),
    updatedAt: at("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.key] })],
);

/** What a CDN charges a customer: by it egress is money. */
export const costRates = pgTable(
  "cost_rates",
  {
    customerId: ref("customer_id", () => customers.id),
    cdn: text("cdn").notNull(),
    /** Of 10^9 bytes, in cents; null: not known. */
    centsPerGb: numeric("cents_per_gb", { precision: 12, scale: 4 }),
    /** What the contract costs a month, whether it is used or not; null: not known. */
    monthlyCents: bigint("monthly_cents", { mode: "number" }),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.customerId, t.cdn] }),
    check(
      "cost_rates_values",
      sql`${t.centsPerGb} >= 0 and ${t.monthlyCents} >= 0 and coalesce(${t.centsPerGb}, ${t.monthlyCents}) is not null`,
    ),
  ],
);

/** The queue between what comes in and what is scored: events that came together, claimed by FOR UPDATE SKIP LOCKED. */
export const costBatches = pgTable(
  "cost_batches",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    source: text("source", { enum: ["push", "s3", "agent", "cloudflare"] }).notNull(),
    /** Where it lies in the archive as it was received; null: there is none. */
    archiveKey: text("archive_key"),
    /** Of its events, those that are to be scored. */
    eventIds: uuid("event_ids").array().notNull(),
    state: text("state", { enum: ["queued", "dead"] })
      .notNull()
      .default("queued"),
    tries: integer("tries").notNull().default(0),
    nextTryAt: at("next_try_at").notNull().defaultNow(),
    lastError: text("last_error"),
    createdAt: createdAt(),
  },
  (t) => [
    index("cost_batches_queue_idx")
      .on(t.nextTryAt, t.id)
      .where(sql`${t.state} = 'queued'`),
    index("cost_batches_customer_idx").on(t.customerId, t.id),
    check("cost_batches_tries", sql`${t.tries} >= 0`),
  ],
);

/** Something that began or changed what is paid: one row an event, however often and by whichever way it came. */
export const costEvents = pgTable(
  "cost_events",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    customerId: ref("customer_id", () => customers.id),
    /** The sender's own, unique within the customer. */
    eventId: text("event_id").notNull(),
    accountId: text("account_id").notNull(),
    resourceType: text("resource_type").notNull(),
    resourceId: text("resource_id"),
    actor: text("actor"),
    hourlyCostCents: doublePrecision("hourly_cost_cents"),
    occurredAt: at("occurred_at").notNull(),
    /** As it came. */
    data: jsonb("data"),
    /** Null: not scored yet, or not scored by itself, as its cost is not known. */
    severity: text("severity", { enum: ["none", "medium", "high", "critical"] }),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex("cost_events_event_key").on(t.customerId, t.eventId),
    index("cost_events_time_idx").on(t.customerId, t.occurredAt, t.id),
    index("cost_events_created_idx").on(t.createdAt),
    index("cost_events_data_idx").using("gin", t.data.op("jsonb_path_ops")),
    check("cost_events_cents", sql`${t.hourlyCostCents} >= 0`),
  ],
);

/**
 * A series and what is usual of it. `priced`: each event of an account and resource type with a known cost; `calls`: how many of those without
 * one there were in an hour; `egress`: an hour of a service on a CDN, or on all of them (no CDN).
 */
export const costSeries = pgTable(
  "cost_series",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    kind: text("kind", { enum: ["priced", "calls", "egress"] }).notNull(),
    /** Of an AWS account; of egress empty. */
    accountId: text("account_id").notNull().default(""),
    /** Of egress `egress:cents` or `egress:bytes`: a rate that becomes known begins another series. */
    resourceType: text("resource_type").notNull(),
    serviceId: bigint("service_id", { mode: "number" }).references(() => services.id),
    cdn: text("cdn"),
    unit: text("unit", { enum: ["cents", "bytes", "calls"] }).notNull(),
    /** `Memory` of domain/cost/watched.ts, without its seasons. */
    memory: jsonb("memory").notNull(),
    /** What of the memory is looked at: cents, or of other units that. Always in step with it. */
    meanHourlyCost: doublePrecision("mean_hourly_cost").notNull().default(0),
    stddev: doublePrecision("stddev").notNull().default(0),
    eventCount: bigint("event_count", { mode: "number" }).notNull().default(0),
    /** Names, the latest seen first; 200 at most. */
    observedActors: jsonb("observed_actors").notNull().default([]),
    /** Of egress and calls the last hour that was judged, by its beginning; null: none yet. */
    lastHour: at("last_hour"),
    /** How often it was written: whoever has read another version writes nothing. */
    version: bigint("version", { mode: "number" }).notNull().default(1),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex("cost_series_key").on(
      t.customerId,
      t.kind,
      t.accountId,
      t.resourceType,
      sql`coalesce(${t.serviceId}, 0)`,
      sql`coalesce(${t.cdn}, '')`,
    ),
    index("cost_series_service_idx").on(t.serviceId),
    check("cost_series_kind", sql`(${t.kind} = 'egress') = (${t.serviceId} is not null)`),
  ],
);

/**
 * What is usual of a series of egress at an hour of the week (0 to 167, from Monday) and of the day (168 to 191): apart from its memory, as an hour
 * that is judged needs two of them. `Moments` of domain/cost/moments.ts.
 */
export const costSeasons = pgTable(
  "cost_seasons",
  {
    seriesId: ref("series_id", () => costSeries.id),
    hour: smallint("hour").notNull(),
    count: integer("count").notNull(),
    mean: doublePrecision("mean").notNull(),
    rest: doublePrecision("rest").notNull(),
    m2: doublePrecision("m2").notNull(),
  },
  (t) => [primaryKey({ columns: [t.seriesId, t.hour] }), check("cost_seasons_hour", sql`${t.hour} between 0 and 191`)],
);

/** An hour of a series as it was scored: what a trend is drawn from. */
export const costHours = pgTable(
  "cost_hours",
  {
    seriesId: ref("series_id", () => costSeries.id),
    /** Its beginning. */
    hour: at("hour").notNull(),
    /** In the unit of the series. */
    value: doublePrecision("value").notNull(),
    /** What was usual when it was scored, and how far from that is still usual; null: too little was known. */
    usualLow: doublePrecision("usual_low"),
    usualMean: doublePrecision("usual_mean"),
    usualHigh: doublePrecision("usual_high"),
    score: doublePrecision("score").notNull().default(0),
    severity: text("severity", { enum: ["none", "medium", "high", "critical"] })
      .notNull()
      .default("none"),
    /** `expected: storm` and the like: why it was kept out of the baseline; null: it was not. */
    label: text("label"),
  },
  (t) => [primaryKey({ columns: [t.seriesId, t.hour] }), index("cost_hours_hour_idx").on(t.hour)],
);

/** What is odd of a series: one until it is resolved. */
export const costAnomalies = pgTable(
  "cost_anomalies",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    seriesId: ref("series_id", () => costSeries.id),
    state: text("state", { enum: ["open", "acknowledged", "snoozed", "expected", "resolved"] })
      .notNull()
      .default("open"),
    severity: text("severity", { enum: ["medium", "high", "critical"] }).notNull(),
    /** The greatest of its hours. */
    score: doublePrecision("score").notNull(),
    /** For whoever pays, with the figures that made it. */
    explanation: text("explanation").notNull(),
    /** `Verdict` or `SeriesVerdict` of its worst hour. */
    figures: jsonb("figures").notNull(),
    /** Of its worst hour, in the unit of the series. */
    value: doublePrecision("value").notNull(),
    usual: doublePrecision("usual"),
    /** The hours that were odd: the first, the last, how many. */
    firstHour: at("first_hour").notNull(),
    lastHour: at("last_hour").notNull(),
    hours: integer("hours").notNull().default(1),
    /** How many usual hours in a row there were since. */
    calmHours: integer("calm_hours").notNull().default(0),
    snoozedUntil: at("snoozed_until"),
    /** Who last changed its state, when and why; null: nobody has. */
    changedBy: text("changed_by"),
    changedAt: at("changed_at"),
    note: text("note"),
    /** When a person said that it was expected, kept beyond its end: what false alarms are counted by. Null: nobody did. */
    expectedAt: at("expected_at"),
    /** How the customer was told of it: by the mode at that time. */
    mode: text("mode", { enum: ["shadow", "audit", "enforce"] }).notNull(),
    /** When its customer was last told of it; null: never, as in shadow, or where too many were odd at once. */
    toldAt: at("told_at"),
    createdAt: createdAt(),
    resolvedAt: at("resolved_at"),
  },
  (t) => [
    uniqueIndex("cost_anomalies_live_key")
      .on(t.seriesId)
      .where(sql`${t.resolvedAt} is null`),
    index("cost_anomalies_customer_idx").on(t.customerId, t.id),
    index("cost_anomalies_told_idx")
      .on(t.customerId, t.toldAt)
      .where(sql`${t.toldAt} is not null`),
    check("cost_anomalies_snooze", sql`(${t.state} = 'snoozed') = (${t.snoozedUntil} is not null)`),
    check("cost_anomalies_end", sql`(${t.state} = 'resolved') = (${t.resolvedAt} is not null)`),
  ],
);

/** What idles, or would not pay. Reported, never removed. */
export const zombies = pgTable(
  "zombies",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    rule: text("rule").notNull(),
    /** With the rule, what it is known by, whatever it is called meanwhile: `service 12 on fastly`; null: by its resource. */
    key: text("key"),
    resource: text("resource").notNull(),
    /** The account at AWS, a CDN or DNS; empty: it is of none. */
    account: text("account").notNull().default(""),
    serviceId: bigint("service_id", { mode: "number" }).references(() => services.id),
    severity: text("severity", { enum: ["critical", "warning"] }).notNull(),
    state: text("state", { enum: ["open", "dismissed", "remediated"] })
      .notNull()
      .default("open"),
    firstSeen: at("first_seen").notNull(),
    lastSeen: at("last_seen").notNull(),
    lastActivity: at("last_activity").notNull(),
    /** Exact cents; null: no price is known. */
    estimatedMonthlyWaste: bigint("estimated_monthly_waste", { mode: "number" }),
    reason: text("reason").notNull(),
    remedy: text("remedy").notNull(),
    changedBy: text("changed_by"),
    changedAt: at("changed_at"),
    note: text("note"),
    remediatedAt: at("remediated_at"),
  },
  (t) => [
    uniqueIndex("zombies_live_key")
      .on(t.customerId, t.rule, sql`coalesce(${t.key}, ${t.resource})`)
      .where(sql`${t.state} <> 'remediated'`),
    index("zombies_customer_idx").on(t.customerId, t.id),
    check("zombies_end", sql`(${t.state} = 'remediated') = (${t.remediatedAt} is not null)`),
  ],
);

/** Since when something of an outside system is seen to idle, where that does not say since when: remembered until it is told, or is used again. */
export const zombieSightings = pgTable(
  "zombie_sightings",
  {
    customerId: ref("customer_id", () => customers.id),
    rule: text("rule").notNull(),
    resource: text("resource").notNull(),
    account: text("account").notNull().default(""),
    firstSeen: at("first_seen").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.customerId, t.rule, t.resource, t.account] })],
);

/** What of a customer's facts could not be read in the last hunt, and why: what is not known is not idle. */
export const zombieHunts = pgTable("zombie_hunts", {
  customerId: bigint("customer_id", { mode: "number" })
    .primaryKey()
    .references(() => customers.id),
  /** When it last ended well; null: never yet. */
  huntedAt: at("hunted_at"),
  /** When it was last begun, however it ended: whose turn it is. */
  triedAt: at("tried_at"),
  /** `[{source, problem}]`, such as `ec2:DescribeAddresses of 123456789012 in eu-central-1`. */
  unread: jsonb("unread").notNull().default([]),
});

/** How a customer is told of anomalies of cost: not at all, for the record, in earnest. No row: shadow, since the customer exists. */
export const costModes = pgTable("cost_modes", {
  customerId: bigint("customer_id", { mode: "number" })
    .primaryKey()
    .references(() => customers.id),
  mode: text("mode", { enum: ["shadow", "audit", "enforce"] }).notNull(),
  since: at("since").notNull().defaultNow(),
  changedBy: text("changed_by").notNull(),
  /** When the customer was last told that more is odd than is told one by one; null: that is over. */
  summarisedAt: at("summarised_at"),
});

/** A circuit breaker of a service outside, called in the name of one account: a row from its first failure until it has long been well. */
export const breakers = pgTable(
  "breakers",
  {
    /** `cdn:12`, `cdn:cloudflare`, `archive`: its kind, and whose. */
    name: text("name").primaryKey(),
    kind: text("kind", { enum: ["cdn", "timestamp", "s3", "ec2", "archive"] }).notNull(),
    /** Null: the operator's. */
    customerId: bigint("customer_id", { mode: "number" }).references(() => customers.id),
    /** Of `cdn_accounts`, or of `cost_accounts`, by its kind; null: the operator's. It goes with its account. */
    accountId: bigint("account_id", { mode: "number" }),
    /** Times of the latest failures, the newest last; five at most. */
    failures: at("failures").array().notNull(),
    /** Failures since the last answer; five at most. */
    inARow: integer("in_a_row").notNull().default(0),
    /** How often in a row it was paused; 0: it is closed. */
    pauses: integer("pauses").notNull().default(0),
    openedAt: at("opened_at"),
    /** When one call is let through again; null: it is closed. */
    probeAt: at("probe_at"),
    /** Until when that call is somebody's; null: nobody's. */
    claimedUntil: at("claimed_until"),
    lastError: text("last_error").notNull(),
    /** Counts its changes: whoever finds another one than was read has to read it anew. */
    version: bigint("version", { mode: "number" }).notNull().default(1),
    updatedAt: at("updated_at").notNull(),
  },
  (t) => [
    index("breakers_customer_idx").on(t.customerId),
    check("breakers_open", sql`(${t.openedAt} is null) = (${t.probeAt} is null) and (${t.openedAt} is null) = (${t.pauses} = 0)`),
    check("breakers_owner", sql`(${t.customerId} is null) = (${t.accountId} is null)`),
  ],
);
