import { sql } from "drizzle-orm";
import { bigint, boolean, check, integer, jsonb, pgTable, text } from "drizzle-orm/pg-core";
import { at, createdAt } from "./columns.ts";
import { serviceDomains, services } from "./services.ts";

/** What the last readiness check of a service found. */
export const readinessChecks = pgTable(
  "readiness_checks",
  {
    serviceId: bigint("service_id", { mode: "number" })
      .primaryKey()
      .references(() => services.id),
    checkedAt: at("checked_at").notNull(),
    actor: text("actor").notNull(),
    result: text("result", { enum: ["pass", "warn", "fail"] }).notNull(),
    checks: jsonb("checks").notNull(),
    /** How many of its domains were checked, of how many: a large service is checked page by page. Null in older rows: all. */
    domainsChecked: integer("domains_checked"),
    domainsTotal: integer("domains_total"),
  },
  (t) => [check("readiness_checks_result", sql`${t.result} in ('pass', 'warn', 'fail')`)],
);

/** Health checks on a domain's pair, by which the DNS itself leaves a dead CDN. Deleted once nothing is left of it at AWS. */
export const standingFailovers = pgTable(
  "standing_failovers",
  {
    domainId: bigint("domain_id", { mode: "number" })
      .primaryKey()
      .references(() => serviceDomains.id),
    state: text("state", { enum: ["standing", "removing"] }).notNull(),
    /** Part of the caller references of its health checks, which must be unique in the account. */
    nonce: text("nonce").notNull(),
    generation: integer("generation").notNull().default(1),
    /** By side: id, version, target and whether it is disabled. */
    checks: jsonb("checks").notNull().default({ primary: null, backup: null }),
    /** The health checks that the records had before. */
    restore: jsonb("restore"),
    obsolete: jsonb("obsolete").notNull().default([]),
    attached: boolean("attached").notNull().default(false),
    lastError: text("last_error"),
    /** The step that failed last, how often in a row, and when it is tried again; other steps are not delayed. */
    failedStep: text("failed_step"),
    failures: integer("failures").notNull().default(0),
    nextAt: at("next_at"),
    /** When the checks were last seen at AWS. */
    checkedAt: at("checked_at"),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [check("standing_failovers_state", sql`${t.state} in ('standing', 'removing')`)],
);
