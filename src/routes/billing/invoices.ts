import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Invoice } from "../../adapters/ports/billing/invoices.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { idParams, jsonAnswer, readProblems, tenantPageQuery, tenantQuery } from "../../http/contract.ts";
import { csv } from "../../http/csv.ts";
import type { App } from "../../http/env.ts";
import { preferred } from "../../http/negotiate.ts";
import { paged } from "../../http/paging.ts";
import { invoiceSchema, lineSchema, representInvoice, representLine, representWithLines, withLines } from "./invoice-contract.ts";
import { csvColumns, csvRow, csvType } from "./invoice-csv.ts";

const shown = { lines: 100, services: 1_000 };

/** `/v1/invoices`: issued invoices, with the arithmetic. */
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
    return c.json(invoices.map(representInvoice), 200);
  });

  const get = createRoute({
    method: "get",
    path: "/v1/invoices/{id}",
    tags,
    summary: "Read an invoice: its document, the sums of its services, and its first hundred lines",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(withLines, "The invoice"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const invoice = await deps.invoiceDocuments.printed({ customerId: c.var.customerId, invoiceId: c.req.valid("param").id }, shown);
    if (invoice === null) throw noSuchResource();
    return c.json(representWithLines(invoice), 200);
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
    let invoice: Invoice | null = null;
    const rows = await paged(c, c.req.valid("query"), async (page) => {
      const found = await deps.invoices.lines({ customerId: c.var.customerId, invoiceId }, page);
      invoice = found?.invoice ?? null;
      return found?.lines ?? null;
    });
    if (rows === null || invoice === null) throw noSuchResource();
    c.header("Vary", "Accept", { append: true });
    if (preferred(c.req.header("accept"), ["application/json", "text/csv"]) === "application/json")
      return c.json(rows.map(representLine), 200);
    c.header("Content-Disposition", `attachment; filename="invoice-${invoiceId}-lines.csv"`);
    return c.body(csv(csvColumns, rows.map(csvRow(invoice))), 200, { "content-type": csvType });
  });
};
