import type { Party, PrintedInvoice } from "../../adapters/ports/billing/invoice-documents.ts";
import type { CreditReason } from "../../domain/billing/credit.ts";
import { creditReasons } from "../../domain/billing/credit.ts";
import { movePoint } from "../../domain/billing/decimal-text.ts";
import { escapeHtml, isolated, isolatedLines } from "../html.ts";
import { invoiceStyle } from "./invoice-style.ts";
import { lineTable, marksOf, serviceTable, totalsTable } from "./invoice-tables.ts";
import type { PageLinks } from "./invoice-tables.ts";
import { day, money, period } from "./invoice-text.ts";

const titles = { invoice: "Invoice", credit_note: "Credit note" } as const;
const dues = { invoice: "Amount due", credit_note: "Amount credited" } as const;

/** The explanation of each mark of a line. */
const legends: Readonly<Record<string, string>> = {
  adjustment: "what a window that was billed before costs more or less than was billed for it",
  arrears: "a window that an earlier invoice should have billed",
  estimated: "not everything of the window had been read when it was billed; what is missing follows as an adjustment",
};

/** @param title null where the content holds the heading */
const section = (name: string, title: string | null, content: string): string =>
  `<section class="${name}" aria-labelledby="${name}">\n${title === null ? "" : `<h2 id="${name}">${title}</h2>\n`}${content}\n</section>\n`;

const isToBePaid = ({ kind, payableCents }: PrintedInvoice): boolean => kind === "invoice" && payableCents > 0;

const partyLines = (name: string, { address, tax_id: taxId }: Party): string =>
  [
    `<p><strong>${isolated(name)}</strong>${address === null || address.trim() === "" ? "" : `<br>${isolatedLines(address)}`}</p>`,
    ...(taxId === null ? [] : [`<p><span>Tax ID</span> ${isolated(taxId)}</p>`]),
  ].join("\n");

const facts = (invoice: PrintedInvoice): string => {
  const { body, customerName } = invoice;
  const legalName = body.customer.legal_name;
  const rows: [string, string][] = [
    ["Issued", day(invoice.issuedAtMs)],
    ...(invoice.dueAtMs === null || !isToBePaid(invoice) ? [] : [["Due", day(invoice.dueAtMs)] satisfies [string, string]]),
    ["Period", `${period(invoice.periodStartMs, invoice.periodEndMs)} UTC`],
    ...(body.po_number === null ? [] : [["PO number", isolated(body.po_number)] satisfies [string, string]]),
    ...(legalName === null || legalName === customerName ? [] : [["Account", isolated(customerName)] satisfies [string, string]]),
  ];
  return `<dl>\n${rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join("\n")}\n</dl>`;
};

const parties = (invoice: PrintedInvoice): string => {
  const { issuer, customer } = invoice.body;
  const from = issuer?.legal_name ?? null;
  return `<div class="parties">
${issuer === null || from === null ? "" : section("issuer", "From", partyLines(from, issuer))}${section("customer", "Bill to", partyLines(customer.legal_name ?? invoice.customerName, customer))}${section("facts", "Details", facts(invoice))}</div>`;
};

/** Due date and payment details; empty where nothing is to be paid. */
const payment = (invoice: PrintedInvoice): string => {
  if (!isToBePaid(invoice)) return "";
  const { body, dueAtMs } = invoice;
  const details = body.issuer?.payment_details ?? "";
  return [
    ...(dueAtMs === null ? [] : [`<p>to be paid by ${day(dueAtMs)}</p>\n`]),
    ...(details.trim() === "" ? [] : [`<p class="how">${isolatedLines(details)}</p>\n`]),
  ].join("");
};

const totals = (invoice: PrintedInvoice): string => {
  const due = dues[invoice.kind];
  return `<div class="due">
<p>${due}</p>
<p class="figure">${escapeHtml(invoice.currency)} ${money(invoice.payableCents, invoice.exponent)}</p>
${payment(invoice)}${invoice.body.reverse_charge ? '<p class="how">Reverse charge: the tax on this supply is owed by its recipient.</p>\n' : ""}</div>
${totalsTable(invoice, due)}`;
};

/** The terms of the lines, each once: a line keeps those by which it was billed. */
const terms = ({ lines, currency, exponent }: PrintedInvoice): string =>
  [...new Set(lines.map(({ rateCentsPerGb, discountRate }) =>
    `${escapeHtml(currency)} ${movePoint(rateCentsPerGb, -exponent)} per GiB, storm discount rate ${movePoint(discountRate, 0)}`))].join("; ");

const notes = (invoice: PrintedInvoice, { csv, api }: PageLinks): string => {
  const marks = new Set(invoice.lines.flatMap(marksOf));
  const legend = Object.entries(legends).filter(([mark]) => marks.has(mark)).map(([mark, text]) => `<dt>${mark}</dt><dd>${text}</dd>`);
  const hasStorms = invoice.lines.some(({ stormIds }) => stormIds.length > 0);
  const reasons = new Set(invoice.lines.flatMap(({ uncredited }) => uncredited.flatMap(({ reason }) => reason ?? [])));
  const refusals = Object.entries(creditReasons).filter(([name]) => reasons.has(name as CreditReason))
    .map(([name, text]) => `<dt>${name.replaceAll("_", " ")}</dt><dd>${text}</dd>`);
  return [
    ...(legend.length === 0 ? [] : [`<dl>${legend.join("")}</dl>`]),
    ...(refusals.length === 0
      ? []
      : [`<p>Storms that took nothing off when this was issued; what of them is confirmed later follows as an adjustment:</p>\n<dl>${refusals.join("")}</dl>`]),
    "<p>A side of a line costs bytes × rate ÷ 2<sup>30</sup>, rounded to the smallest unit of the currency, halves away from zero. Its discount is" +
      " the cost of the backup × discount rate × storm (share of the window under storms × factor), rounded, and at most the amount. A tax is its" +
      ` rate × its base, rounded once. Terms: ${terms(invoice)}. An issued invoice never changes.</p>`,
    ...(hasStorms && !api
      ? [`<p>With a credential of the account: the evidence of a storm at /v1/storms/{storm}/evidence, a line step by step at /v1/invoices/${invoice.id}/lines/{line}/explain.</p>`]
      : []),
    `<p class="screen"><a href="${escapeHtml(csv)}">Every line as CSV</a></p>`,
  ].join("\n");
};

/** Rows that fit on a sheet. */
const fewRows = 10;

/** An issued invoice as one page, to read and to print: no script, no image, nothing to load. Everything is as issued. */
export const invoicePage = (invoice: PrintedInvoice, links: PageLinks): string => {
  const title = titles[invoice.kind];
  const issuer = invoice.body.issuer?.legal_name ?? null;
  const spacing = invoice.lines.length + invoice.services.length <= fewRows ? ' class="airy"' : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${title} ${escapeHtml(invoice.documentNumber)} – ${escapeHtml(invoice.body.customer.legal_name ?? invoice.customerName)}</title>
<style>${invoiceStyle}</style>
</head>
<body>
<main${spacing}>
<header><h1><span>${title}</span> ${isolated(invoice.documentNumber)}</h1>
<p>${issuer === null ? "tranche<br>multi-CDN storm insurance" : isolated(issuer)}</p></header>
${parties(invoice)}
${section("totals", "Totals", totals(invoice))}${section("services", null, serviceTable(invoice))}${section("lines", null, lineTable(invoice, links))}${section("notes", "Notes", notes(invoice, links))}</main>
</body>
</html>
`;
};

/** The page for every invalid link, whatever the reason. */
export const noInvoicePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>No such link</title>
<style>${invoiceStyle}</style>
</head>
<body>
<main>
<header><h1>This link opens nothing</h1></header>
<p>It may have expired or been withdrawn, or a part of it is missing. Whoever sent it can make a new one.</p>
</main>
</body>
</html>
`;
