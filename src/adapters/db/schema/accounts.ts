import { sql } from "drizzle-orm";
import { bigint, check, index, integer, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { customers } from "./tenants.ts";

/** Null: of the operator. */
const ofCustomer = () => bigint("customer_id", { mode: "number" }).references(() => customers.id);

/** `admin` is the operator's, the others are a customer's. */
const role = () => text("role", { enum: ["viewer", "editor", "owner", "admin"] });

/** People who sign in by mail address and password. Of the password only its hash is kept, in PHC form. */
export const accounts = pgTable(
  "accounts",
  {
    id: id(),
    customerId: ofCustomer(),
    /** In lower case. */
    address: text("address").notNull(),
    role: role().notNull(),
    passwordHash: text("password_hash").notNull(),
    /** The actor who invited. */
    createdBy: text("created_by").notNull(),
    createdAt: createdAt(),
    passwordChangedAt: at("password_changed_at").notNull().defaultNow(),
    lastSignInAt: at("last_sign_in_at"),
    /** Null: it may sign in. */
    deactivatedAt: at("deactivated_at"),
  },
  (t) => [
    uniqueIndex("accounts_live_address_key")
      .on(t.address)
      .where(sql`${t.deactivatedAt} is null`),
    index("accounts_customer_idx").on(t.customerId, t.id),
    check("accounts_address_form", sql`${t.address} = lower(${t.address}) and length(${t.address}) between 3 and 254`),
    check(
      "accounts_role_of",
      sql`${t.role} in ('viewer', 'editor', 'owner', 'admin') and (${t.role} = 'admin') = (${t.customerId} is null)`,
    ),
    check("accounts_hash_form", sql`${t.passwordHash} ~ '^[$][a-z0-9-]+[$]' and length(${t.passwordHash}) <= 500`),
  ],
);

/** Links that were mailed: an invitation, or a reset of a password. Only the SHA-256 of what is in the link is kept, as lower-case hex. */
export const accountLinks = pgTable(
  "account_links",
  {
    id: id(),
    kind: text("kind", { enum: ["invitation", "reset"] }).notNull(),
    linkHash: text("link_hash").notNull(),
    /** Of a reset. */
    accountId: bigint("account_id", { mode: "number" }).references(() => accounts.id),
    customerId: ofCustomer(),
    /** Of an invitation, as `role` is. */
    address: text("address"),
    role: role(),
    createdBy: text("created_by").notNull(),
    createdAt: createdAt(),
    expiresAt: at("expires_at").notNull(),
    /** When it was used, replaced or withdrawn: it is of no use any more. */
    endedAt: at("ended_at"),
  },
  (t) => [
    uniqueIndex("account_links_hash_key").on(t.linkHash),
    index("account_links_customer_idx").on(t.customerId, t.id),
    index("account_links_account_idx").on(t.accountId),
    index("account_links_expiry_idx").on(t.expiresAt),
    check("account_links_hash_form", sql`${t.linkHash} ~ '^[0-9a-f]{64}$'`),
    check(
      "account_links_kind",
      sql`case ${t.kind} when 'reset' then ${t.accountId} is not null and ${t.address} is null and ${t.role} is null
      when 'invitation' then ${t.accountId} is null and ${t.address} is not null and ${t.role} is not null and (${t.role} = 'admin') = (${t.customerId} is null)
      else false end`,
    ),
  ],
);

/** Sessions of accounts. Only the SHA-256 of what is in the cookie is kept; one that ends is deleted. */
export const accountSessions = pgTable(
  "account_sessions",
  {
    id: id(),
    accountId: ref("account_id", () => accounts.id),
    sessionHash: text("session_hash").notNull(),
    /** The browser, as it calls itself. */
    client: text("client").notNull(),
    createdAt: createdAt(),
    lastSeenAt: at("last_seen_at").notNull().defaultNow(),
    expiresAt: at("expires_at").notNull(),
  },
  (t) => [
    uniqueIndex("account_sessions_hash_key").on(t.sessionHash),
    index("account_sessions_account_idx").on(t.accountId, t.id),
    index("account_sessions_expiry_idx").on(t.expiresAt),
    check("account_sessions_hash_form", sql`${t.sessionHash} ~ '^[0-9a-f]{64}$'`),
    check("account_sessions_client_size", sql`length(${t.client}) <= 200`),
  ],
);

/** Attempts to sign in, or to have mail sent, by what they are counted by: a hash, as addresses that nobody here has are counted as well. */
export const accountAttempts = pgTable(
  "account_attempts",
  {
    keyHash: text("key_hash").primaryKey(),
    windowStart: at("window_start").notNull(),
    count: integer("count").notNull(),
  },
  (t) => [index("account_attempts_age_idx").on(t.windowStart), check("account_attempts_hash_form", sql`${t.keyHash} ~ '^[0-9a-f]{64}$'`)],
);
