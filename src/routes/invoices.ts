import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../adapters/ports/deps.ts";
import type { Invoice, InvoiceLine } from "../adapters/ports/invoices.ts";
import { noSuchResource } from "../auth/guards.ts";
import type { Guards } from "../auth/guards.ts";
import { id, idParams, jsonAnswer, like, readProblems, tenantPageQuery, tenantQuery, timeText } from "../http/contract.ts";
import { csv } from "../http/csv.ts";
import type { App } from "../http/env.ts";
import { preferred } from "../http/negotiate.ts";
import { paged } from "../http/paging.ts";
import { isoTime } from "../iso-time.ts";

const invoiceSchema = z
  .object({
    id,
    number: z.int().openapi({ example: 7, description: "per customer from 1, without gaps" }),
    period_start: timeText,
    period_end: timeText,
    subtotal_cents: like(z.int(), 8_443),
    discount_cents: like(z.int(), 120),
    total_cents: like(z.int(), 8_323),
    issued_at: timeText,
  })
  .openapi("Invoice");

const decimalText = z.string().openapi({ example: "12" });

const lineSchema = z
  .object({
    id,
    kind: z.enum(["usage", "adjustment"]),
    arrears: z.boolean(),
    service_id: id,
    window_start: timeText,
    window_end: timeText,
    primary_bytes: like(z.int(), 734_003_200_000),
    backup_bytes: like(z.int(), 21_474_836_480),
    rate_cents_per_gb: decimalText,
    discount_rate: like(decimalText, "0.5"),
    max_coverage_factor: like(decimalText, "1.5"),
    storm_microseconds: like(z.int(), 1_800_000_000),
    amount_cents: like(z.int(), 8_443),
    discount_cents: like(z.int(), 90),
  })
  .openapi("InvoiceLine");

const lineColumns = lineSchema.keyof().options;

const withLines = invoiceSchema
  .extend({ line_count: like(z.int(), 1), lines: z.array(lineSchema).openapi({ description: "the first hundred" }) })
  .openapi("InvoiceWithLines");

const represent = (invoice: Invoice): z.infer<typeof invoiceSchema> => ({
  id: invoice.id,
  number: invoice.number,
  period_start: isoTime(invoice.periodStartMs),
  period_end: isoTime(invoice.periodEndMs),
  subtotal_cents: invoice.subtotalCents,
  discount_cents: invoice.discountCents,
  total_cents: invoice.totalCents,
  issued_at: isoTime(invoice.issuedAtMs),
});

const representLine = (line: InvoiceLine): z.infer<typeof lineSchema> => ({
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
  max_coverage_factor: line.maxCoverageFactor,
  storm_microseconds: line.stormMicroseconds,
  amount_cents: line.amountCents,
  discount_cents: line.discountCents,
});

/** `/v1/invoices`: what was billed, with the arithmetic. */
export const registerInvoices = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["invoices"];

  const list = createRoute({
    method: "get",
    path: "/v1/invoices",
    tags,
    summary: "List the invoices, oldest first",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(invoiceSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const invoices = await paged(c, c.req.valid("query"), (page) => deps.invoices.list(c.var.customerId, page));
    return c.json(invoices.map(represent), 200);
  });

  const get = createRoute({
    method: "get",
    path: "/v1/invoices/{id}",
    tags,
    summary: "Read an invoice with its first hundred lines",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(withLines, "The invoice"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const invoice = await deps.invoices.get(c.var.customerId, c.req.valid("param").id);
    if (invoice === null) throw noSuchResource();
    const lines = invoice.lines.map(representLine);
    return c.json({ ...represent(invoice), line_count: invoice.lineCount, lines }, 200);
  });

  const lines = createRoute({
    method: "get",
    path: "/v1/invoices/{id}/lines",
    tags,
    summary: "List the lines of an invoice by window, then service; as CSV for `Accept: text/csv`",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantPageQuery },
    responses: {
      200: {
        description: "One page; as CSV a header row with the names of the fields, then the lines (RFC 4180)",
        content: { "application/json": { schema: z.array(lineSchema) }, "text/csv": { schema: z.string() } },
      },
      ...readProblems,
    },
  });
  app.openapi(lines, async (c) => {
    const invoiceId = c.req.valid("param").id;
    const fetch = (page: Parameters<Deps["invoices"]["lines"]>[2]) =>
      deps.invoices.lines(c.var.customerId, invoiceId, page);
    const rows = await paged(c, c.req.valid("query"), fetch);
    if (rows === null) throw noSuchResource();
    c.header("Vary", "Accept", { append: true });
    const page = rows.map(representLine);
    if (preferred(c.req.header("accept"), ["application/json", "text/csv"]) === "application/json") return c.json(page, 200);
    c.header("Content-Disposition", `attachment; filename="invoice-${invoiceId}-lines.csv"`);
    return c.body(csv(lineColumns, page), 200, { "content-type": "text/csv; charset=utf-8; header=present" });
  });
};
