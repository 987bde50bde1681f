import type { BilledService, DocumentBody, PrintedInvoice } from "../../src/adapters/ports/billing/invoice-documents.ts";
import type { InvoiceLine } from "../../src/adapters/ports/billing/invoices.ts";

const hourMs = 3_600_000;
const startMs = Date.parse("2026-11-01T00:00:00Z");
const names = ["downloads", "a service with quite a long name, images of the shop", "api"];

/** A line with figures as long as they get: terabytes, five digits of money. */
export const sampleLine = (index: number, over: Partial<InvoiceLine> = {}): InvoiceLine => {
  const isStormy = index % 2 === 0;
  const isAdjustment = index % 7 === 6;
  return {
    id: 4_200 + index,
    kind: isAdjustment ? "adjustment" : "usage",
    arrears: index % 5 === 4 && !isAdjustment,
    estimated: index % 6 === 5,
    uncredited: [],
    snapshotId: index + 1,
    serviceId: (index % 3) + 1,
    serviceName: names[index % 3] ?? "",
    windowStartMs: startMs + index * hourMs,
    windowEndMs: startMs + (index + 1) * hourMs,
    primaryBytes: isAdjustment ? -9_876_543_210_987 : 9_876_543_210_987 + index,
    backupBytes: 1_234_567_890_123,
    rateCentsPerGb: "12",
    discountRate: "0.5",
    currency: "USD",
    maxCoverageFactor: isStormy ? "1.5" : "0",
    stormMicroseconds: isStormy ? 1_234_567_000 : 0,
    stormIds: isStormy ? [310 + index] : [],
    amountCents: isAdjustment ? -1_234_567 : 1_234_567,
    discountCents: isStormy ? 10_450 : 0,
    ...over,
  };
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const servicesOf = (lines: readonly InvoiceLine[]): BilledService[] =>
  [...Map.groupBy(lines, ({ serviceId }) => serviceId)].map(([serviceId, own]) => ({
    serviceId,
    name: own[0]?.serviceName ?? "",
    primaryCdn: "cloudflare",
    backupCdn: "fastly",
    lines: own.length,
    primaryBytes: sum(own.map(({ primaryBytes }) => primaryBytes)),
    backupBytes: sum(own.map(({ backupBytes }) => backupBytes)),
    amountCents: sum(own.map(({ amountCents }) => amountCents)),
    discountCents: sum(own.map(({ discountCents }) => discountCents)),
  }));

/** An invoice of these lines that adds up, with everything that a profile can hold. */
export const sampleInvoice = (
  lines: readonly InvoiceLine[],
  over: Partial<PrintedInvoice> = {},
  words: Partial<DocumentBody> = {},
): PrintedInvoice => {
  const subtotalCents = sum(lines.map(({ amountCents }) => amountCents));
  const discountCents = sum(lines.map(({ discountCents: cents }) => cents));
  const totalCents = subtotalCents - discountCents;
  const taxCents = Math.sign(totalCents) * Math.round(Math.abs(totalCents) * 0.19);
  const services = servicesOf(lines);
  return {
    id: 7,
    customerId: 3,
    number: 42,
    periodStartMs: startMs,
    periodEndMs: Date.parse("2026-12-01T00:00:00Z"),
    subtotalCents,
    discountCents,
    totalCents,
    currency: "USD",
    issuedAtMs: Date.parse("2026-12-01T06:07:00Z"),
    documentNumber: "TR-2026-0042",
    kind: totalCents < 0 ? "credit_note" : "invoice",
    cycle: "month",
    exponent: 2,
    taxCents,
    payableCents: totalCents + taxCents,
    dueAtMs: Date.parse("2026-12-31T00:00:00Z"),
    customerName: "example-downloads",
    body: {
      issuer: {
        legal_name: "Storm Insurance Operations GmbH",
        address: "Hafenstraße 12\n20457 Hamburg\nGermany",
        tax_id: "DE 123 456 789",
        payment_details: "IBAN DE02 1203 0000 0000 2020 51, BIC BYLADEM1001\nPlease quote the number of the invoice.",
      },
      customer: { legal_name: "Example Downloads & Söhne <GmbH>", address: "Marktplatz 1\n1010 Wien\nAustria", tax_id: "ATU12345678" },
      po_number: "PO-2026-118-B",
      taxes: [{ label: "VAT", rate: "0.19", base_cents: totalCents, cents: taxCents }],
      reverse_charge: false,
      downtime_avoided: { seconds: 11_520.25, cents: 960_000, storms: 2 },
      ...words,
    },
    lineCount: lines.length,
    lines,
    serviceCount: services.length,
    services,
    ...over,
  };
};

export const sampleLines = (count: number): InvoiceLine[] => Array.from({ length: count }, (_, index) => sampleLine(index));

const bare = {
  issuer: null,
  customer: { legal_name: null, address: null, tax_id: null },
  po_number: null,
  taxes: [],
  reverse_charge: false,
};

/** Without taxes. */
const untaxed = (lines: readonly InvoiceLine[], words: Partial<DocumentBody>): PrintedInvoice => {
  const whole = sampleInvoice(lines, {}, { taxes: [], ...words });
  const { downtime_avoided: _avoided, ...body } = whole.body;
  return { ...whole, body: { ...body, ...words }, taxCents: 0, payableCents: whole.totalCents };
};

/** Of a customer without a profile, by an operator without one: what the invoices of former versions hold. */
export const bareInvoice = (lines: readonly InvoiceLine[]): PrintedInvoice => {
  const end = startMs + lines.length * hourMs;
  return { ...untaxed(lines, bare), documentNumber: "42", cycle: "run", dueAtMs: null, periodEndMs: end, issuedAtMs: end };
};

const inCurrency = (currency: string, exponent: number): PrintedInvoice => {
  const lines = sampleLines(4).map((line) => ({ ...line, currency, rateCentsPerGb: "7.5" }));
  return { ...sampleInvoice(lines), currency, exponent };
};

const long = "an-extraordinarily-long-name-without-any-space-that-goes-on-".repeat(4).slice(0, 200);

/** What a page has to stand, by name. */
export const sampleInvoices = (): Readonly<Record<string, PrintedInvoice>> => {
  const credit = sampleLines(14).filter(({ kind }) => kind === "adjustment");
  return {
    one: sampleInvoice(sampleLines(1)),
    five: sampleInvoice(
      sampleLines(5).map((line, index) =>
        index !== 1
          ? line
          : {
              ...line,
              uncredited: [
                { stormId: 901, credit: "pending", reason: "uncorroborated" },
                { stormId: 902, credit: "refused", reason: "recent_edit" },
              ],
            },
      ),
    ),
    twenty: sampleInvoice(sampleLines(20)),
    bare: bareInvoice(sampleLines(5)),
    credit: sampleInvoice(credit, { documentNumber: "TR-2026-0043", dueAtMs: null }),
    reverse: untaxed(sampleLines(5), { reverse_charge: true }),
    yen: inCurrency("JPY", 0),
    dinar: inCurrency("KWD", 3),
    long: sampleInvoice(
      [0, 1, 2].map((index) =>
        sampleLine(index, { serviceName: long, stormIds: index === 0 ? [123_456, 123_457, 123_458, 123_459, 123_460] : [] }),
      ),
      { documentNumber: "TR-2026-12-000000000000000000000000001234", customerName: long },
      { customer: { legal_name: long, address: `${long}\n1010 Wien`, tax_id: long.slice(0, 60) } },
    ),
    rtl: sampleInvoice(
      [0, 1].map((index) => sampleLine(index, { serviceName: "הורדות (ראשי) 2026", serviceId: 1 })),
      {},
      { customer: { legal_name: "شركة التنزيلات المحدودة", address: "شارع النيل 12\nالقاهرة 11511\nEgypt", tax_id: "123-456-789" } },
    ),
    many: sampleInvoice(sampleLines(120), { lineCount: 12_345 }),
  };
};
