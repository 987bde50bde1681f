import type { Deps } from "../adapters/ports/deps.ts";
import type { Invoice } from "../adapters/ports/billing/invoices.ts";
import { noSuchResource } from "../auth/guards.ts";
import type { App } from "../http/env.ts";
import { html, isolated } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { invoicePage } from "../http/invoice/invoice-page.ts";
import { invoiceStyle } from "../http/invoice/invoice-style.ts";
import { day, money, period, takenOff } from "../http/invoice/invoice-text.ts";
import { pagePolicy } from "../http/page-policy.ts";
import { invoiceCsv } from "../routes/billing/invoice-csv.ts";
import { pageLimits } from "../routes/billing/invoice-page.ts";
import { afterOf, idOf } from "./asked.ts";
import { linksPath, registerInvoiceLinkPages } from "./invoice-links.ts";
import { page } from "./page.ts";
import { cell, empty, pages, table, when } from "./parts.ts";
import { viewing } from "./session.ts";

const shown = 100;

const row = (invoice: Invoice, nowMs: number): Html => {
  const { id, exponent, currency } = invoice;
  const due =
    invoice.kind === "credit_note" || invoice.payableCents <= 0
      ? "nothing to pay"
      : invoice.dueAtMs === null
        ? ""
        : `by ${day(invoice.dueAtMs)}`;
  return html`<tr><th scope="row"><a href="/console/invoices/${id}">${isolated(invoice.documentNumber)}</a>${invoice.kind === "credit_note" ? html`<small>credit note</small>` : ""}</th>
${cell("Issued", html`${day(invoice.issuedAtMs)}<small>${when(invoice.issuedAtMs, nowMs)}</small>`)}${cell("Period, UTC", period(invoice.periodStartMs, invoice.periodEndMs))}${cell("Usage", money(invoice.subtotalCents, exponent), true)}${cell("Storm discount", takenOff(invoice.discountCents, exponent), true)}${cell("Due", html`<strong>${currency} ${money(invoice.payableCents, exponent)}</strong><small>${due}</small>`, true)}
${cell("Hand on", html`<a href="/console/invoices/${id}/csv" aria-label="CSV of ${invoice.documentNumber}">CSV</a> <a href="${linksPath(id)}" aria-label="Links to ${invoice.documentNumber}">Links</a>`)}</tr>`;
};

/** `/console/invoices`: issued invoices, each as the page that is printed, and by links. */
export const registerInvoicePages = (app: App, deps: Deps): void => {
  const path = "/console/invoices";
  let policy: string | null = null;

  app.get(path, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const invoices = await deps.invoices.list(c.var.customerId, { limit: shown + 1, afterId });
    const next = invoices.length > shown ? `${path}?after=${invoices[shown - 1]?.id ?? 0}` : null;
    const rows = invoices.slice(0, shown).map((invoice) => row(invoice, nowMs));
    const list =
      rows.length === 0
        ? empty(
            "No invoices yet.",
            html`One is issued when a billing cycle closes with usage in it; <code>GET /v1/invoices/preview</code> is what it would say now.`,
          )
        : table(
            "Issued invoices, the oldest first",
            ["Number", "Issued", "Period, UTC", { number: "Usage" }, { number: "Storm discount" }, { number: "Due" }, "Hand on"],
            rows,
          );
    const body = html`<div class="head"><div><h1>Invoices</h1><p>As issued: an invoice never changes</p></div></div>\n${list}${pages(path, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "Invoices", tab: "invoices", body }));
  });

  app.get(`${path}/:id`, viewing, async (c) => {
    const invoiceId = idOf(c);
    const invoice = await deps.invoiceDocuments.printed({ customerId: c.var.customerId, invoiceId }, pageLimits);
    if (invoice === null) throw noSuchResource();
    policy ??= await pagePolicy(invoiceStyle);
    const links = { csv: `${path}/${invoiceId}/csv`, api: false, storms: "/console/storms", share: linksPath(invoiceId) };
    return c.html(invoicePage(invoice, links), 200, { "content-security-policy": policy });
  });

  app.get(`${path}/:id/csv`, viewing, async (c) => {
    const response = await invoiceCsv(deps, { customerId: c.var.customerId, invoiceId: idOf(c) });
    if (response === null) throw noSuchResource();
    return response;
  });

  registerInvoiceLinkPages(app, deps);
};
