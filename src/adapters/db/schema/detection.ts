import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { serviceDomains, services, stormPolicies } from "./services.ts";

/**
 * One probe. `round_at` is the slot of the round and `attempt` 0 the probe, 1 and 2 its confirmations: the key is the
 * same for a doubled round, so a sample is never counted twice.
 */
export const probeSamples = pgTable(
  "probe_samples",
  {
    serviceId: bigint("service_id", { mode: "number" }).notNull(),
    domainId: ref("domain_id", () => serviceDomains.id),
    path: text("path", { enum: ["primary", "backup", "direct"] }).notNull(),
    vantage: text("vantage").notNull(),
    roundAt: at("round_at").notNull(),
    attempt: smallint("attempt").notNull(),
    probedAt: at("probed_at").notNull(),
    ok: boolean("ok").notNull(),
    status: smallint("status"),
    latencyMs: integer("latency_ms").notNull(),
    error: text("error"),
    /** Of the path's set-ups the one that was probed (`service_domains`); null: the first, which costs a row no space. */
    setup: smallint("setup"),
  },
  (t) => [
    primaryKey({ columns: [t.domainId, t.roundAt, t.path, t.vantage, t.attempt] }),
    index("probe_samples_age_idx").using("brin", t.probedAt),
    check("probe_samples_path", sql`${t.path} in ('primary', 'backup', 'direct')`),
    check("probe_samples_error", sql`${t.ok} = (${t.error} is null)`),
  ],
);

/**
 * The latest slot in which a set-up of a path was probed from a vantage, to the minute: it advances by a minute or more, so
 * the newest sample is less than a minute after it. Tells how long a path has had no sample, however long that is.
 */
export const probeMarks = pgTable(
  "probe_marks",
  {
    domainId: ref("domain_id", () => serviceDomains.id),
    path: text("path", { enum: ["primary", "backup", "direct"] }).notNull(),
    vantage: text("vantage").notNull(),
    setup: smallint("setup").notNull(),
    roundAt: at("round_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.domainId, t.path, t.vantage, t.setup] })],
);

/** Where probes come from, and when each was last heard. */
export const vantages = pgTable("vantages", {
  name: text("name").primaryKey(),
  lastHeardAt: at("last_heard_at").notNull(),
  /** The data centre or region that it last probed from; null where its platform does not report it. */
  place: text("place"),
});

/**
 * A process that probes from elsewhere, as the vantage `agent:<name>`. It proves who it is by the key whose public half is kept
 * here: nothing in the database speaks for it. A deleted one stays, as a revoked token does.
 */
export const probeAgents = pgTable(
  "probe_agents",
  {
    id: id(),
    name: text("name").notNull(),
    /** Where it says to be, as its operator wrote it. */
    location: text("location"),
    /** Ed25519, 32 bytes in base64url. */
    publicKey: text("public_key").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: createdAt(),
    deletedAt: at("deleted_at"),
    /** When samples of it were last taken; null: never. */
    lastSampleAt: at("last_sample_at"),
    /** By how much its clock was ahead of the database's when it last sent some, in milliseconds, its way included. */
    clockSkewMs: integer("clock_skew_ms"),
    version: text("version"),
  },
  (t) => [
    uniqueIndex("probe_agents_public_key_key").on(t.publicKey),
    // Of deleted ones as well: what two of one name have seen could not be told apart.
    uniqueIndex("probe_agents_name_key").on(t.name),
    check("probe_agents_name", sql`${t.name} ~ '^[a-z0-9][a-z0-9-]{0,39}$'`),
    check("probe_agents_public_key", sql`${t.publicKey} ~ '^[A-Za-z0-9_-]{43}$'`),
  ],
);

/** A storm. At most one active per service and kind; it keeps the policy version and factor with which it began. */
export const stormEvents = pgTable(
  "storm_events",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    policyId: ref("policy_id", () => stormPolicies.id),
    policyVersion: integer("policy_version").notNull(),
    kind: text("kind", { enum: ["http_availability", "http_latency"] }).notNull(),
    state: text("state", { enum: ["storm", "recovering", "ended"] }).notNull(),
    monitorOnly: boolean("monitor_only").notNull().default(false),
    startedAt: at("started_at").notNull(),
    detectedAt: at("detected_at").notNull(),
    recoveringSince: at("recovering_since"),
    endedAt: at("ended_at"),
    endedReason: text("ended_reason"),
    /** The signature of its end, where its policy or service was deleted; copied by the trigger that records it. */
    proof: jsonb("proof"),
    relapses: integer("relapses").notNull().default(0),
    maxCoverageFactor: numeric("max_coverage_factor", { mode: "number" }).notNull(),
    /** Whether the storm earns a discount, and why (`domain/billing/credit.ts`); decided when it begins, later by a witness or an admin alone. */
    credit: text("credit", { enum: ["earned", "pending", "refused"] })
      .notNull()
      .default("earned"),
    creditReason: text("credit_reason"),
    /** Until when a corroborated storm counts at most: while its CDN is seen failing; null: no such limit. */
    creditedUntil: at("credited_until"),
  },
  (t) => [
    uniqueIndex("storm_events_active_key")
      .on(t.serviceId, t.kind)
      .where(sql`${t.endedAt} is null`),
    index("storm_events_service_idx").on(t.serviceId, t.startedAt),
    // For storms that overlap a span, among all of a service.
    index("storm_events_end_idx").on(t.serviceId, sql`coalesce(${t.endedAt}, 'infinity'::timestamptz)`, t.startedAt),
    index("storm_events_list_idx").on(t.serviceId, t.id),
    check(
      "storm_events_state",
      sql`${t.state} in ('storm', 'recovering', 'ended')
      and (${t.state} = 'ended') = (${t.endedAt} is not null)
      and (${t.state} = 'ended') = (${t.endedReason} is not null)
      and (${t.state} <> 'recovering' or ${t.recoveringSince} is not null)`,
    ),
    check("storm_events_order", sql`${t.endedAt} is null or ${t.endedAt} >= ${t.startedAt}`),
    check("storm_events_factor", sql`${t.maxCoverageFactor} > 0`),
    check("storm_events_credit", sql`${t.credit} in ('earned', 'pending', 'refused')`),
    // The few that wait for a witness, or count by one.
    index("storm_events_corroboration_idx")
      .on(t.detectedAt)
      .where(sql`${t.credit} = 'pending' or (${t.creditedUntil} is not null and ${t.endedAt} is null)`),
  ],
);
