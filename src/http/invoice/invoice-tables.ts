import type { BilledService, PrintedInvoice } from "../../adapters/ports/billing/invoice-documents.ts";
import type { InvoiceLine, UncreditedStorm } from "../../adapters/ports/billing/invoices.ts";
import { movePoint } from "../../domain/billing/decimal-text.ts";
import { escapeHtml, isolated } from "../html.ts";
import { count, gib, money, span, takenOff } from "./invoice-text.ts";

/** The links of a page. A page that is read without a credential does not link storms and lines, which need one. */
export type PageLinks = { readonly csv: string; readonly api: boolean };

const number = (text: string, note = ""): string => `<td>${text}${note === "" ? "" : `<small>${note}</small>`}</td>`;

const volume = (bytes: number): string => number(gib(bytes), count(bytes));

/** The marks of a line, each explained below the table where it occurs. */
export const marksOf = ({ kind, arrears, estimated }: InvoiceLine): string[] => [
  ...(kind === "adjustment" ? ["adjustment"] : []),
  ...(arrears ? ["arrears"] : []),
  ...(estimated ? ["estimated"] : []),
];

const maxStorms = 3;

const stormReference = (id: number, api: boolean): string =>
  api
    ? `<a href="/v1/storms/${id}">storm ${id}</a>, <a href="/v1/storms/${id}/evidence" aria-label="evidence of storm ${id}">evidence</a>`
    : `storm ${id}`;

/** A storm without a discount: its credit and the reason; the words are explained below the table. */
const uncreditedReference = ({ stormId, credit, reason }: UncreditedStorm, api: boolean): string =>
  `${stormReference(stormId, api)}:<br>${credit}${reason === null ? "" : `, ${reason.replaceAll("_", " ")}`}`;

/** Share of the window under storms, in percent, and the storms; the exact ratio is in the explanation of the line. */
const storm = (line: InvoiceLine, api: boolean): string => {
  const { stormIds, stormMicroseconds, windowStartMs, windowEndMs, maxCoverageFactor } = line;
  const uncredited = line.uncredited.slice(0, maxStorms).map((one) => uncreditedReference(one, api));
  const left = line.uncredited.length > maxStorms ? [`${count(line.uncredited.length - maxStorms)} more without a discount`] : [];
  if (stormMicroseconds === 0 && stormIds.length === 0) return number("–", [...uncredited, ...left].join("<br>"));
  const percent = (stormMicroseconds / ((windowEndMs - windowStartMs) * 1_000)) * 100;
  const named = stormIds.slice(0, maxStorms).map((id) => stormReference(id, api));
  const more = stormIds.length > maxStorms ? [`${count(stormIds.length - maxStorms)} more`] : [];
  return number(`${percent.toFixed(1)} % × ${movePoint(maxCoverageFactor, 0)}`, [...named, ...more, ...uncredited, ...left].join("<br>"));
};

const discount = (line: InvoiceLine, { id, exponent }: PrintedInvoice, api: boolean): string => {
  if (line.discountCents === 0 && line.stormIds.length === 0) return number(takenOff(0, exponent));
  const reference = api
    ? `<a href="/v1/invoices/${id}/lines/${line.id}/explain" aria-label="explanation of line ${line.id}">explanation</a>`
    : `line ${line.id}`;
  return number(takenOff(line.discountCents, exponent), reference);
};

const lineRow = (line: InvoiceLine, invoice: PrintedInvoice, { api }: PageLinks): string => {
  const marks = marksOf(line).map((mark) => ` <i>${mark}</i>`).join("");
  return (
    `<tr><th scope="row">${isolated(line.serviceName)}<small>${span(line.windowStartMs, line.windowEndMs)}${marks}</small></th>` +
    volume(line.primaryBytes) + volume(line.backupBytes) + storm(line, api) +
    number(money(line.amountCents, invoice.exponent)) + discount(line, invoice, api) + "</tr>"
  );
};

/** The rest is in the CSV. */
const firstOf = (shown: number, all: number): string =>
  shown < all ? `the first ${count(shown)} of ${count(all)}: all of them are in the totals and in the CSV; ` : "";

/** The heading of a section, as the name of its table. */
const caption = (id: string, title: string, about: string): string => `<caption><h2 id="${id}">${title}</h2> ${about}</caption>`;

const heads = (first: string, others: readonly string[]): string =>
  `<thead><tr><th scope="col">${first}</th>${others.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>`;

/** Every billed window, in the order of the invoice. */
export const lineTable = (invoice: PrintedInvoice, links: PageLinks): string => `<table class="fold lines">
${caption("lines", "Lines", `${firstOf(invoice.lines.length, invoice.lineCount)}windows in UTC; GiB of 2<sup>30</sup> bytes; amounts in ${escapeHtml(invoice.currency)}, without taxes`)}
${heads("Service and window", ["Primary, GiB", "Backup, GiB", "Storm", "Amount", "Discount"])}
<tbody>
${invoice.lines.map((line) => lineRow(line, invoice, links)).join("\n")}
</tbody>
</table>`;

const serviceRow = ({ name, primaryCdn, backupCdn, lines, primaryBytes, backupBytes, amountCents, discountCents }: BilledService, exponent: number): string =>
  `<tr><th scope="row">${isolated(name)}<small>${isolated(primaryCdn)} → ${isolated(backupCdn)}</small></th>` +
  number(count(lines)) + number(gib(primaryBytes)) + number(gib(backupBytes)) + number(money(amountCents, exponent)) +
  `${number(takenOff(discountCents, exponent))}${number(money(amountCents - discountCents, exponent))}</tr>`;

/** The subtotals of each service; they add up to the totals of the invoice. */
export const serviceTable = (invoice: PrintedInvoice): string => {
  const { services, exponent } = invoice;
  return `<table class="fold services">
${caption("services", "By service", `${firstOf(services.length, invoice.serviceCount)}amounts in ${escapeHtml(invoice.currency)}, without taxes`)}
${heads("Service", ["Lines", "Primary, GiB", "Backup, GiB", "Amount", "Discount", "Net"])}
<tbody>
${services.map((service) => serviceRow(service, exponent)).join("\n")}
</tbody>
</table>`;
};

const percentOf = (rate: string): string => `${movePoint(rate, 2)} %`;

/** From usage to the amount due. */
export const totalsTable = (invoice: PrintedInvoice, due: string): string => {
  const { body, currency, exponent } = invoice;
  const row = (name: string, figure: string): string => `<tr><th scope="row">${name}</th><td>${figure}</td></tr>`;
  const taxes = body.taxes.map(({ label, rate, base_cents: base, cents }) =>
    row(`${isolated(label)} ${percentOf(rate)} <small>of ${money(base, exponent)}</small>`, money(cents, exponent)));
  return `<table>
<caption>All amounts in ${escapeHtml(currency)}</caption>
<tbody>
${row("Usage", money(invoice.subtotalCents, exponent))}
${row("Storm discount", takenOff(invoice.discountCents, exponent))}
${row("Net total", money(invoice.totalCents, exponent))}
${[...taxes, ...(body.reverse_charge ? [row("Tax, reverse charge", money(0, exponent))] : [])].join("\n")}
${row(due, money(invoice.payableCents, exponent))}
</tbody>
</table>`;
};
