import type { InvoiceLink } from "../adapters/ports/billing/invoice-links.ts";
import type { Deps } from "../adapters/ports/deps.ts";
import { noSuchResource } from "../auth/guards.ts";
import { readForm } from "../http/body.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { changeBy } from "../http/idempotency.ts";
import { linkInput, shareInvoice, withdrawLink } from "../routes/billing/invoice-sharing.ts";
import { afterOf, idOf } from "./asked.ts";
import { asking, formNote, onceField, selectField, shownOnce } from "./fields.ts";
import { formOnce, newForm, numberOf, readInput, refusalOf, sentForm } from "./form.ts";
import type { Form, FormStatus } from "./form.ts";
import { mayAct, page } from "./page.ts";
import { cell, empty, note, pages, stateOf, table, when } from "./parts.ts";
import { acting, viewing } from "./session.ts";
import { linkWords } from "./words.ts";

const shown = 100;

/** How long a link is open, in days. */
const terms = [
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
] as const;

const invoicesPath = "/console/invoices";

/** Where the links of an invoice are. */
export const linksPath = (invoiceId: number): string => `${invoicesPath}/${invoiceId}/links`;

const row = (link: InvoiceLink, path: string, nowMs: number, isActing: boolean): Html => {
  const state = link.revokedAtMs !== null ? "withdrawn" : link.expiresAtMs <= nowMs ? "expired" : "open";
  const withdraw =
    state === "open" ? html`<a href="${path}/${link.id}/withdraw" aria-label="Withdraw link ${link.id}">Withdraw…</a>` : nothing;
  return html`<tr><th scope="row">Link ${link.id}</th><td class="lead">${stateOf(linkWords[state])}</td>
${cell("Made", html`${when(link.createdAtMs, nowMs)}<small>by ${isolated(link.createdBy)}</small>`)}${cell("Last opened", link.lastOpenedAtMs === null ? "never" : when(link.lastOpenedAtMs, nowMs))}${cell("Ends", link.revokedAtMs === null ? when(link.expiresAtMs, nowMs) : html`withdrawn ${when(link.revokedAtMs, nowMs)}`)}
${isActing ? html`<td class="act">${withdraw}</td>` : ""}</tr>`;
};

const known = ["expires_in_days"];

const form = (filled: Form, path: string): Html => html`<section aria-labelledby="make"><h2 id="make">A new link</h2>
${formNote(filled, known)}<form class="card" method="post" action="${path}">${onceField(filled)}
${selectField(filled, { name: "expires_in_days", label: "Open for", initial: "30", isFirst: true, choices: terms, hint: "Whoever has the link reads this invoice and its CSV, nothing else. It can be withdrawn at any time." })}
<div class="acts"><button class="main">Make a link</button></div></form></section>`;

/** `/console/invoices/{id}/links`: who reads the invoice without being signed in. */
export const registerInvoiceLinkPages = (app: App, deps: Deps): void => {
  const at = `${invoicesPath}/:id/links`;

  /** The number that is printed on the invoice. @throws AppError `not_found` */
  const numberOn = async (c: AppContext, invoiceId: number): Promise<string> => {
    const [invoice] = await deps.invoices.list(c.var.customerId, { limit: 1, afterId: invoiceId - 1 });
    if (invoice?.id !== invoiceId) throw noSuchResource();
    return invoice.documentNumber;
  };

  const crumb = (invoiceId: number, number: string): Html =>
    html`<p class="crumb"><a href="${invoicesPath}">Invoices</a>, <a href="${invoicesPath}/${invoiceId}">${isolated(number)}</a></p>`;

  const show = async (c: AppContext, filled: Form, status: FormStatus = 200): Promise<Response> => {
    const nowMs = deps.clock.nowMs();
    const [invoiceId, afterId] = [idOf(c), afterOf(c)];
    const path = linksPath(invoiceId);
    const [number, links] = await Promise.all([
      numberOn(c, invoiceId),
      deps.invoiceLinks.list(c.var.customerId, invoiceId, { limit: shown + 1, afterId }),
    ]);
    if (links === null) throw noSuchResource();
    const isActing = mayAct(c);
    const rows = links.slice(0, shown).map((link) => row(link, path, nowMs, isActing));
    const list =
      rows.length === 0
        ? empty("No links.", "By a link somebody without an account here, such as an accountant, reads this one invoice.")
        : table("Links, the oldest first", ["Link", "State", "Made", "Last opened", "Ends", ...(isActing ? ["Withdraw"] : [])], rows);
    const next = links.length > shown ? `${path}?after=${links[shown - 1]?.id ?? 0}` : null;
    const done = c.req.query("done") === "withdrawn" ? note("", html`<p>Withdrawn: the link opens nothing any more.</p>`) : nothing;
    const body = html`${done}${crumb(invoiceId, number)}<h1>Links to ${isolated(number)}</h1>
<p class="hint">The invoice for whoever has a link, without signing in. Links are not kept: a lost one is withdrawn, and another one made.</p>
${list}${pages(path, afterId === null, next)}
${isActing ? form(filled, path) : ""}`;
    return c.html(await page(c, nowMs, { title: "Links to an invoice", tab: "invoices", body }), status);
  };

  app.get(at, viewing, (c) => show(c, newForm(deps, new URL(c.req.url).searchParams)));

  app.post(at, acting, async (c) => {
    const fields = await readForm(c);
    const of = { customerId: c.var.customerId, invoiceId: idOf(c), origin: new URL(c.req.url).origin };
    try {
      const input = readInput(linkInput, { expires_in_days: numberOf(fields.get("expires_in_days")) });
      const number = await numberOn(c, of.invoiceId);
      const { link, url } = await shareInvoice(deps, of, input, (store) => formOnce(c, deps, fields, store));
      const nowMs = deps.clock.nowMs();
      const body = html`${crumb(of.invoiceId, number)}<h1>A link to ${isolated(number)}</h1>
${note("", html`<p>Made; it ends ${when(link.expiresAtMs, nowMs)}.</p>`)}
${shownOnce("Link", url)}
<p class="acts"><a class="button" href="${linksPath(of.invoiceId)}">Done</a></p>`;
      return c.html(await page(c, nowMs, { title: "A link to an invoice", tab: "invoices", body }));
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), refused.status);
    }
  });

  app.get(`${at}/:childId/withdraw`, acting, async (c) => {
    const [invoiceId, linkId] = [idOf(c), idOf(c, "childId")];
    const [link] = (await deps.invoiceLinks.list(c.var.customerId, invoiceId, { limit: 1, afterId: linkId - 1 })) ?? [];
    if (link?.id !== linkId) throw noSuchResource();
    const back = linksPath(invoiceId);
    const body = asking({
      back,
      crumb: "Links",
      title: `Withdraw link ${linkId}?`,
      says: "It opens nothing from then on, for good. Whoever still needs the invoice is given another one.",
      path: `${back}/${linkId}/withdraw`,
      word: "Withdraw",
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Withdraw", tab: "invoices", body }));
  });

  app.post(`${at}/:childId/withdraw`, acting, async (c) => {
    await readForm(c);
    const of = { customerId: c.var.customerId, invoiceId: idOf(c), linkId: idOf(c, "childId") };
    await withdrawLink(deps, of, changeBy(c));
    return c.redirect(`${linksPath(of.invoiceId)}?done=withdrawn`, 303);
  });
};
