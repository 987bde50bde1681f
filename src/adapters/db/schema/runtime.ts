import { bigint, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
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
});

/** How each job fared last, per provider: what the operator's dashboard and readiness look at. */
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
  },
  (t) => [primaryKey({ columns: [t.job, t.provider] })],
);

/** Sums that no stateless worker can keep for itself: every run adds what it counted. Only ever rising; for `/metrics`. */
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
