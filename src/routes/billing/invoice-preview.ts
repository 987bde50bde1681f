import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { InvoicePreview, Preview, PreviewLine } from "../../adapters/ports/billing/invoice-preview.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { billingCycles, comingBounds } from "../../domain/billing/billing-cycle.ts";
import { id, jsonAnswer, like, readProblems, tenantQuery, timeText } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { isoTime } from "../../iso-time.ts";
import { representFigures, representLineFigures } from "./invoice-contract.ts";

const decimalText = (example: string) => like(z.string(), example);

const lineSchema = z
  .object({
    kind: z.enum(["usage", "adjustment"]),
    arrears: z.boolean(),
    estimated: z.boolean().openapi({ description: "a side of the window is incomplete; what is missing would follow as an adjustment" }),
    service_id: id,
    window_start: timeText,
    window_end: timeText,
    primary_bytes: like(z.int(), 734_003_200_000),
    backup_bytes: like(z.int(), 21_474_836_480),
    rate_cents_per_gb: decimalText("12"),
    discount_rate: decimalText("0.5"),
    currency: like(z.string(), "USD"),
    max_coverage_factor: decimalText("1.5"),
    storm_microseconds: like(z.int(), 1_800_000_000),
    amount_cents: like(z.int(), 8_443),
    discount_cents: like(z.int(), 90),
  })
  .openapi("PreviewLine");

const invoiceSchema = z
  .object({
    number: like(z.int(), 7),
    period_start: timeText,
    period_end: timeText,
    subtotal_cents: like(z.int(), 8_443),
    discount_cents: like(z.int(), 120),
    total_cents: like(z.int(), 8_323),
    tax_cents: like(z.int(), 1_581),
    payable_cents: like(z.int(), 9_904),
    currency: like(z.string(), "USD"),
    line_count: like(z.int(), 1),
    lines: z.array(lineSchema).openapi({ description: "the first hundred" }),
  })
  .openapi("PreviewInvoice");

const previewSchema = z
  .object({
    cycle: z
      .enum(billingCycles)
      .openapi({ description: "how often invoices are issued: by every run, or once a UTC day or month is over" }),
    bills_until: timeText.openapi({ description: "windows that end later are not on the next invoice" }),
    closes_at: timeText.nullable().openapi({
      description: "from when on the next run issues what is shown, until then more may come; null: the next run does, whenever it is",
    }),
    invoices: z
      .array(invoiceSchema)
      .openapi({ description: "what the next invoice holds so far, one per currency; none where nothing costs anything" }),
    waiting_windows: z.int().openapi({ example: 6, description: "windows that are over and end after `bills_until`" }),
    withheld_windows: z.int().openapi({ example: 0, description: "windows that are incomplete and about to be completed: not billed yet" }),
    idle_windows: z
      .int()
      .openapi({ example: 0, description: "windows that cost nothing and ride on the next invoice that says something" }),
  })
  .openapi("InvoicePreview");

const representLine = (line: PreviewLine): z.infer<typeof lineSchema> => {
  const { kind, arrears, ...figures } = representLineFigures(line);
  return { kind, arrears, estimated: line.estimated, ...figures };
};

const representInvoice = (invoice: InvoicePreview): z.infer<typeof invoiceSchema> => {
  const { currency, ...figures } = representFigures(invoice);
  return {
    ...figures,
    tax_cents: invoice.taxCents,
    payable_cents: invoice.payableCents,
    currency,
    line_count: invoice.lineCount,
    lines: invoice.lines.map(representLine),
  };
};

const represent = (preview: Preview, graceMs: number): z.infer<typeof previewSchema> => ({
  cycle: preview.cycle,
  bills_until: isoTime(preview.billUntilMs),
  closes_at: preview.cycle === "run" ? null : isoTime(preview.billUntilMs + graceMs),
  invoices: preview.invoices.map(representInvoice),
  waiting_windows: preview.waitingWindows,
  withheld_windows: preview.withheldWindows,
  idle_windows: preview.idleWindows,
});

/** `/v1/invoices/preview`: what the next billing run would issue, or the next close of the customer's cycle so far. */
export const registerInvoicePreview = (app: App, deps: Deps, guards: Guards): void => {
  const read = createRoute({
    method: "get",
    path: "/v1/invoices/preview",
    tags: ["invoices"],
    operationId: "getInvoicePreview",
    summary: "See what the next invoice holds so far; nothing is issued",
    middleware: [guards.viewer, worth(deps, costs.reading)],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(previewSchema, "What the next invoice holds so far"), ...readProblems },
  });
  app.openapi(read, async (c) => {
    const { cycle, periodMs, graceMs, ...terms } = deps.config.billing;
    const nowMs = deps.clock.nowMs();
    const preview = await deps.invoicePreview.preview(c.var.customerId, {
      terms,
      cycle,
      nowMs,
      bounds: comingBounds(nowMs, graceMs, periodMs),
      withheldAfterMs: nowMs - deps.config.usage.lookbackMs,
    });
    if (preview === null) throw noSuchResource();
    return c.json(represent(preview, graceMs), 200);
  });
};
