import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../adapters/ports/deps.ts";
import { sha256, toBase64 } from "../auth/digest.ts";
import { noSuchResource } from "../auth/guards.ts";
import type { Guards } from "../auth/guards.ts";
import { idParams, readProblems, tenantQuery } from "../http/contract.ts";
import type { App } from "../http/env.ts";
import { invoicePage } from "../http/invoice-page.ts";
import { invoiceStyle } from "../http/invoice-style.ts";

/** Some thirty sheets; the rest is in the CSV, and the page says so. */
const maxLines = 1_000;

/** Nothing may be loaded from anywhere, and nothing runs: the page is text and this one style. */
const policy = async (): Promise<string> =>
  `default-src 'none'; style-src 'sha256-${toBase64(await sha256(invoiceStyle))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** `/v1/invoices/{id}/page`: an invoice to print. */
export const registerInvoicePage = (app: App, deps: Deps, guards: Guards): void => {
  let contentPolicy: string | null = null;
  const read = createRoute({
    method: "get",
    path: "/v1/invoices/{id}/page",
    tags: ["invoices"],
    summary: "Read an invoice as a page to print",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: { description: "HTML", content: { "text/html": { schema: z.string() } } }, ...readProblems },
  });
  app.openapi(read, async (c) => {
    const invoice = await deps.invoiceDocuments.printed(c.var.customerId, c.req.valid("param").id, maxLines);
    if (invoice === null) throw noSuchResource();
    contentPolicy ??= await policy();
    return c.html(invoicePage(invoice), 200, { "content-security-policy": contentPolicy });
  });
};
