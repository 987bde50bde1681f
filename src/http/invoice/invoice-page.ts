import type { Party, PrintedInvoice } from "../../adapters/ports/billing/invoice-documents.ts";
import type { CreditReason } from "../../domain/billing/credit.ts";
import { creditReasons } from "../../domain/billing/credit.ts";
import { movePoint } from "../../domain/billing/decimal-text.ts";
import { html, isolated, isolatedLines, joined, nothing, raw } from "../html.ts";
import type { Html } from "../html.ts";
import { invoiceStyle } from "./invoice-style.ts";
import { lineTable, marksOf, serviceTable, totalsTable } from "./invoice-tables.ts";
import type { PageLinks } from "./invoice-tables.ts";
import { avoided, day, period, money } from "./invoice-text.ts";

const titles = { invoice: "Invoice", credit_note: "Credit note" } as const;
const dues = { invoice: "Amount due", credit_note: "Amount credited" } as const;

/** The explanation of each mark of a line. */
const legends: Readonly<Record<string, string>> = {
  adjustment: "what a window that was billed before costs more or less than was billed for it",
  arrears: "a window that an earlier invoice should have billed",
  estimated: "not everything of the window had been read when it was billed; what is missing follows as an adjustment",
};

/** @param title null where the content holds the heading */
const section = (name: string, title: string | null, content: Html): Html =>
  html`<section class="${name}" aria-labelledby="${name}">\n${title === null ? "" : html`<h2 id="${name}">${title}</h2>\n`}${content}\n</section>\n`;

const isToBePaid = ({ kind, payableCents }: PrintedInvoice): boolean => kind === "invoice" && payableCents > 0;

const partyLines = (name: string, { address, tax_id: taxId }: Party): Html =>
  joined(
    [
      html`<p><strong>${isolated(name)}</strong>${address === null || address.trim() === "" ? "" : html`<br>${isolatedLines(address)}`}</p>`,
      ...(taxId === null ? [] : [html`<p><span>Tax ID</span> ${isolated(taxId)}</p>`]),
    ],
    "\n",
  );

const avoidedLines = ({ time, price }: ReturnType<typeof avoided>): Html => html`${time}${price === null ? "" : html`<br>(${price})`}`;

const facts = (invoice: PrintedInvoice): Html => {
  const { body, customerName } = invoice;
  const legalName = body.customer.legal_name;
  const rows: [string, Html | string][] = [
    ["Issued", day(invoice.issuedAtMs)],
    ...(invoice.dueAtMs === null || !isToBePaid(invoice) ? [] : [["Due", day(invoice.dueAtMs)] satisfies [string, string]]),
    ["Period", `${period(invoice.periodStartMs, invoice.periodEndMs)} UTC`],
    ...(body.po_number === null ? [] : [["PO number", isolated(body.po_number)] satisfies [string, Html]]),
    ...(legalName === null || legalName === customerName ? [] : [["Account", isolated(customerName)] satisfies [string, Html]]),
    ...(body.downtime_avoided === undefined
      ? []
      : [["Downtime avoided", avoidedLines(avoided(body.downtime_avoided, invoice))] satisfies [string, Html]]),
  ];
  return html`<dl>\n${joined(
    rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`),
    "\n",
  )}\n</dl>`;
};

const parties = (invoice: PrintedInvoice): Html => {
  const { issuer, customer } = invoice.body;
  const from = issuer?.legal_name ?? null;
  return html`<div class="parties">
${issuer === null || from === null ? "" : section("issuer", "From", partyLines(from, issuer))}${section("customer", "Bill to", partyLines(customer.legal_name ?? invoice.customerName, customer))}${section("facts", "Details", facts(invoice))}</div>`;
};

/** Due date and payment details; empty where nothing is to be paid. */
const payment = (invoice: PrintedInvoice): Html => {
  if (!isToBePaid(invoice)) return nothing;
  const { body, dueAtMs } = invoice;
  const details = body.issuer?.payment_details ?? "";
  return html`${dueAtMs === null ? "" : html`<p>to be paid by ${day(dueAtMs)}</p>\n`}${details.trim() === "" ? "" : html`<p class="how">${isolatedLines(details)}</p>\n`}`;
};

const totals = (invoice: PrintedInvoice): Html => {
  const due = dues[invoice.kind];
  return html`<div class="due">
<p>${due}</p>
<p class="figure">${invoice.currency} ${money(invoice.payableCents, invoice.exponent)}</p>
${payment(invoice)}${invoice.body.reverse_charge ? html`<p class="how">Reverse charge: the tax on this supply is owed by its recipient.</p>\n` : ""}</div>
${totalsTable(invoice, due)}`;
};

/** The terms of the lines, each once: a line keeps those by which it was billed. */
const terms = ({ lines, currency, exponent }: PrintedInvoice): string =>
  [
    ...new Set(
      lines.map(
        ({ rateCentsPerGb, discountRate }) =>
          `${currency} ${movePoint(rateCentsPerGb, -exponent)} per GiB, storm discount rate ${movePoint(discountRate, 0)}`,
      ),
    ),
  ].join("; ");

const formula = raw(
  "A side of a line costs bytes × rate ÷ 2<sup>30</sup>, rounded to the smallest unit of the currency, halves away from zero. Its discount is" +
    " the cost of the backup × discount rate × storm (share of the window under storms × factor), rounded, and at most the amount. A tax is its" +
    " rate × its base, rounded once.",
);

const avoidedNote = ({ body }: PrintedInvoice): string =>
  body.downtime_avoided === undefined
    ? ""
    : "Downtime avoided: time in storms with the primary down and visitors on the backup, at each service's own price of a minute. ";

const notes = (invoice: PrintedInvoice, { csv, api, share }: PageLinks): Html => {
  const marks = new Set(invoice.lines.flatMap(marksOf));
  const legend = Object.entries(legends)
    .filter(([mark]) => marks.has(mark))
    .map(([mark, text]) => html`<dt>${mark}</dt><dd>${text}</dd>`);
  const hasStorms = invoice.lines.some(({ stormIds }) => stormIds.length > 0);
  const reasons = new Set(invoice.lines.flatMap(({ uncredited }) => uncredited.flatMap(({ reason }) => reason ?? [])));
  const refusals = Object.entries(creditReasons)
    .filter(([name]) => reasons.has(name as CreditReason))
    .map(([name, text]) => html`<dt>${name.replaceAll("_", " ")}</dt><dd>${text}</dd>`);
  return joined(
    [
      ...(legend.length === 0 ? [] : [html`<dl>${legend}</dl>`]),
      ...(refusals.length === 0
        ? []
        : [
            html`<p>Storms that took nothing off when this was issued; what of them is confirmed later follows as an adjustment:</p>\n<dl>${refusals}</dl>`,
          ]),
      html`<p>${formula} Terms: ${terms(invoice)}. ${avoidedNote(invoice)}An issued invoice never changes.</p>`,
      ...(hasStorms && !api
        ? [
            html`<p>With a credential of the account: the evidence of a storm at /v1/storms/{storm}/evidence, a line step by step at /v1/invoices/${invoice.id}/lines/{line}/explain.</p>`,
          ]
        : []),
      html`<p class="screen"><a href="${csv}">Every line as CSV</a>${share === undefined ? "" : html`, <a href="${share}">links for others</a>`}</p>`,
    ],
    "\n",
  );
};

/** Rows that fit on a sheet. */
const fewRows = 10;

/** An issued invoice as one page, to read and to print: no script, no image, nothing to load. Everything is as issued. */
export const invoicePage = (invoice: PrintedInvoice, links: PageLinks): string => {
  const title = titles[invoice.kind];
  const issuer = invoice.body.issuer?.legal_name ?? null;
  const spacing = invoice.lines.length + invoice.services.length <= fewRows ? raw(' class="airy"') : "";
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${title} ${invoice.documentNumber} – ${invoice.body.customer.legal_name ?? invoice.customerName}</title>
<style>${raw(invoiceStyle)}</style>
</head>
<body>
<main${spacing}>
<header><h1><span>${title}</span> ${isolated(invoice.documentNumber)}</h1>
<p>${issuer === null ? raw("tranche<br>multi-CDN storm insurance") : isolated(issuer)}</p></header>
${parties(invoice)}
${section("totals", "Totals", totals(invoice))}${section("services", null, serviceTable(invoice))}${section("lines", null, lineTable(invoice, links))}${section("notes", "Notes", notes(invoice, links))}</main>
</body>
</html>
`.toString();
};

/** The page for every invalid link, whatever the reason. */
export const noInvoicePage = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>No such link</title>
<style>${raw(invoiceStyle)}</style>
</head>
<body>
<main>
<header><h1>This link opens nothing</h1></header>
<p>It may have expired or been withdrawn, or a part of it is missing. Whoever sent it can make a new one.</p>
</main>
</body>
</html>
`.toString();
