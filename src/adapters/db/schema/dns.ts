import { sql } from "drizzle-orm";
import { pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { customers } from "./tenants.ts";

/** A customer's own AWS credentials for Route 53. The secret is sealed with SECRETS_KEY and never handed out. */
export const dnsAccounts = pgTable(
  "dns_accounts",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    region: text("region").notNull(),
    accessKeyId: text("access_key_id").notNull(),
    sealedSecret: text("sealed_secret").notNull(),
    createdAt: createdAt(),
    deletedAt: at("deleted_at"),
  },
  (t) => [uniqueIndex("dns_accounts_live_key").on(t.customerId).where(sql`${t.deletedAt} is null`)],
);
