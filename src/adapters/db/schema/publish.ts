import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, jsonb, pgTable, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { customers } from "./tenants.ts";

/** What a customer publishes: a page under a name, off until it is switched on. */
export const statusPages = pgTable(
  "status_pages",
  {
    customerId: bigint("customer_id", { mode: "number" })
      .primaryKey()
      .references(() => customers.id),
    slug: text("slug").notNull(),
    title: text("title").notNull(),
    enabled: boolean("enabled").notNull().default(false),
    /** In their order: `{serviceId, name, shown}`. */
    services: jsonb("services").notNull(),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex("status_pages_slug_key").on(t.slug),
    check("status_pages_slug", sql`${t.slug} ~ '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$'`),
    check("status_pages_services", sql`jsonb_typeof(${t.services}) = 'array'`),
  ],
);

/** An incident or maintenance, in a customer's own words. Its updates are always read with it, and are few. */
export const statusIncidents = pgTable(
  "status_incidents",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    /** What readers of feeds know it by: a number would count what others write. */
    publicId: uuid("public_id").notNull().defaultRandom(),
    title: text("title").notNull(),
    impact: text("impact", { enum: ["minor", "major", "critical", "maintenance"] }).notNull(),
    state: text("state", { enum: ["investigating", "identified", "monitoring", "scheduled", "resolved"] }).notNull(),
    serviceIds: bigint("service_ids", { mode: "number" }).array().notNull(),
    startsAt: at("starts_at").notNull(),
    /** Of maintenance: until when it is planned. */
    endsAt: at("ends_at"),
    /** Ascending: `{id, atMs, state, text}`. */
    updates: jsonb("updates").notNull(),
    createdAt: createdAt(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    index("status_incidents_customer_idx").on(t.customerId, t.id),
    index("status_incidents_time_idx").on(t.customerId, t.startsAt),
    check("status_incidents_impact", sql`${t.impact} in ('minor', 'major', 'critical', 'maintenance')`),
    check(
      "status_incidents_state",
      sql`case when ${t.impact} = 'maintenance' then ${t.state} in ('scheduled', 'resolved') else ${t.state} in ('investigating', 'identified', 'monitoring', 'resolved') end`,
    ),
    check(
      "status_incidents_ends",
      sql`(${t.endsAt} is not null) = (${t.impact} = 'maintenance') and (${t.endsAt} is null or ${t.endsAt} > ${t.startsAt})`,
    ),
    check("status_incidents_updates", sql`jsonb_typeof(${t.updates}) = 'array'`),
  ],
);
