import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, jsonb, numeric, pgTable, primaryKey, text, unique, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { stormEvents } from "./detection.ts";
import { services } from "./services.ts";
import { customers } from "./tenants.ts";

const bytes = (name: string) => bigint(name, { mode: "number" }).notNull().default(0);
const cents = (name: string) => bigint(name, { mode: "number" }).notNull();
/** How far a side's bytes are an estimate: `{ interval, lower, upper }`; null where they were counted, or it is not known. */
const sampling = (name: string) => jsonb(name).$type<{ interval: number; lower: number; upper: number }>();
/** Whether a host of the side has not been read, or not finally: the bytes are those of the others. */
const incomplete = (name: string) => boolean(name).notNull().default(false);
const currency = () => text("currency").notNull().default("USD");

/**
 * What a customer pays for windows that begin at `valid_from` or later, until the next row. Without a row the operator's
 * defaults apply. Append-only (trigger): a line keeps the terms by which it was billed.
 */
export const billingTerms = pgTable(
  "billing_terms",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    validFrom: at("valid_from").notNull(),
    /** In minor units of the currency per GiB (2^30 bytes); cents are those of a currency with two decimals. */
    rateCentsPerGb: numeric("rate_cents_per_gb").notNull(),
    discountRate: numeric("discount_rate").notNull(),
    /** ISO 4217. Every amount of it is in its minor units (`domain/billing/currency.ts`). */
    currency: text("currency").notNull(),
    /** How often invoices are issued; null: as the operator's default says. */
    cycle: text("cycle", { enum: ["run", "day", "month"] }),
    /** Which storms earn while these terms are in force; null: as the operator's default says (CREDIT_RULE). */
    creditRule: text("credit_rule", { enum: ["storm", "verified", "corroborated"] }),
    createdAt: createdAt(),
  },
  (t) => [
    unique("billing_terms_start_key").on(t.customerId, t.validFrom),
    check("billing_terms_bounds", sql`${t.rateCentsPerGb} between 0 and 1000000 and ${t.discountRate} between 0 and 1`),
    check("billing_terms_currency", sql`${t.currency} ~ '^[A-Z]{3}$'`),
    check("billing_terms_cycle", sql`${t.cycle} in ('run', 'day', 'month')`),
    check("billing_terms_credit_rule", sql`${t.creditRule} in ('storm', 'verified', 'corroborated')`),
    check("billing_terms_scale", sql`scale(trim_scale(${t.rateCentsPerGb})) <= 4 and scale(trim_scale(${t.discountRate})) <= 4`),
  ],
);

/** What each CDN carried for a service in one window. A side without a source has not been reported (and counts 0). */
export const usageSnapshots = pgTable(
  "usage_snapshots",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    windowStart: at("window_start").notNull(),
    windowEnd: at("window_end").notNull(),
    primaryBytes: bytes("primary_bytes"),
    backupBytes: bytes("backup_bytes"),
    primarySource: text("primary_source"),
    backupSource: text("backup_source"),
    primarySampling: sampling("primary_sampling"),
    backupSampling: sampling("backup_sampling"),
    primaryIncomplete: incomplete("primary_incomplete"),
    backupIncomplete: incomplete("backup_incomplete"),
    /** The invoice that billed this window; from then on the row does not change (trigger). */
    invoiceId: bigint("invoice_id", { mode: "number" }).references(() => invoices.id),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    unique("usage_snapshots_window_key").on(t.serviceId, t.windowStart),
    // By bytes, so that billing finds what costs something among years of windows that cost nothing.
    index("usage_snapshots_unbilled_idx")
      .on(t.serviceId, sql`greatest(${t.primaryBytes}, ${t.backupBytes})`)
      .where(sql`${t.invoiceId} is null`),
    check("usage_snapshots_window", sql`${t.windowEnd} > ${t.windowStart}`),
    check("usage_snapshots_bytes", sql`${t.primaryBytes} >= 0 and ${t.backupBytes} >= 0`),
  ],
);

/**
 * Today's bytes of a billed window where they differ from what was billed: the snapshot itself does not change.
 * An adjustment line bills the difference (semantics §9).
 */
export const usageCorrections = pgTable(
  "usage_corrections",
  {
    snapshotId: bigint("snapshot_id", { mode: "number" })
      .primaryKey()
      .references(() => usageSnapshots.id),
    primaryBytes: cents("primary_bytes"),
    backupBytes: cents("backup_bytes"),
    primarySource: text("primary_source"),
    backupSource: text("backup_source"),
    primarySampling: sampling("primary_sampling"),
    backupSampling: sampling("backup_sampling"),
    primaryIncomplete: incomplete("primary_incomplete"),
    backupIncomplete: incomplete("backup_incomplete"),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [check("usage_corrections_bytes", sql`${t.primaryBytes} >= 0 and ${t.backupBytes} >= 0`)],
);

/**
 * A possible change of billed windows: corrected usage, or a changed storm (trigger). The next
 * invoice recomputes the billed windows of the span and removes the row. Writers of causes only insert, so that nobody
 * waits for billing.
 */
export const adjustmentCauses = pgTable(
  "adjustment_causes",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    cause: text("cause", { enum: ["usage", "storm"] }).notNull(),
    /** Half-open; `to_at` is infinite while a storm is open. */
    fromAt: at("from_at").notNull(),
    toAt: at("to_at").notNull(),
    notedAt: at("noted_at").notNull().defaultNow(),
    /** Billing found it to change bytes but no cents: it waits for the next invoice, and does not cause one. */
    idle: boolean("idle").notNull().default(false),
  },
  (t) => [
    index("adjustment_causes_service_idx").on(t.serviceId),
    check("adjustment_causes_cause", sql`${t.cause} in ('usage', 'storm')`),
    check("adjustment_causes_span", sql`${t.toAt} > ${t.fromAt}`),
  ],
);

/** An issued invoice: immutable from creation (trigger), numbered per customer without gaps. */
export const invoices = pgTable(
  "invoices",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    number: bigint("number", { mode: "number" }).notNull(),
    periodStart: at("period_start").notNull(),
    periodEnd: at("period_end").notNull(),
    subtotalCents: cents("subtotal_cents"),
    discountCents: cents("discount_cents"),
    totalCents: cents("total_cents"),
    currency: currency(),
    issuedAt: at("issued_at").notNull(),
  },
  (t) => [
    unique("invoices_number_key").on(t.customerId, t.number),
    index("invoices_customer_idx").on(t.customerId, t.id),
    check("invoices_total", sql`${t.totalCents} = ${t.subtotalCents} - ${t.discountCents}`),
    check("invoices_period", sql`${t.periodEnd} > ${t.periodStart}`),
  ],
);

/**
 * One billed window with the terms and facts from which its cents can be recomputed (semantics §9). An adjustment holds
 * differences in bytes and cents to all that was issued for the window before, and the storms by which it was recomputed.
 */
export const invoiceLineItems = pgTable(
  "invoice_line_items",
  {
    id: id(),
    invoiceId: ref("invoice_id", () => invoices.id),
    kind: text("kind", { enum: ["usage", "adjustment"] })
      .notNull()
      .default("usage"),
    arrears: boolean("arrears").notNull().default(false),
    /** A side of the window was incomplete when it was billed; what is missing follows as an adjustment. */
    estimated: boolean("estimated").notNull().default(false),
    snapshotId: ref("snapshot_id", () => usageSnapshots.id),
    serviceId: ref("service_id", () => services.id),
    windowStart: at("window_start").notNull(),
    windowEnd: at("window_end").notNull(),
    primaryBytes: cents("primary_bytes"),
    backupBytes: cents("backup_bytes"),
    rateCentsPerGb: numeric("rate_cents_per_gb").notNull(),
    discountRate: numeric("discount_rate").notNull(),
    currency: currency(),
    /** The customer's own terms; null: the operator's defaults of that day. */
    termsId: bigint("terms_id", { mode: "number" }).references(() => billingTerms.id),
    /** Time of the window under the union of its storms, in microseconds: the exact numerator of the ratio. */
    stormMicroseconds: bigint("storm_microseconds", { mode: "number" }).notNull(),
    maxCoverageFactor: numeric("max_coverage_factor").notNull(),
    amountCents: cents("amount_cents"),
    discountCents: cents("discount_cents"),
  },
  (t) => [
    uniqueIndex("invoice_line_items_snapshot_key")
      .on(t.snapshotId)
      .where(sql`${t.kind} = 'usage'`),
    uniqueIndex("invoice_line_items_adjustment_key")
      .on(t.snapshotId, t.invoiceId)
      .where(sql`${t.kind} = 'adjustment'`),
    index("invoice_line_items_invoice_idx").on(t.invoiceId, t.windowStart, t.serviceId),
    check("invoice_line_items_kind", sql`${t.kind} in ('usage', 'adjustment')`),
    // Rates of the operator have up to nine places (config.ts).
    check("invoice_line_items_scale", sql`scale(trim_scale(${t.rateCentsPerGb})) <= 9 and scale(trim_scale(${t.discountRate})) <= 9`),
  ],
);

/** The storms by which a line was computed, cut to its window: unaffected by later changes of the storm. */
export const invoiceLineStorms = pgTable(
  "invoice_line_storms",
  {
    lineId: ref("line_id", () => invoiceLineItems.id),
    stormId: ref("storm_id", () => stormEvents.id),
    fromAt: at("from_at").notNull(),
    toAt: at("to_at").notNull(),
    maxCoverageFactor: numeric("max_coverage_factor").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.lineId, t.stormId] }),
    index("invoice_line_storms_storm_idx").on(t.stormId),
    check("invoice_line_storms_span", sql`${t.toAt} > ${t.fromAt}`),
  ],
);

/** The storms of a line's window that had earned nothing when it was issued, and why, as the document shows them. */
export const invoiceLineUncredited = pgTable(
  "invoice_line_uncredited",
  {
    lineId: ref("line_id", () => invoiceLineItems.id),
    stormId: ref("storm_id", () => stormEvents.id),
    credit: text("credit", { enum: ["pending", "refused"] }).notNull(),
    reason: text("reason"),
  },
  (t) => [
    primaryKey({ columns: [t.lineId, t.stormId] }),
    index("invoice_line_uncredited_storm_idx").on(t.stormId),
    check("invoice_line_uncredited_credit", sql`${t.credit} in ('pending', 'refused')`),
  ],
);

/**
 * What a customer pushed for a billed window to its own favour. It changes nothing until an admin approves it; the bytes are
 * kept as they were pushed, those of a side that was not pushed are null.
 */
export const usageCorrectionRequests = pgTable(
  "usage_correction_requests",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    serviceId: ref("service_id", () => services.id),
    snapshotId: ref("snapshot_id", () => usageSnapshots.id),
    windowStart: at("window_start").notNull(),
    windowEnd: at("window_end").notNull(),
    primaryBytes: bigint("primary_bytes", { mode: "number" }),
    backupBytes: bigint("backup_bytes", { mode: "number" }),
    /** As known when it was asked for. */
    wasPrimaryBytes: cents("was_primary_bytes"),
    wasBackupBytes: cents("was_backup_bytes"),
    status: text("status", { enum: ["pending", "approved", "rejected", "superseded"] })
      .notNull()
      .default("pending"),
    actor: text("actor").notNull(),
    requestedAt: at("requested_at").notNull().defaultNow(),
    decidedAt: at("decided_at"),
    decidedBy: text("decided_by"),
    reason: text("reason"),
  },
  (t) => [
    uniqueIndex("usage_correction_requests_pending_key")
      .on(t.snapshotId)
      .where(sql`${t.status} = 'pending'`),
    index("usage_correction_requests_customer_idx").on(t.customerId, t.id),
    index("usage_correction_requests_status_idx").on(t.status, t.id),
    check(
      "usage_correction_requests_status",
      sql`${t.status} in ('pending', 'approved', 'rejected', 'superseded')
      and (${t.status} = 'pending') = (${t.decidedAt} is null)`,
    ),
    check(
      "usage_correction_requests_bytes",
      sql`coalesce(${t.primaryBytes}, ${t.backupBytes}) is not null
      and coalesce(${t.primaryBytes}, 0) >= 0 and coalesce(${t.backupBytes}, 0) >= 0`,
    ),
  ],
);

/** A discrepancy found by the nightly reconciliation, open until a later night finds none. */
export const reconciliationFindings = pgTable(
  "reconciliation_findings",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    /** The rule that is broken, such as `window_bytes`. */
    rule: text("rule").notNull(),
    objectType: text("object_type", { enum: ["customer", "service", "domain", "invoice", "usage_snapshot"] }).notNull(),
    objectId: bigint("object_id", { mode: "number" }).notNull(),
    expected: text("expected").notNull(),
    actual: text("actual").notNull(),
    foundAt: at("found_at").notNull(),
    lastSeenAt: at("last_seen_at").notNull(),
    clearedAt: at("cleared_at"),
  },
  (t) => [
    uniqueIndex("reconciliation_findings_open_key")
      .on(t.rule, t.objectId)
      .where(sql`${t.clearedAt} is null`),
    index("reconciliation_findings_customer_idx").on(t.customerId, t.id),
    index("reconciliation_findings_cleared_idx")
      .on(t.clearedAt)
      .where(sql`${t.clearedAt} is not null`),
  ],
);
