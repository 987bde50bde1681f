import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, numeric, pgTable, text, unique, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { services } from "./services.ts";
import { customers } from "./tenants.ts";

const bytes = (name: string) => bigint(name, { mode: "number" }).notNull().default(0);
const cents = (name: string) => bigint(name, { mode: "number" }).notNull();

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
    /** The invoice that billed this window; from then on the row does not change (trigger). */
    invoiceId: bigint("invoice_id", { mode: "number" }).references(() => invoices.id),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    unique("usage_snapshots_window_key").on(t.serviceId, t.windowStart),
    index("usage_snapshots_unbilled_idx").on(t.windowEnd, t.serviceId).where(sql`${t.invoiceId} is null`),
    check("usage_snapshots_window", sql`${t.windowEnd} > ${t.windowStart}`),
    check("usage_snapshots_bytes", sql`${t.primaryBytes} >= 0 and ${t.backupBytes} >= 0`),
  ],
);

/** An issued invoice: immutable from birth (trigger), numbered per customer without gaps. */
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
    issuedAt: at("issued_at").notNull(),
  },
  (t) => [
    unique("invoices_number_key").on(t.customerId, t.number),
    check("invoices_total", sql`${t.totalCents} = ${t.subtotalCents} - ${t.discountCents}`),
    check("invoices_period", sql`${t.periodEnd} > ${t.periodStart}`),
  ],
);

/** One billed window with the terms and facts from which its cents can be recomputed (semantics §9). */
export const invoiceLineItems = pgTable(
  "invoice_line_items",
  {
    id: id(),
    invoiceId: ref("invoice_id", () => invoices.id),
    kind: text("kind", { enum: ["usage", "adjustment"] }).notNull().default("usage"),
    arrears: boolean("arrears").notNull().default(false),
    snapshotId: ref("snapshot_id", () => usageSnapshots.id),
    serviceId: ref("service_id", () => services.id),
    windowStart: at("window_start").notNull(),
    windowEnd: at("window_end").notNull(),
    primaryBytes: cents("primary_bytes"),
    backupBytes: cents("backup_bytes"),
    rateCentsPerGb: numeric("rate_cents_per_gb").notNull(),
    discountRate: numeric("discount_rate").notNull(),
    /** Time of the window under the union of its storms, in microseconds: the exact numerator of the ratio. */
    stormMicroseconds: bigint("storm_microseconds", { mode: "number" }).notNull(),
    maxCoverageFactor: numeric("max_coverage_factor").notNull(),
    amountCents: cents("amount_cents"),
    discountCents: cents("discount_cents"),
  },
  (t) => [
    uniqueIndex("invoice_line_items_snapshot_key").on(t.snapshotId).where(sql`${t.kind} = 'usage'`),
    index("invoice_line_items_invoice_idx").on(t.invoiceId, t.windowStart, t.serviceId),
    check("invoice_line_items_kind", sql`${t.kind} in ('usage', 'adjustment')`),
  ],
);
