import { z } from "@hono/zod-openapi";
import type { Invoice, InvoiceLine } from "../adapters/ports/invoices.ts";
import { id, like, timeText } from "../http/contract.ts";
import { isoTime } from "../iso-time.ts";

/** The forms in which invoices and their lines are shown. */
export const invoiceSchema = z
  .object({
    id,
    number: z.int().openapi({ example: 7, description: "per customer from 1, without gaps" }),
    period_start: timeText,
    period_end: timeText,
    subtotal_cents: like(z.int(), 8_443),
    discount_cents: like(z.int(), 120),
    total_cents: like(z.int(), 8_323),
    currency: z.string().openapi({ example: "USD" }),
    issued_at: timeText,
  })
  .openapi("Invoice");

const decimalText = z.string().openapi({ example: "12" });

export const lineSchema = z
  .object({
    id,
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
    amount_cents: like(z.int(), 8_443),
    discount_cents: like(z.int(), 90),
  })
  .openapi("InvoiceLine");

export const lineColumns = lineSchema.keyof().options;

export const withLines = invoiceSchema
  .extend({ line_count: like(z.int(), 1), lines: z.array(lineSchema).openapi({ description: "the first hundred" }) })
  .openapi("InvoiceWithLines");

export const representInvoice = (invoice: Invoice): z.infer<typeof invoiceSchema> => ({
  id: invoice.id,
  number: invoice.number,
  period_start: isoTime(invoice.periodStartMs),
  period_end: isoTime(invoice.periodEndMs),
  subtotal_cents: invoice.subtotalCents,
  discount_cents: invoice.discountCents,
  total_cents: invoice.totalCents,
  currency: invoice.currency,
  issued_at: isoTime(invoice.issuedAtMs),
});

export const representLine = (line: InvoiceLine): z.infer<typeof lineSchema> => ({
  id: line.id,
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
