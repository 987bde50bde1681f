import type { Deps } from "../../adapters/ports/deps.ts";
import type { Invoice, InvoiceKey, InvoiceLine } from "../../adapters/ports/billing/invoices.ts";
import { formatMinor } from "../../domain/billing/currency.ts";
import { gibibytes } from "../../domain/billing/decimal-text.ts";
import { csvStream } from "../../http/csv.ts";
import { representLine } from "./invoice-contract.ts";

/** Decimals of GiB that show every byte. */
const gibPlaces = 9;

/** New columns are appended: positions are stable. */
export const csvColumns = [
  "id",
  "kind",
  "arrears",
  "service_id",
  "window_start",
  "window_end",
  "primary_bytes",
  "backup_bytes",
  "rate_cents_per_gb",
  "discount_rate",
  "currency",
  "max_coverage_factor",
  "storm_microseconds",
  "amount_cents",
  "discount_cents",
  "service_name",
  "estimated",
  "storm_ids",
  "primary_gib",
  "backup_gib",
  "net_cents",
  "amount",
  "discount",
  "net",
  "document_number",
  "uncredited_storms",
] as const;

type CsvRow = Record<(typeof csvColumns)[number], string | number | boolean>;

/** Each amount in minor units and as a decimal number of the currency; a discount is a deduction. */
export const csvRow =
  ({ exponent, documentNumber }: Invoice) =>
  (line: InvoiceLine): CsvRow => {
    const netCents = line.amountCents - line.discountCents;
    const { uncredited_storms: _, ...figures } = representLine(line);
    return {
      ...figures,
      storm_ids: line.stormIds.join(" "),
      primary_gib: gibibytes(line.primaryBytes, gibPlaces),
      backup_gib: gibibytes(line.backupBytes, gibPlaces),
      net_cents: netCents,
      amount: formatMinor(line.amountCents, exponent),
      discount: formatMinor(line.discountCents, exponent),
      net: formatMinor(netCents, exponent),
      document_number: documentNumber,
      uncredited_storms: line.uncredited
        .map(({ stormId, credit, reason }) => [stormId, credit, ...(reason === null ? [] : [reason])].join(":"))
        .join(" "),
    };
  };

export const csvType = "text/csv; charset=utf-8; header=present";

/** Some megabyte of answer; with 50 statements a request, the limit of Cloudflare's smallest plan, 100,000 lines. */
const pageLines = 2_000;

const fileName = (documentNumber: string): string => `${documentNumber.replaceAll(/[^\w.-]+/g, "-")}.csv`;

/**
 * Every line of an invoice, read and sent page by page: one statement each, and one page in memory.
 * A failure after the answer has begun can only break it off, and is logged.
 * @returns null where there is no such invoice
 */
export const invoiceCsv = async ({ invoices, log }: Pick<Deps, "invoices" | "log">, key: InvoiceKey): Promise<Response | null> => {
  const first = await invoices.firstLines(key, pageLines);
  if (first === null) return null;
  const { invoice, lineCount, lines } = first;
  const row = csvRow(invoice);
  let [sent, afterId] = [lines.length, lines.at(-1)?.id ?? 0];
  const next = async (): Promise<CsvRow[] | null> => {
    if (sent >= lineCount) return null;
    const page = await invoices.furtherLines(key, { limit: pageLines, afterId });
    // A truncated invoice would look complete.
    if (page.length === 0) throw new Error(`invoice ${invoice.id} can not be read any more: ${sent} of ${lineCount} lines were sent`);
    sent += page.length;
    afterId = page.at(-1)?.id ?? 0;
    return page.map(row);
  };
  const headers = { "content-type": csvType, "content-disposition": `attachment; filename="${fileName(invoice.documentNumber)}"` };
  const logged = (error: unknown): never => {
    log.error("csv_broken_off", error, { invoiceId: invoice.id });
    throw error;
  };
  return new Response(
    csvStream(csvColumns, lines.map(row), () => next().catch(logged)),
    { headers },
  );
};
