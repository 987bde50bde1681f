import type { BilledService, PrintedInvoice } from "../../adapters/ports/billing/invoice-documents.ts";
import type { InvoiceLine, UncreditedStorm } from "../../adapters/ports/billing/invoices.ts";
import { movePoint } from "../../domain/billing/decimal-text.ts";
import { html, isolated, joined, raw } from "../html.ts";
import type { Html } from "../html.ts";
import { count, gib, money, span, takenOff } from "./invoice-text.ts";

/**
 * The links of a page. A page that is read without a credential does not link storms and lines, which need one.
 * `storms`: where storms are, if it is not in the API. `share`: where links for others are made.
 */
export type PageLinks = { readonly csv: string; readonly api: boolean; readonly storms?: string; readonly share?: string };

const number = (text: string, note: Html | string = ""): Html =>
  html`<td>${text}${note.length === 0 ? "" : html`<small>${note}</small>`}</td>`;

const newLine = raw("<br>");

const volume = (bytes: number): Html => number(gib(bytes), count(bytes));

/** The marks of a line, each explained below the table where it occurs. */
export const marksOf = ({ kind, arrears, estimated }: InvoiceLine): string[] => [
  ...(kind === "adjustment" ? ["adjustment"] : []),
  ...(arrears ? ["arrears"] : []),
  ...(estimated ? ["estimated"] : []),
];

const maxStorms = 3;

const stormReference = (id: number, { api, storms = api ? "/v1/storms" : "" }: PageLinks): Html =>
  storms === ""
    ? html`storm ${id}`
    : html`<a href="${storms}/${id}">storm ${id}</a>, <a href="${storms}/${id}/evidence" aria-label="evidence of storm ${id}">evidence</a>`;

/** A storm without a discount: its credit and the reason; the words are explained below the table. */
const uncreditedReference = ({ stormId, credit, reason }: UncreditedStorm, links: PageLinks): Html =>
  html`${stormReference(stormId, links)}:<br>${credit}${reason === null ? "" : `, ${reason.replaceAll("_", " ")}`}`;

/** Share of the window under storms, in percent, and the storms; the exact ratio is in the explanation of the line. */
const storm = (line: InvoiceLine, links: PageLinks): Html => {
  const { stormIds, stormMicroseconds, windowStartMs, windowEndMs, maxCoverageFactor } = line;
  const uncredited = line.uncredited.slice(0, maxStorms).map((one) => uncreditedReference(one, links));
  const left = line.uncredited.length > maxStorms ? [`${count(line.uncredited.length - maxStorms)} more without a discount`] : [];
  if (stormMicroseconds === 0 && stormIds.length === 0) return number("–", joined([...uncredited, ...left], newLine));
  const percent = (stormMicroseconds / ((windowEndMs - windowStartMs) * 1_000)) * 100;
  const named = stormIds.slice(0, maxStorms).map((id) => stormReference(id, links));
  const more = stormIds.length > maxStorms ? [`${count(stormIds.length - maxStorms)} more`] : [];
  return number(
    `${percent.toFixed(1)} % × ${movePoint(maxCoverageFactor, 0)}`,
    joined([...named, ...more, ...uncredited, ...left], newLine),
  );
};

const discount = (line: InvoiceLine, { id, exponent }: PrintedInvoice, api: boolean): Html => {
  if (line.discountCents === 0 && line.stormIds.length === 0) return number(takenOff(0, exponent));
  const reference = api
    ? html`<a href="/v1/invoices/${id}/lines/${line.id}/explain" aria-label="explanation of line ${line.id}">explanation</a>`
    : `line ${line.id}`;
  return number(takenOff(line.discountCents, exponent), reference);
};

const lineRow = (line: InvoiceLine, invoice: PrintedInvoice, links: PageLinks): Html => {
  const marks = marksOf(line).map((mark) => html` <i>${mark}</i>`);
  const cells = [
    volume(line.primaryBytes),
    volume(line.backupBytes),
    storm(line, links),
    number(money(line.amountCents, invoice.exponent)),
    discount(line, invoice, links.api),
  ];
  return html`<tr><th scope="row">${isolated(line.serviceName)}<small>${span(line.windowStartMs, line.windowEndMs)}${marks}</small></th>${cells}</tr>`;
};

/** The rest is in the CSV. */
const firstOf = (shown: number, all: number): string =>
  shown < all ? `the first ${count(shown)} of ${count(all)}: all of them are in the totals and in the CSV; ` : "";

/** The heading of a section, as the name of its table. */
const caption = (id: string, title: string, about: Html): Html => html`<caption><h2 id="${id}">${title}</h2> ${about}</caption>`;

const heads = (first: string, others: readonly string[]): Html =>
  html`<thead><tr><th scope="col">${first}</th>${others.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>`;

/** Every billed window, in the order of the invoice. */
export const lineTable = (invoice: PrintedInvoice, links: PageLinks): Html => html`<table class="fold lines">
${caption("lines", "Lines", html`${firstOf(invoice.lines.length, invoice.lineCount)}windows in UTC; GiB of 2<sup>30</sup> bytes; amounts in ${invoice.currency}, without taxes`)}
${heads("Service and window", ["Primary, GiB", "Backup, GiB", "Storm", "Amount", "Discount"])}
<tbody>
${joined(
  invoice.lines.map((line) => lineRow(line, invoice, links)),
  "\n",
)}
</tbody>
</table>`;

const serviceRow = (
  { name, primaryCdn, backupCdn, lines, primaryBytes, backupBytes, amountCents, discountCents }: BilledService,
  exponent: number,
): Html => {
  const figures = [
    count(lines),
    gib(primaryBytes),
    gib(backupBytes),
    money(amountCents, exponent),
    takenOff(discountCents, exponent),
    money(amountCents - discountCents, exponent),
  ];
  return html`<tr><th scope="row">${isolated(name)}<small>${isolated(primaryCdn)} → ${isolated(backupCdn)}</small></th>${figures.map((figure) => number(figure))}</tr>`;
};

/** The subtotals of each service; they add up to the totals of the invoice. */
export const serviceTable = (invoice: PrintedInvoice): Html => {
  const { services, exponent } = invoice;
  return html`<table class="fold services">
${caption("services", "By service", html`${firstOf(services.length, invoice.serviceCount)}amounts in ${invoice.currency}, without taxes`)}
${heads("Service", ["Lines", "Primary, GiB", "Backup, GiB", "Amount", "Discount", "Net"])}
<tbody>
${joined(
  services.map((service) => serviceRow(service, exponent)),
  "\n",
)}
</tbody>
</table>`;
};

const percentOf = (rate: string): string => `${movePoint(rate, 2)} %`;

/** From usage to the amount due. */
export const totalsTable = (invoice: PrintedInvoice, due: string): Html => {
  const { body, currency, exponent } = invoice;
  const row = (name: Html | string, figure: string): Html => html`<tr><th scope="row">${name}</th><td>${figure}</td></tr>`;
  const taxes = body.taxes.map(({ label, rate, base_cents: base, cents }) =>
    row(html`${isolated(label)} ${percentOf(rate)} <small>of ${money(base, exponent)}</small>`, money(cents, exponent)),
  );
  return html`<table>
<caption>All amounts in ${currency}</caption>
<tbody>
${row("Usage", money(invoice.subtotalCents, exponent))}
${row("Storm discount", takenOff(invoice.discountCents, exponent))}
${row("Net total", money(invoice.totalCents, exponent))}
${joined([...taxes, ...(body.reverse_charge ? [row("Tax, reverse charge", money(0, exponent))] : [])], "\n")}
${row(due, money(invoice.payableCents, exponent))}
</tbody>
</table>`;
};
