import { sql } from "drizzle-orm";
import { check, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { customers } from "./tenants.ts";

/** A customer's own credentials for the analytics of a CDN. The token is sealed with SECRETS_KEY and never handed out. */
export const cdnAccounts = pgTable(
  "cdn_accounts",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    cdn: text("cdn", { enum: ["cloudflare", "fastly"] }).notNull(),
    /** The account at the CDN, where one token may see several (Cloudflare). */
    accountRef: text("account_ref"),
    sealedToken: text("sealed_token").notNull(),
    createdAt: createdAt(),
    lastReadAt: at("last_read_at"),
    lastError: text("last_error"),
    /** Up to when the account's audit log is stored as cost events; null: nothing of it is. */
    auditLogCursor: at("audit_log_cursor"),
    /** When it is to be read again; null: at once. */
    auditLogDueAt: at("audit_log_due_at"),
    /** Why it could not be read. That says nothing of usage. */
    auditLogError: text("audit_log_error"),
    deletedAt: at("deleted_at"),
  },
  (t) => [
    uniqueIndex("cdn_accounts_live_key")
      .on(t.customerId, t.cdn)
      .where(sql`${t.deletedAt} is null`),
    check("cdn_accounts_cdn", sql`${t.cdn} in ('cloudflare', 'fastly')`),
    check("cdn_accounts_ref", sql`${t.cdn} <> 'cloudflare' or ${t.accountRef} is not null`),
  ],
);
