import { sql } from "drizzle-orm";
import { bigint, check, index, integer, jsonb, numeric, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";

/** A tenant. `next_invoice_number` is advanced under the row's lock, so numbers have no gaps. */
export const customers = pgTable(
  "customers",
  {
    id: id(),
    name: text("name").notNull(),
    maxCoverageCap: numeric("max_coverage_cap", { mode: "number" }).notNull().default(1.5),
    nextInvoiceNumber: bigint("next_invoice_number", { mode: "number" }).notNull().default(1),
    /** The end of the last billing cycle that was closed; null: none yet. Not changed by billing by the run. */
    billedUntil: at("billed_until"),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex("customers_name_key").on(t.name),
    check("customers_cap_range", sql`${t.maxCoverageCap} > 0 and ${t.maxCoverageCap} <= 10`),
    check("customers_cap_scale", sql`scale(trim_scale(${t.maxCoverageCap})) <= 4`),
  ],
);

/** What an admin allows a customer of each kind (`domain/tenants/quota.ts`), where that is not the default. */
export const customerQuotas = pgTable("customer_quotas", {
  customerId: bigint("customer_id", { mode: "number" })
    .primaryKey()
    .references(() => customers.id),
  limits: jsonb("limits").notNull().default({}),
  updatedAt: at("updated_at").notNull().defaultNow(),
});

/** The freeze of all services of a customer: one row, however many services. Deleted when it is lifted. */
export const customerFreezes = pgTable("customer_freezes", {
  customerId: bigint("customer_id", { mode: "number" })
    .primaryKey()
    .references(() => customers.id),
  reason: text("reason").notNull(),
  /** Null: until it is lifted. */
  until: at("until"),
  actor: text("actor").notNull(),
  setAt: at("set_at").notNull().defaultNow(),
  /** When it was noticed that it has run out; null: it has not, or that is not told yet. */
  expiredAt: at("expired_at"),
});

/** API credentials of a customer. Only the SHA-256 of the secret is kept, as lower-case hex. */
export const customerTokens = pgTable(
  "customer_tokens",
  {
    id: id(),
    customerId: ref("customer_id", () => customers.id),
    name: text("name").notNull(),
    role: text("role", { enum: ["viewer", "editor", "owner"] }).notNull(),
    tokenHash: text("token_hash").notNull(),
    createdAt: createdAt(),
    /** Null: it ends when it is revoked. */
    expiresAt: at("expires_at"),
    lastUsedAt: at("last_used_at"),
    revokedAt: at("revoked_at"),
    /** Sessions of the console that were begun under an earlier number are over: incremented to end them all. */
    sessionEpoch: integer("session_epoch").notNull().default(0),
  },
  (t) => [
    uniqueIndex("customer_tokens_hash_key").on(t.tokenHash),
    index("customer_tokens_customer_idx").on(t.customerId, t.id),
    check("customer_tokens_role", sql`${t.role} in ('viewer', 'editor', 'owner')`),
    check("customer_tokens_hash_form", sql`${t.tokenHash} ~ '^[0-9a-f]{64}$'`),
  ],
);

/** Named credentials of the operator's people and machines, beside ADMIN_TOKEN. Kept as those of customers are. */
export const adminTokens = pgTable(
  "admin_tokens",
  {
    id: id(),
    /** As shown in the audit log, `admin:<name>`; unique among live tokens. */
    name: text("name").notNull(),
    scopes: text("scopes").array().notNull(),
    tokenHash: text("token_hash").notNull(),
    /** The actor who created it. */
    createdBy: text("created_by").notNull(),
    createdAt: createdAt(),
    expiresAt: at("expires_at"),
    lastUsedAt: at("last_used_at"),
    revokedAt: at("revoked_at"),
    sessionEpoch: integer("session_epoch").notNull().default(0),
  },
  (t) => [
    uniqueIndex("admin_tokens_hash_key").on(t.tokenHash),
    uniqueIndex("admin_tokens_live_name_key")
      .on(t.name)
      .where(sql`${t.revokedAt} is null`),
    check("admin_tokens_name_form", sql`${t.name} ~ '^[a-z0-9][a-z0-9._-]{0,62}$'`),
    check(
      "admin_tokens_scopes",
      sql`cardinality(${t.scopes}) > 0 and ${t.scopes} <@ array['read', 'write', 'billing', 'freeze', 'tokens']`,
    ),
    check("admin_tokens_hash_form", sql`${t.tokenHash} ~ '^[0-9a-f]{64}$'`),
  ],
);

/** Who changed what, written in the same transaction as the change. Append-only but for what is old (triggers). */
export const auditLog = pgTable(
  "audit_log",
  {
    id: id(),
    customerId: bigint("customer_id", { mode: "number" }).references(() => customers.id),
    actor: text("actor").notNull(),
    action: text("action").notNull(),
    objectType: text("object_type").notNull(),
    objectId: bigint("object_id", { mode: "number" }),
    before: jsonb("before"),
    after: jsonb("after"),
    requestId: text("request_id"),
    at: at("at").notNull().defaultNow(),
  },
  (t) => [
    index("audit_log_customer_idx").on(t.customerId, t.id),
    index("audit_log_action_idx").on(t.customerId, t.action, t.id),
    index("audit_log_kind_idx").on(t.customerId, t.action, t.objectType, t.id),
    index("audit_log_object_idx").on(t.customerId, t.objectType, t.id),
  ],
);

/** First answers to POSTs that carried an Idempotency-Key. `answer` is null where the answer held a secret. */
export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    customerId: bigint("customer_id", { mode: "number" }).notNull(),
    method: text("method").notNull(),
    path: text("path").notNull(),
    key: text("key").notNull(),
    bodyHash: text("body_hash").notNull(),
    status: bigint("status", { mode: "number" }).notNull(),
    answer: jsonb("answer"),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.customerId, t.method, t.path, t.key] }), index("idempotency_keys_age_idx").on(t.createdAt)],
);
