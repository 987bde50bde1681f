import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../adapters/ports/deps.ts";
import type { Guards } from "../auth/guards.ts";
import { jsonAnswer, like, readProblems, tenantQuery } from "../http/contract.ts";
import type { App } from "../http/env.ts";
import { figuresSchema, lineFiguresSchema, representFigures, representLineFigures } from "./invoice-contract.ts";

const previewSchema = z
  .object({
    invoices: z
      .array(
        figuresSchema.extend({
          line_count: like(z.int(), 1),
          lines: z.array(lineFiguresSchema).openapi({ description: "the first hundred" }),
        }),
      )
      .openapi({ description: "one per currency; none where nothing is due" }),
    waiting_windows: z.int().openapi({ example: 6, description: "windows that are over and wait for the grace to pass" }),
  })
  .openapi("InvoicePreview");

/** `/v1/invoices/preview`: what the next billing run would issue. */
export const registerInvoicePreview = (app: App, deps: Deps, guards: Guards): void => {
  const read = createRoute({
    method: "get",
    path: "/v1/invoices/preview",
    tags: ["invoices"],
    summary: "See what would be billed now; nothing is issued",
    middleware: [guards.viewer],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(previewSchema, "What the next run would issue"), ...readProblems },
  });
  app.openapi(read, async (c) => {
    const { periodMs, graceMs, ...terms } = deps.config.billing;
    const nowMs = deps.clock.nowMs();
    const query = { terms, nowMs, billUntilMs: nowMs - graceMs, arrearsUntilMs: nowMs - periodMs };
    const { invoices, waitingWindows } = await deps.invoicePreview.preview(c.var.customerId, query);
    const shown = invoices.map((invoice) => ({
      ...representFigures(invoice), line_count: invoice.lineCount, lines: invoice.lines.map(representLineFigures),
    }));
    return c.json({ invoices: shown, waiting_windows: waitingWindows }, 200);
  });
};
