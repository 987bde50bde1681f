import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, integer, jsonb, pgTable, primaryKey, smallint, text, unique } from "drizzle-orm/pg-core";
import { at, createdAt, id, ref } from "./columns.ts";
import { invoices } from "./money.ts";
import { services } from "./services.ts";
import { customers } from "./tenants.ts";

const cents = (name: string) => bigint(name, { mode: "number" }).notNull();

/** A tax by its name on the invoice and its rate, a decimal fraction as text: "0.19" is 19 %. */
export type TaxRate = { label: string; rate: string };

/** A customer's details on invoices, apart from figures. A document keeps a copy from when it was issued. */
export const billingProfiles = pgTable(
  "billing_profiles",
  {
    customerId: bigint("customer_id", { mode: "number" })
      .primaryKey()
      .references(() => customers.id),
    legalName: text("legal_name"),
    /** Lines, separated by line feeds. */
    address: text("address"),
    taxId: text("tax_id"),
    poNumber: text("po_number"),
    /** With `{number}`, and perhaps `{year}`, `{month}`, `{customer}`. */
    numberPattern: text("number_pattern").notNull().default("TR-{year}-{number}"),
    paymentDays: integer("payment_days").notNull().default(30),
    taxes: jsonb("taxes").$type<TaxRate[]>().notNull().default([]),
    reverseCharge: boolean("reverse_charge").notNull().default(false),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [
    check("billing_profiles_pattern", sql`${t.numberPattern} like '%{number}%'`),
    check("billing_profiles_days", sql`${t.paymentDays} between 0 and 365`),
  ],
);

/** One row: who issues the invoices. In the database, so that both providers print the same. */
export const issuerProfile = pgTable(
  "issuer_profile",
  {
    id: bigint("id", { mode: "number" }).primaryKey().default(1),
    legalName: text("legal_name").notNull(),
    address: text("address"),
    taxId: text("tax_id"),
    /** How to pay, in lines. */
    paymentDetails: text("payment_details"),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [check("issuer_profile_single_row", sql`${t.id} = 1`)],
);

type Party = { legal_name: string | null; address: string | null; tax_id: string | null };

/** All text that an issued invoice prints besides its lines, as it was then. Immutable (trigger). */
export const invoiceDocuments = pgTable(
  "invoice_documents",
  {
    invoiceId: bigint("invoice_id", { mode: "number" })
      .primaryKey()
      .references(() => invoices.id),
    customerId: ref("customer_id", () => customers.id),
    documentNumber: text("document_number").notNull(),
    kind: text("kind", { enum: ["invoice", "credit_note"] }).notNull(),
    cycle: text("cycle", { enum: ["run", "day", "month"] }).notNull(),
    /** How many decimals the currency has (ISO 4217): amounts are in minor units. */
    exponent: smallint("exponent").notNull(),
    taxCents: cents("tax_cents"),
    /** With the taxes. */
    payableCents: cents("payable_cents"),
    dueAt: at("due_at"),
    customerName: text("customer_name").notNull(),
    body: jsonb("body")
      .$type<{
        issuer: (Party & { payment_details: string | null }) | null;
        customer: Party;
        po_number: string | null;
        taxes: { label: string; rate: string; base_cents: number; cents: number }[];
        reverse_charge: boolean;
      }>()
      .notNull(),
  },
  (t) => [
    unique("invoice_documents_number_key").on(t.customerId, t.documentNumber),
    check("invoice_documents_kind", sql`${t.kind} in ('invoice', 'credit_note')`),
    check("invoice_documents_cycle", sql`${t.cycle} in ('run', 'day', 'month')`),
    check("invoice_documents_exponent", sql`${t.exponent} between 0 and 4`),
  ],
);

/** A service on an invoice: its name then, and the sums of its lines. Immutable (trigger). */
export const invoiceServices = pgTable(
  "invoice_services",
  {
    invoiceId: ref("invoice_id", () => invoices.id),
    serviceId: ref("service_id", () => services.id),
    name: text("name").notNull(),
    primaryCdn: text("primary_cdn").notNull(),
    backupCdn: text("backup_cdn").notNull(),
    lines: integer("lines").notNull(),
    primaryBytes: cents("primary_bytes"),
    backupBytes: cents("backup_bytes"),
    amountCents: cents("amount_cents"),
    discountCents: cents("discount_cents"),
  },
  (t) => [primaryKey({ columns: [t.invoiceId, t.serviceId] })],
);

/** A link by which an invoice can be read without a credential, until it expires or is revoked. */
export const invoiceLinks = pgTable(
  "invoice_links",
  {
    id: id(),
    invoiceId: ref("invoice_id", () => invoices.id),
    customerId: ref("customer_id", () => customers.id),
    createdBy: text("created_by").notNull(),
    createdAt: createdAt(),
    expiresAt: at("expires_at").notNull(),
    revokedAt: at("revoked_at"),
    lastOpenedAt: at("last_opened_at"),
  },
  (t) => [
    index("invoice_links_invoice_idx").on(t.invoiceId, t.id),
    index("invoice_links_age_idx").on(t.expiresAt),
    check("invoice_links_span", sql`${t.expiresAt} > ${t.createdAt}`),
  ],
);
