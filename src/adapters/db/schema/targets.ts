import { sql } from "drizzle-orm";
import { bigint, check, index, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { at } from "./columns.ts";
import { serviceDomains } from "./services.ts";

/** What is known of a host that is to be probed, for whichever customer: where it resolves to, and whether it consents. */
export const probeTargets = pgTable(
  "probe_targets",
  {
    host: text("host").primaryKey(),
    /** `none`: it resolves to nothing. */
    addresses: text("addresses", { enum: ["public", "private", "none"] }).notNull(),
    /** How it consents to probes for any customer; null: it does not. */
    consent: text("consent", { enum: ["txt", "well_known"] }),
    checkedAt: at("checked_at").notNull(),
  },
  (t) => [
    index("probe_targets_age_idx").on(t.checkedAt),
    index("probe_targets_private_idx")
      .on(t.host)
      .where(sql`${t.addresses} = 'private'`),
    check("probe_targets_addresses", sql`${t.addresses} in ('public', 'private', 'none')`),
    check("probe_targets_consent", sql`${t.consent} in ('txt', 'well_known')`),
  ],
);

/**
 * The paths of unverified domains that may be probed at all, each with its rounds: those whose number modulo `period` is
 * `phase`. All claims of one host have different ones, across customers.
 */
export const probeClaims = pgTable(
  "probe_claims",
  {
    domainId: bigint("domain_id", { mode: "number" })
      .notNull()
      .references(() => serviceDomains.id),
    path: text("path", { enum: ["primary", "backup", "direct"] }).notNull(),
    host: text("host").notNull(),
    phase: integer("phase").notNull(),
    period: integer("period").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.domainId, t.path] }),
    check("probe_claims_path", sql`${t.path} in ('primary', 'backup', 'direct')`),
    check("probe_claims_turn", sql`${t.period} >= 10 and ${t.phase} >= 0 and ${t.phase} < ${t.period}`),
  ],
);
