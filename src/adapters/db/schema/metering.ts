import { sql } from "drizzle-orm";
import { bigint, check, index, jsonb, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { at, id, ref } from "./columns.ts";
import { serviceDomains, services } from "./services.ts";
import { customers } from "./tenants.ts";

/**
 * Which CDN was on which side of a service, from when until when (null: still). Written by a trigger on `services`, so
 * that every change of sides is recorded. Half-open; the intervals of a service never overlap.
 */
export const serviceCdns = pgTable(
  "service_cdns",
  {
    id: id(),
    serviceId: ref("service_id", () => services.id),
    primaryCdn: text("primary_cdn").notNull(),
    backupCdn: text("backup_cdn").notNull(),
    fromAt: at("from_at").notNull(),
    toAt: at("to_at"),
  },
  (t) => [
    index("service_cdns_service_idx").on(t.serviceId, t.fromAt),
    uniqueIndex("service_cdns_open_key")
      .on(t.serviceId)
      .where(sql`${t.toAt} is null`),
    check("service_cdns_span", sql`${t.toAt} >= ${t.fromAt}`),
  ],
);

/**
 * When a service held a hostname: from its creation and proof to its deletion or the loss of the proof (null: still).
 * Written by a trigger on `service_domains`. Half-open; the tenures of one name never overlap, whoever holds them.
 */
export const domainTenures = pgTable(
  "domain_tenures",
  {
    id: id(),
    domainId: ref("domain_id", () => serviceDomains.id),
    serviceId: ref("service_id", () => services.id),
    customerId: ref("customer_id", () => customers.id),
    name: text("name").notNull(),
    fromAt: at("from_at").notNull(),
    toAt: at("to_at"),
  },
  (t) => [
    index("domain_tenures_service_idx").on(t.serviceId),
    index("domain_tenures_domain_idx").on(t.domainId),
    index("domain_tenures_end_idx").on(t.toAt),
    index("domain_tenures_name_idx").on(t.name, t.toAt),
    uniqueIndex("domain_tenures_open_key")
      .on(t.name)
      .where(sql`${t.toAt} is null`),
    check("domain_tenures_span", sql`${t.toAt} >= ${t.fromAt}`),
  ],
);

/**
 * What a CDN reported for a hostname in a slice of a usage window: the whole window, or that part of it in
 * which the domain was held and the CDN was on one side. The latest reading; an earlier one of a billed window is kept
 * in `usage_readings_past`.
 */
export const usageReadings = pgTable(
  "usage_readings",
  {
    domainId: ref("domain_id", () => serviceDomains.id),
    cdn: text("cdn").notNull(),
    /** The slice, half-open, within one window. */
    fromAt: at("from_at").notNull(),
    toAt: at("to_at").notNull(),
    serviceId: ref("service_id", () => services.id),
    windowStart: at("window_start").notNull(),
    bytes: bigint("bytes", { mode: "number" }).notNull(),
    sampling: jsonb("sampling").$type<{ interval: number; lower: number | null; upper: number | null }>(),
    /** The customer's own account by which it was read; null: the operator's. */
    accountId: bigint("account_id", { mode: "number" }),
    readAt: at("read_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.domainId, t.cdn, t.fromAt] }),
    index("usage_readings_window_idx").on(t.serviceId, t.windowStart),
    check("usage_readings_slice", sql`${t.toAt} > ${t.fromAt} and ${t.fromAt} >= ${t.windowStart}`),
    check("usage_readings_bytes", sql`${t.bytes} >= 0`),
  ],
);

/** A reading of a billed window that a later one replaced: what its invoice was computed from. Append-only (trigger). */
export const usageReadingsPast = pgTable(
  "usage_readings_past",
  {
    id: id(),
    domainId: bigint("domain_id", { mode: "number" }).notNull(),
    cdn: text("cdn").notNull(),
    fromAt: at("from_at").notNull(),
    toAt: at("to_at").notNull(),
    serviceId: bigint("service_id", { mode: "number" }).notNull(),
    windowStart: at("window_start").notNull(),
    bytes: bigint("bytes", { mode: "number" }).notNull(),
    sampling: jsonb("sampling").$type<{ interval: number; lower: number | null; upper: number | null }>(),
    accountId: bigint("account_id", { mode: "number" }),
    readAt: at("read_at").notNull(),
    replacedAt: at("replaced_at").notNull(),
  },
  (t) => [index("usage_readings_past_window_idx").on(t.serviceId, t.windowStart)],
);

/**
 * What was pushed for one side of a window. `rest`: for what no adapter measures of it; `whole`: an admin's figure, which
 * replaces all readings.
 */
export const usagePushes = pgTable(
  "usage_pushes",
  {
    serviceId: ref("service_id", () => services.id),
    windowStart: at("window_start").notNull(),
    side: text("side", { enum: ["primary", "backup"] }).notNull(),
    bytes: bigint("bytes", { mode: "number" }).notNull(),
    covers: text("covers", { enum: ["rest", "whole"] }).notNull(),
    actor: text("actor").notNull(),
    pushedAt: at("pushed_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.serviceId, t.windowStart, t.side] }),
    check("usage_pushes_side", sql`${t.side} in ('primary', 'backup')`),
    check("usage_pushes_covers", sql`${t.covers} in ('rest', 'whole')`),
    check("usage_pushes_bytes", sql`${t.bytes} >= 0`),
  ],
);

/** A push for a billed window that a later one replaced: what its invoice was computed from. Append-only (trigger). */
export const usagePushesPast = pgTable(
  "usage_pushes_past",
  {
    id: id(),
    serviceId: bigint("service_id", { mode: "number" }).notNull(),
    windowStart: at("window_start").notNull(),
    side: text("side", { enum: ["primary", "backup"] }).notNull(),
    bytes: bigint("bytes", { mode: "number" }).notNull(),
    covers: text("covers", { enum: ["rest", "whole"] }).notNull(),
    actor: text("actor").notNull(),
    pushedAt: at("pushed_at").notNull(),
    replacedAt: at("replaced_at").notNull(),
  },
  (t) => [index("usage_pushes_past_window_idx").on(t.serviceId, t.windowStart)],
);

/**
 * How far a domain has been read at a CDN. Slices that end by `settled_until` are not queried again; later ones are, as
 * far back as the source keeps them, so an outage of the CDN's API loses nothing.
 */
export const meteringMarks = pgTable(
  "metering_marks",
  {
    domainId: ref("domain_id", () => serviceDomains.id),
    cdn: text("cdn").notNull(),
    settledUntil: at("settled_until"),
    /** Since when, and why, the source has no figures for this host; null: it has. */
    unreadableSince: at("unreadable_since"),
    unreadableReason: text("unreadable_reason"),
  },
  (t) => [primaryKey({ columns: [t.domainId, t.cdn] })],
);
