import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { PrintLimits } from "../../adapters/ports/billing/invoice-documents.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { idParams, readProblems, tenantQuery } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { invoicePage } from "../../http/invoice/invoice-page.ts";
import { invoiceStyle } from "../../http/invoice/invoice-style.ts";
import { pagePolicy } from "../../http/page-policy.ts";
import { invoiceCsv } from "./invoice-csv.ts";

/** Some thirty sheets; the rest is in the CSV, and the page says so. */
export const pageLimits: PrintLimits = { lines: 1_000, services: 200 };

/** `/v1/invoices/{id}/page` and `/csv`: an invoice to print, and every line of it. */
export const registerInvoicePage = (app: App, deps: Deps, guards: Guards): void => {
  let policy: string | null = null;
  const page = createRoute({
    method: "get",
    path: "/v1/invoices/{id}/page",
    tags: ["invoices"],
    summary: "Read an invoice as a page to print",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: { description: "HTML", content: { "text/html": { schema: z.string() } } }, ...readProblems },
  });
  app.openapi(page, async (c) => {
    const invoiceId = c.req.valid("param").id;
    const invoice = await deps.invoiceDocuments.printed({ customerId: c.var.customerId, invoiceId }, pageLimits);
    if (invoice === null) throw noSuchResource();
    policy ??= await pagePolicy(invoiceStyle);
    return c.html(invoicePage(invoice, { csv: `/v1/invoices/${invoiceId}/csv`, api: true }), 200, { "content-security-policy": policy });
  });

  const whole = createRoute({
    method: "get",
    path: "/v1/invoices/{id}/csv",
    tags: ["invoices"],
    summary: "Read every line of an invoice as one CSV",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: {
      200: { description: "A header row, then the lines (RFC 4180)", content: { "text/csv": { schema: z.string() } } },
      ...readProblems,
    },
  });
  app.openapi(whole, async (c) => {
    const response = await invoiceCsv(deps, { customerId: c.var.customerId, invoiceId: c.req.valid("param").id });
    if (response === null) throw noSuchResource();
    return response;
  });
};
