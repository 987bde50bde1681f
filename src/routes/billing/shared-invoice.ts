import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { LinkClaim } from "../../adapters/ports/billing/invoices.ts";
import { AppError } from "../../errors.ts";
import { problems } from "../../http/contract.ts";
import type { App, AppContext } from "../../http/env.ts";
import { invoicePage, noInvoicePage } from "../../http/invoice/invoice-page.ts";
import { invoiceStyle } from "../../http/invoice/invoice-style.ts";
import { preferred } from "../../http/negotiate.ts";
import { pagePolicy } from "../../http/page-policy.ts";
import { invoiceCsv } from "./invoice-csv.ts";
import { pageLimits } from "./invoice-page.ts";

/** A link is a secret: not to be indexed. `Cache-Control` is set for every answer of `/i/`. */
const unlisted = { "x-robots-tag": "noindex, nofollow" } as const;

const minuteMs = 60_000;
const maxNoted = 1_000;

/** Whether a link was noted as opened within the last minute, in this isolate. */
const createNotes = () => {
  const notedAtMs = new Map<number, number>();
  return (linkId: number, nowMs: number): boolean => {
    if (nowMs - (notedAtMs.get(linkId) ?? -Infinity) < minuteMs) return false;
    if (notedAtMs.size >= maxNoted) notedAtMs.clear();
    notedAtMs.set(linkId, nowMs);
    return true;
  };
};

const params = z.strictObject({ token: z.string().openapi({ description: "of a link" }) });

const html = { schema: z.string() };

/**
 * `/i/{token}`: an invoice for whoever has a link to it. No credential is asked for, the limit of the address applies. A
 * token that is wrong, expired or revoked gets the same answer; one with an invalid signature is not looked up.
 */
export const registerSharedInvoice = (app: App, deps: Deps): void => {
  let policy: string | null = null;
  const isToBeNoted = createNotes();
  const tags = ["invoices"];

  const pageHeaders = async () => ({ ...unlisted, "content-security-policy": (policy ??= await pagePolicy(invoiceStyle)) });

  /** A page for people, a problem for everything else. */
  const nothing = async (c: AppContext): Promise<Response> => {
    const headers = { ...(await pageHeaders()), vary: "Accept" };
    if (preferred(c.req.header("accept"), ["application/problem+json", "text/html"]) === "text/html")
      return c.html(noInvoicePage, 404, headers);
    throw new AppError("not_found", "this link opens nothing: it may have expired or been revoked", { headers });
  };

  /** The invoice of the link; null where it is invalid. */
  const opened = async <Shown>(token: string, read: (link: LinkClaim, nowMs: number) => Promise<Shown | null>): Promise<Shown | null> => {
    const nowMs = deps.clock.nowMs();
    const link = await deps.linkTokens?.read(token, nowMs);
    if (link === undefined || link === null) return null;
    const shown = await read(link, nowMs);
    if (shown !== null && isToBeNoted(link.linkId, nowMs)) deps.background(deps.invoiceLinks.noteOpened(link.linkId, nowMs));
    return shown;
  };

  const responses = {
    ...problems(),
    404: { description: "The link is wrong, has expired or was revoked", content: { ...problems(404)[404].content, "text/html": html } },
  };

  const page = createRoute({
    method: "get",
    path: "/i/{token}",
    tags,
    operationId: "getSharedInvoice",
    summary: "Read an invoice by a link, without a credential",
    security: [],
    request: { params },
    responses: { 200: { description: "HTML", content: { "text/html": html } }, ...responses },
  });
  app.openapi(page, async (c) => {
    const { token } = c.req.valid("param");
    const invoice = await opened(token, (link, nowMs) => deps.invoiceDocuments.printed({ link, nowMs }, pageLimits));
    if (invoice === null) return await nothing(c);
    return c.html(invoicePage(invoice, { csv: `/i/${token}/csv`, api: false }), 200, await pageHeaders());
  });

  const whole = createRoute({
    method: "get",
    path: "/i/{token}/csv",
    tags,
    operationId: "getSharedInvoiceCsv",
    summary: "Read every line of an invoice by a link, as one CSV",
    security: [],
    request: { params },
    responses: { 200: { description: "A header row, then the lines (RFC 4180)", content: { "text/csv": html } }, ...responses },
  });
  app.openapi(whole, async (c) => {
    const response = await opened(c.req.valid("param").token, (link, nowMs) => invoiceCsv(deps, { link, nowMs }));
    if (response === null) return await nothing(c);
    for (const [name, value] of Object.entries(unlisted)) response.headers.set(name, value);
    return response;
  });
};
