import { z } from "@hono/zod-openapi";
import type { BilledService, PrintedInvoice } from "../../adapters/ports/billing/invoice-documents.ts";
import type { Invoice, InvoiceFigures, InvoiceLine, LineFigures } from "../../adapters/ports/billing/invoices.ts";
import { id, like, orNull, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";

const cents = (example: number) => like(z.int(), example);

/** Schemas of invoices and their lines: what is not issued yet has figures only. */
export const figuresSchema = z.object({
  number: z.int().openapi({ example: 7, description: "per customer from 1, without gaps" }),
  period_start: timeText,
  period_end: timeText,
  subtotal_cents: cents(8_443),
  discount_cents: cents(120),
  total_cents: z
    .int()
    .openapi({ example: 8_323, description: "subtotal less discount, without taxes; minor units of the currency, as all of them" }),
  currency: z.string().openapi({ example: "USD" }),
});

export const invoiceSchema = z
  .object({
    id,
    ...figuresSchema.shape,
    issued_at: timeText,
    document_number: z.string().openapi({ example: "TR-2026-0007", description: "as the document prints it" }),
    kind: z.enum(["invoice", "credit_note"]),
    cycle: z.enum(["run", "day", "month"]),
    currency_exponent: z.int().openapi({ example: 2, description: "how many decimals the currency has (ISO 4217)" }),
    tax_cents: cents(1_581),
    payable_cents: z.int().openapi({ example: 9_904, description: "the total with the taxes" }),
    due_at: timeText.nullable(),
  })
  .openapi("Invoice");

const decimalText = z.string().openapi({ example: "12" });

export const lineFiguresSchema = z.object({
  kind: z.enum(["usage", "adjustment"]).openapi({
    description: "an adjustment holds what a window that was billed before costs more or less than was issued for it, in bytes and cents",
  }),
  arrears: z.boolean(),
  service_id: id,
  window_start: timeText,
  window_end: timeText,
  primary_bytes: like(z.int(), 734_003_200_000),
  backup_bytes: like(z.int(), 21_474_836_480),
  rate_cents_per_gb: decimalText,
  discount_rate: like(decimalText, "0.5"),
  currency: z.string().openapi({ example: "USD" }),
  max_coverage_factor: like(decimalText, "1.5"),
  storm_microseconds: like(z.int(), 1_800_000_000),
  amount_cents: cents(8_443),
  discount_cents: cents(90),
});

export const lineSchema = z
  .object({
    id,
    ...lineFiguresSchema.shape,
    service_name: z.string().openapi({ example: "downloads", description: "when the invoice was issued" }),
    estimated: z.boolean().openapi({ description: "not all of the window had been read; what is missing follows as an adjustment" }),
    storm_ids: z.array(id).openapi({ description: "the storms by which the line was computed" }),
    uncredited_storms: z
      .array(
        z.object({
          storm_id: id,
          credit: like(z.enum(["pending", "refused"]), "pending"),
          reason: like(z.string().nullable(), "uncorroborated"),
        }),
      )
      .openapi({
        description:
          "storms of the window that had earned no discount when the line was issued, and why; what is confirmed later follows as an adjustment",
      }),
  })
  .openapi("InvoiceLine");

const party = { legal_name: z.string().nullable(), address: z.string().nullable(), tax_id: z.string().nullable() };

const documentSchema = z
  .object({
    issuer: orNull(z.object({ ...party, payment_details: z.string().nullable() })),
    customer: z.object({ name: like(z.string(), "acme"), ...party }),
    po_number: z.string().nullable(),
    taxes: z.array(
      z.object({ label: like(z.string(), "VAT"), rate: like(decimalText, "0.19"), base_cents: cents(8_323), cents: cents(1_581) }),
    ),
    reverse_charge: z.boolean(),
    downtime_avoided: z
      .object({ seconds: like(z.number(), 11_520), cents: like(z.int().nullable(), 960_000), storms: like(z.int(), 2) })
      .optional()
      .openapi({
        description:
          "of all services in the period; absent where there was none. Cents of the invoice's currency, as the services say what a minute costs; null: none does",
      }),
  })
  .openapi("InvoiceDocument", { description: "the words of the invoice, as they were when it was issued" });

const serviceSchema = z
  .object({
    service_id: id,
    name: z.string().openapi({ example: "downloads", description: "when the invoice was issued" }),
    primary_cdn: like(z.string(), "cloudflare"),
    backup_cdn: like(z.string(), "fastly"),
    lines: like(z.int(), 1),
    primary_bytes: like(z.int(), 734_003_200_000),
    backup_bytes: like(z.int(), 21_474_836_480),
    amount_cents: cents(8_443),
    discount_cents: cents(90),
  })
  .openapi("InvoicedService");

export const withLines = invoiceSchema
  .extend({
    document: documentSchema,
    service_count: like(z.int(), 1),
    services: z.array(serviceSchema).openapi({ description: "the sums of each service; the first thousand by name" }),
    line_count: like(z.int(), 1),
    lines: z.array(lineSchema).openapi({ description: "the first hundred" }),
  })
  .openapi("InvoiceWithLines");

export const representFigures = (figures: InvoiceFigures): z.infer<typeof figuresSchema> => ({
  number: figures.number,
  period_start: isoTime(figures.periodStartMs),
  period_end: isoTime(figures.periodEndMs),
  subtotal_cents: figures.subtotalCents,
  discount_cents: figures.discountCents,
  total_cents: figures.totalCents,
  currency: figures.currency,
});

export const representInvoice = (invoice: Invoice): z.infer<typeof invoiceSchema> => ({
  id: invoice.id,
  ...representFigures(invoice),
  issued_at: isoTime(invoice.issuedAtMs),
  document_number: invoice.documentNumber,
  kind: invoice.kind,
  cycle: invoice.cycle,
  currency_exponent: invoice.exponent,
  tax_cents: invoice.taxCents,
  payable_cents: invoice.payableCents,
  due_at: isoTimeOrNull(invoice.dueAtMs),
});

export const representLineFigures = (line: Omit<LineFigures, "snapshotId">): z.infer<typeof lineFiguresSchema> => ({
  kind: line.kind,
  arrears: line.arrears,
  service_id: line.serviceId,
  window_start: isoTime(line.windowStartMs),
  window_end: isoTime(line.windowEndMs),
  primary_bytes: line.primaryBytes,
  backup_bytes: line.backupBytes,
  rate_cents_per_gb: line.rateCentsPerGb,
  discount_rate: line.discountRate,
  currency: line.currency,
  max_coverage_factor: line.maxCoverageFactor,
  storm_microseconds: line.stormMicroseconds,
  amount_cents: line.amountCents,
  discount_cents: line.discountCents,
});

export const representLine = (line: InvoiceLine): z.infer<typeof lineSchema> => ({
  id: line.id,
  ...representLineFigures(line),
  service_name: line.serviceName,
  estimated: line.estimated,
  storm_ids: [...line.stormIds],
  uncredited_storms: line.uncredited.map(({ stormId, credit, reason }) => ({ storm_id: stormId, credit, reason })),
});

/** Field by field: a document stored by a later version may have more fields. */
const representDocument = ({ body, customerName }: PrintedInvoice): z.infer<typeof documentSchema> => {
  const { issuer, customer } = body;
  return {
    issuer: issuer && {
      legal_name: issuer.legal_name,
      address: issuer.address,
      tax_id: issuer.tax_id,
      payment_details: issuer.payment_details,
    },
    customer: { name: customerName, legal_name: customer.legal_name, address: customer.address, tax_id: customer.tax_id },
    po_number: body.po_number,
    taxes: body.taxes.map(({ label, rate, base_cents, cents: taxCents }) => ({ label, rate, base_cents, cents: taxCents })),
    reverse_charge: body.reverse_charge,
    ...(body.downtime_avoided !== undefined && {
      downtime_avoided: {
        seconds: body.downtime_avoided.seconds,
        cents: body.downtime_avoided.cents,
        storms: body.downtime_avoided.storms,
      },
    }),
  };
};

const representService = (service: BilledService): z.infer<typeof serviceSchema> => ({
  service_id: service.serviceId,
  name: service.name,
  primary_cdn: service.primaryCdn,
  backup_cdn: service.backupCdn,
  lines: service.lines,
  primary_bytes: service.primaryBytes,
  backup_bytes: service.backupBytes,
  amount_cents: service.amountCents,
  discount_cents: service.discountCents,
});

export const representWithLines = (invoice: PrintedInvoice): z.infer<typeof withLines> => ({
  ...representInvoice(invoice),
  document: representDocument(invoice),
  service_count: invoice.serviceCount,
  services: invoice.services.map(representService),
  line_count: invoice.lineCount,
  lines: invoice.lines.map(representLine),
});
