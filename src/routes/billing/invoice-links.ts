import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { InvoiceLink } from "../../adapters/ports/billing/invoice-links.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  childParams,
  id,
  idParams,
  jsonAnswer,
  jsonRequest,
  like,
  noContent,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  timeText,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { linkInput, shareInvoice, withdrawLink } from "./invoice-sharing.ts";

const linkSchema = z
  .object({
    id,
    created_by: like(z.string(), "token:12"),
    created_at: timeText,
    expires_at: timeText,
    revoked_at: like(timeText.nullable(), null),
    last_opened_at: timeText.nullable().openapi({ description: "to the minute" }),
  })
  .openapi("InvoiceLink");

const newLinkSchema = z
  .object({
    id,
    url: z.string().openapi({
      example: "https://tranche.example.com/i/AAAAAAAAAAEAAAAAAAAABwAAAaJ3...",
      description: "shows the invoice to whoever has it; given this once",
    }),
    expires_at: timeText,
  })
  .openapi("NewInvoiceLink");

const represent = (link: InvoiceLink): z.infer<typeof linkSchema> => ({
  id: link.id,
  created_by: link.createdBy,
  created_at: isoTime(link.createdAtMs),
  expires_at: isoTime(link.expiresAtMs),
  revoked_at: isoTimeOrNull(link.revokedAtMs),
  last_opened_at: isoTimeOrNull(link.lastOpenedAtMs),
});

/** `/v1/invoices/{id}/links`: links by which somebody without a credential reads the invoice. */
export const registerInvoiceLinks = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["invoices"];
  const path = "/v1/invoices/{id}/links";

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Make a link by which the invoice is read without a credential; its URL is given once",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(linkInput) },
    responses: { 201: jsonAnswer(newLinkSchema, "The link with its URL"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const of = { customerId, invoiceId: c.req.valid("param").id, origin: new URL(c.req.url).origin };
    const { link, url } = await shareInvoice(deps, of, c.req.valid("json"), (store) => answerOnce(c, deps, customerId, store));
    return c.json({ id: link.id, url, expires_at: isoTime(link.expiresAtMs) }, 201);
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the links of an invoice, revoked and expired ones included, without their URLs",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(linkSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const invoiceId = c.req.valid("param").id;
    const links = await paged(c, c.req.valid("query"), (page) => deps.invoiceLinks.list(c.var.customerId, invoiceId, page));
    if (links === null) throw noSuchResource();
    return c.json(links.map(represent), 200);
  });

  const revoke = createRoute({
    method: "delete",
    path: `${path}/{childId}` as const,
    tags,
    summary: "Revoke a link; it opens nothing from now on",
    middleware: [guards.editor],
    request: { params: childParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(revoke, async (c) => {
    const { id: invoiceId, childId } = c.req.valid("param");
    await withdrawLink(deps, { customerId: c.var.customerId, invoiceId, linkId: childId }, changeBy(c));
    return c.body(null, 204);
  });
};
