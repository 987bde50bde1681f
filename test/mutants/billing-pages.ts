import { printed } from "./killers.ts";
import type { Mutant } from "./mutant.ts";

const invoices = "src/adapters/db/billing/invoices.ts";
const killedBy = { tests: printed } as const;

/** Slips in what an issued invoice prints. */
export const pages: readonly Mutant[] = [
  {
    id: "page: live service name",
    breaks: "an issued invoice changes when a service is renamed",
    killedBy,
    file: invoices,
    from: "(select n.name from invoice_services n where n.invoice_id = l.invoice_id and n.service_id = l.service_id)",
    to: "(select n.name from services n where n.id = l.service_id)",
  },
  {
    id: "page: live customer name",
    breaks: "an issued invoice changes when a customer is renamed",
    killedBy,
    file: "src/adapters/db/billing/invoice-documents.ts",
    from: 'd.customer_name as "customerName"',
    to: '(select c.name from customers c where c.id = i.customer_id) as "customerName"',
  },
  {
    id: "page: exponent 2",
    breaks: "the page prints two decimals for dinars",
    killedBy,
    file: "src/http/invoice/invoice-text.ts",
    from: "formatMinor(minor, exponent)",
    to: "formatMinor(minor, exponent === 0 ? 0 : 2)",
  },
  {
    id: "page: exponent 2 in the CSV",
    breaks: "the CSV prints two decimals for dinars",
    killedBy,
    file: "src/routes/billing/invoice-csv.ts",
    from: "net: formatMinor(netCents, exponent)",
    to: "net: formatMinor(netCents, exponent === 0 ? 0 : 2)",
  },
  {
    id: "page: revoked link still opens",
    breaks: "a link that was withdrawn shows the invoice",
    killedBy,
    file: invoices,
    from: "and k.revoked_at is null",
    to: "",
  },
];
