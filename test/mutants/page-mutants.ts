import type { SourceMutant } from "./mutants.ts";

const invoices = "src/adapters/db/billing/invoices.ts";
const documents = "src/adapters/db/billing/invoice-documents.ts";
const text = "src/http/invoice/invoice-text.ts";
const csv = "src/routes/billing/invoice-csv.ts";

/** Slips in what an issued invoice prints. */
export const ofPages: readonly SourceMutant[] = [
  {
    name: "live service name on the page",
    sql: [{
      file: invoices, from: "(select n.name from invoice_services n where n.invoice_id = l.invoice_id and n.service_id = l.service_id)",
      to: "(select n.name from services n where n.id = l.service_id)",
    }],
    domain: [],
  },
  {
    name: "live customer name on the page",
    sql: [{ file: documents, from: 'd.customer_name as "customerName"', to: '(select c.name from customers c where c.id = i.customer_id) as "customerName"' }],
    domain: [],
  },
  {
    name: "exponent 2 on the page",
    sql: [],
    domain: [{ file: text, from: "formatMinor(minor, exponent)", to: "formatMinor(minor, exponent === 0 ? 0 : 2)" }],
  },
  {
    name: "exponent 2 in the CSV",
    sql: [],
    domain: [{ file: csv, from: "net: formatMinor(netCents, exponent)", to: "net: formatMinor(netCents, exponent === 0 ? 0 : 2)" }],
  },
  {
    name: "revoked link still opens",
    sql: [{ file: invoices, from: "and k.revoked_at is null", to: "" }],
    domain: [],
  },
];
