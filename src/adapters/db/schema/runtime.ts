import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, jsonb, pgTable, primaryKey, real, text } from "drizzle-orm/pg-core";
import { at } from "./columns.ts";

/** Who may act: one row per shard and per job. Each acquisition raises the epoch (semantics §10). */
export const leases = pgTable("leases", {
  name: text("name").primaryKey(),
  holder: text("holder").notNull(),
  provider: text("provider").notNull(),
  epoch: bigint("epoch", { mode: "number" }).notNull().default(1),
  acquiredAt: at("acquired_at").notNull(),
  expiresAt: at("expires_at").notNull(),
  releasedAt: at("released_at"),
  /** The holder before the latest acquisition; null: it was the first. */
  takenFrom: text("taken_from"),
  /** Of a shard: when a round last judged its services. Time in which none did is not measured. */
  judgedAt: at("judged_at"),
});

/** The latest run of each provider's tick, per shard: one that runs on where cron is late ends when it is not the latest. */
export const tickRuns = pgTable(
  "tick_runs",
  {
    shard: integer("shard").notNull(),
    provider: text("provider").notNull(),
    run: text("run").notNull(),
    begunAt: at("begun_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.shard, t.provider] })],
);

/** The latest outcome of each job, per provider: for the operator's dashboard and readiness. */
export const jobRuns = pgTable(
  "job_runs",
  {
    job: text("job").notNull(),
    provider: text("provider").notNull(),
    lastStartedAt: at("last_started_at").notNull(),
    lastSucceededAt: at("last_succeeded_at"),
    lastFailedAt: at("last_failed_at"),
    lastDurationMs: integer("last_duration_ms"),
    successes: bigint("successes", { mode: "number" }).notNull().default(0),
    failures: bigint("failures", { mode: "number" }).notNull().default(0),
    overruns: bigint("overruns", { mode: "number" }).notNull().default(0),
    /** Of rounds: how many have failed since the last one that was completed, over all runs. */
    failedRounds: integer("failed_rounds").notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.job, t.provider] })],
);

/** Counters that no stateless worker can keep: every run adds what it counted. Monotonic; for `/metrics`. */
export const counters = pgTable(
  "counters",
  {
    name: text("name").notNull(),
    provider: text("provider").notNull(),
    label: text("label").notNull(),
    value: bigint("value", { mode: "number" }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.name, t.provider, t.label] })],
);

/**
 * The two providers, each with its latest heartbeat, on the database's clock: decides hand-backs (semantics
 * §10). The public columns are the other one's view of it.
 */
export const providers = pgTable("providers", {
  name: text("name").primaryKey(),
  /** Null: known only from the other one's checks. */
  heartbeatAt: at("heartbeat_at"),
  /** Since when there has been no gap. */
  heartbeatSince: at("heartbeat_since"),
  /** The latest round that it ran as the holder of a lease. */
  lastRoundAt: at("last_round_at"),
  publicCheckedAt: at("public_checked_at"),
  /** Since when every check has been good; null: the latest was not. */
  publicOkSince: at("public_ok_since"),
  publicError: text("public_error"),
  /** By how much its own clock is ahead of the database's; null: not measured. */
  clockSkewMs: integer("clock_skew_ms"),
});

/** Each shard's load, as its holder measured it last: the recommended number of shards follows from it. */
export const shardLoads = pgTable("shard_loads", {
  shard: integer("shard").primaryKey(),
  /** The number of shards at that time. */
  shards: integer("shards").notNull(),
  domains: integer("domains").notNull(),
  /** Domains that a round did not take, on average: there were too many for one round. */
  leftOut: integer("left_out").notNull(),
  /** The share of a round's connection time that probing everything takes in calm. */
  utilisation: real("utilisation").notNull(),
  measuredAt: at("measured_at").notNull(),
});

/**
 * Every transfer of a shard's lease from one provider to the other, written by a trigger in the same transaction, and
 * chained as evidence is: each row names the hash of the one before. Append-only but for old beginnings (triggers).
 */
export const takeovers = pgTable(
  "takeovers",
  {
    /** From 1, without gaps. */
    seq: bigint("seq", { mode: "number" }).primaryKey(),
    /** `takeover`: taken by the new holder; `hand_back`: given to the preferred provider by the old one. */
    kind: text("kind", { enum: ["takeover", "hand_back"] }).notNull(),
    lease: text("lease").notNull(),
    fromProvider: text("from_provider").notNull(),
    toProvider: text("to_provider").notNull(),
    /** Of the lease, from here on. */
    epoch: bigint("epoch", { mode: "number" }).notNull(),
    /** Whether the previous holder fell silent, rather than releasing the lease. */
    lapsed: boolean("lapsed").notNull(),
    /** How long nobody held the lease. */
    unheldMs: bigint("unheld_ms", { mode: "number" }).notNull(),
    at: at("at").notNull(),
    previousHash: text("previous_hash"),
    /** SHA-256 of the record's canonical JSON (RFC 8785), lower-case hex. */
    hash: text("hash").notNull(),
  },
  (t) => [
    index("takeovers_age_idx").on(t.at),
    check("takeovers_kind", sql`${t.kind} in ('takeover', 'hand_back')`),
    check("takeovers_chain", sql`${t.seq} > 0 and (${t.seq} = 1) = (${t.previousHash} is null)`),
  ],
);

/** The cursor of a job that works through many rows over several runs. */
export const jobCursors = pgTable("job_cursors", {
  job: text("job").primaryKey(),
  position: jsonb("position").notNull(),
  updatedAt: at("updated_at").notNull().defaultNow(),
});
