import { sql } from "drizzle-orm";
import { bigint, check, index, integer, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { customers } from "./tenants.ts";

/**
 * A customer's own way to Route 53: an access key, whose secret is sealed with SECRETS_KEY and never handed out, or a role
 * that the operator may assume by the external id that is made here.
 */
export const dnsAccounts = pgTable(
  "dns_accounts",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    region: text("region").notNull(),
    accessKeyId: text("access_key_id"),
    /** Empty once the account is removed. */
    sealedSecret: text("sealed_secret"),
    roleArn: text("role_arn"),
    externalId: text("external_id"),
    createdAt: createdAt(),
    deletedAt: at("deleted_at"),
  },
  (t) => [
    uniqueIndex("dns_accounts_live_key")
      .on(t.customerId)
      .where(sql`${t.deletedAt} is null`),
    check(
      "dns_accounts_one_form",
      sql`(${t.accessKeyId} is null) <> (${t.roleArn} is null)
      and (${t.accessKeyId} is null) = (${t.sealedSecret} is null) and (${t.roleArn} is null) = (${t.externalId} is null)`,
    ),
  ],
);

/**
 * Which zones of the operator's own AWS account serve which customers. A zone without a row serves everybody who has proven a
 * name in it.
 */
export const dnsZoneGrants = pgTable(
  "dns_zone_grants",
  {
    id: id(),
    zoneId: text("zone_id").notNull(),
    customerId: ref("customer_id", () => customers.id),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex("dns_zone_grants_key").on(t.zoneId, t.customerId), index("dns_zone_grants_customer_idx").on(t.customerId)],
);

/** A failing DNS account: one row while its latest calls have failed, or while it refuses GetChange. */
export const dnsStandings = pgTable(
  "dns_standings",
  {
    /** Whose own account it is; 0: the operator's. */
    customerId: bigint("customer_id", { mode: "number" }).primaryKey(),
    /** The weight of the failures since the last answer, how often in a row it was paused, and until when it is. */
    strikes: integer("strikes").notNull().default(0),
    pauses: integer("pauses").notNull().default(0),
    pausedUntil: at("paused_until"),
    lastError: text("last_error"),
    lastErrorAt: at("last_error_at"),
    /** How often in a row GetChange was refused, why, and until when it is not tried again. */
    pollsRefused: integer("polls_refused").notNull().default(0),
    pollsError: text("polls_error"),
    pollsPausedUntil: at("polls_paused_until"),
    updatedAt: at("updated_at").notNull(),
  },
  (t) => [check("dns_standings_customer", sql`${t.customerId} >= 0`)],
);
