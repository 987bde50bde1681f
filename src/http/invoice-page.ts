import type { PrintedInvoice } from "../adapters/ports/invoice-documents.ts";
import { isoTime } from "../iso-time.ts";
import { invoiceStyle } from "./invoice-style.ts";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? "");

const grouped = (digits: string): string => digits.replaceAll(/\B(?=(\d{3})+$)/g, ",");

/** Minus before the figure, thousands with commas, always two decimals: `-1,234.05`. */
export const money = (cents: number): string => {
  const size = String(Math.abs(cents)).padStart(3, "0");
  return `${cents < 0 ? "-" : ""}${grouped(size.slice(0, -2))}.${size.slice(-2)}`;
};

/** What a discount takes off. */
const discount = (cents: number): string => (cents === 0 ? "0.00" : money(-cents));

const count = (value: number): string => `${value < 0 ? "-" : ""}${grouped(String(Math.abs(value)))}`;
const minute = (ms: number): string => isoTime(ms).slice(0, 16).replace("T", " ");
const second = (ms: number): string => isoTime(ms).slice(0, 19).replace("T", " ");

/** To the minute where that is exact, else to the second; the date of the end only where it is another one. */
const span = (startMs: number, endMs: number): string => {
  const show = startMs % 60_000 === 0 && endMs % 60_000 === 0 ? minute : second;
  const [start, end] = [show(startMs), show(endMs)];
  return `${start} – ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`;
};

const kind = (line: PrintedInvoice["lines"][number]): string =>
  line.kind === "adjustment" ? "adjustment" : line.arrears ? "arrears" : "";

/** Share of the window under storms, in percent; the exact ratio is in the explanation of the line. */
const storm = (line: PrintedInvoice["lines"][number]): string => {
  if (line.stormMicroseconds === 0) return "–";
  const percent = (line.stormMicroseconds / ((line.windowEndMs - line.windowStartMs) * 1_000)) * 100;
  return `${percent.toFixed(1)} % × ${Number(line.maxCoverageFactor)}`;
};

const row = (line: PrintedInvoice["lines"][number]): string => {
  const notes = [span(line.windowStartMs, line.windowEndMs), `#${line.serviceId}`, kind(line)].filter((note) => note !== "").join(" · ");
  return (
    `<tr><td><b>${escape(line.serviceName)}</b><small>${notes}</small></td>` +
    `<td class="n">${count(line.primaryBytes)}</td><td class="n">${count(line.backupBytes)}</td><td class="n">${storm(line)}</td>` +
    `<td class="n">${money(line.amountCents)}</td><td class="n">${discount(line.discountCents)}</td></tr>`
  );
};

/** The terms of the lines, each once: a line keeps those by which it was billed. */
const terms = (lines: PrintedInvoice["lines"]): string =>
  [...new Set(lines.map(({ rateCentsPerGb, discountRate }) => `${Number(rateCentsPerGb)} cents per GB (2^30 bytes), storm discount rate ${Number(discountRate)}`))].join("; ");

/** An issued invoice as one page to print: no script, no image, nothing to load. */
export const invoicePage = (invoice: PrintedInvoice): string => {
  const { currency, lines, lineCount } = invoice;
  const left = lineCount - lines.length;
  const rest = left === 0 ? "" : `<p class="small">${count(left)} more lines are in the CSV of this invoice and in its totals.</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Invoice ${invoice.number} – ${escape(invoice.customerName)}</title>
<style>${invoiceStyle}</style>
</head>
<body>
<header><h1>Invoice ${invoice.number}</h1><div class="brand">tranche<br>multi-CDN storm insurance</div></header>
<dl>
<dt>Customer</dt><dd>${escape(invoice.customerName)}</dd>
<dt>Issued</dt><dd>${minute(invoice.issuedAtMs)} UTC</dd>
<dt>Period</dt><dd>${minute(invoice.periodStartMs)} – ${minute(invoice.periodEndMs)} UTC</dd>
<dt>Currency</dt><dd>${escape(currency)}</dd>
</dl>
<table class="lines">
<thead><tr><th>Service and window (UTC)</th><th class="n">Primary, bytes</th><th class="n">Backup, bytes</th><th class="n a">Storm</th><th class="n c">Amount</th><th class="n c">Discount</th></tr></thead>
<tbody>
${lines.map(row).join("\n")}
</tbody>
</table>
${rest}
<table class="totals"><tbody>
<tr><td>Subtotal</td><td class="n">${escape(currency)} ${money(invoice.subtotalCents)}</td></tr>
<tr><td>Storm discount</td><td class="n">${escape(currency)} ${discount(invoice.discountCents)}</td></tr>
<tr><td>Total</td><td class="n">${escape(currency)} ${money(invoice.totalCents)}</td></tr>
</tbody></table>
<p class="small">Each side of a line costs bytes × rate / 2^30, rounded to the cent; the discount is backup cents × discount rate × storm
(share of the window under storms × factor), rounded, at most the amount. Terms: ${escape(terms(lines))}. An adjustment is what an earlier window
costs more or less than was billed for it. An issued invoice never changes.</p>
</body>
</html>
`;
};
