import { sql } from "drizzle-orm";
import { check, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
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
    uniqueIndex("dns_accounts_live_key").on(t.customerId).where(sql`${t.deletedAt} is null`),
    check(
      "dns_accounts_one_form",
      sql`(${t.accessKeyId} is null) <> (${t.roleArn} is null)
      and (${t.accessKeyId} is null) = (${t.sealedSecret} is null) and (${t.roleArn} is null) = (${t.externalId} is null)`,
    ),
  ],
);
