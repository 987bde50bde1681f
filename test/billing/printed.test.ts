import { afterAll, beforeAll, expect, it } from "vitest";
import { createInvoiceDocumentStore } from "../../src/adapters/db/billing/invoice-documents.ts";
import { createInvoiceLinkStore } from "../../src/adapters/db/billing/invoice-links.ts";
import { createInvoiceStore } from "../../src/adapters/db/billing/invoices.ts";
import { invoicePage } from "../../src/http/invoice/invoice-page.ts";
import { invoiceCsv } from "../../src/routes/billing/invoice-csv.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { seedInvoice } from "../support/invoices.ts";
import { createMemoryLog } from "../support/memory-log.ts";

const limits = { lines: 100, services: 100 };
const links = { csv: "/csv", api: true };
const change = { actor: "admin", requestId: "test", idempotency: null };

let database: TestDatabase;
let customerId: number;

beforeAll(async () => {
  database = await freshDatabase();
  const [row] = await database.sql<{ id: string }>("insert into customers (name) values ('acme') returning id");
  customerId = Number(row?.id);
});
afterAll(() => database.close());

const invoiceOf = async (name: string, currency: string, exponent: number): Promise<number> => {
  const [row] = await database.sql<{ id: string }>(
    "insert into services (customer_id, name, primary_cdn, backup_cdn) values ($1, $2, 'cloudflare', 'fastly') returning id",
    [customerId, name],
  );
  return await seedInvoice(database.db, {
    customerId,
    serviceIds: [Number(row?.id)],
    lines: 3,
    currency,
    exponent,
    documentNumber: `TR-${name}`,
  });
};

const shown = async (invoiceId: number): Promise<{ page: string; csv: string }> => {
  const key = { customerId, invoiceId };
  const printed = await createInvoiceDocumentStore(database.db).printed(key, limits);
  if (printed === null) throw new Error(`no invoice ${invoiceId}`);
  const csv = await (await invoiceCsv({ invoices: createInvoiceStore(database.db), log: createMemoryLog().log }, key))?.text();
  return { page: invoicePage(printed, links), csv: csv ?? "" };
};

it("prints the names of the day it was issued, whatever they are today", async () => {
  const id = await invoiceOf("downloads", "USD", 2);
  const before = await shown(id);
  expect(before.page).toMatch(/acme[^]*downloads/);
  await database.sql("update customers set name = 'renamed'");
  await database.sql("update services set name = 'renamed ' || id, primary_cdn = 'bunny'");
  expect(await shown(id)).toEqual(before);
});

it.each([
  ["JPY", 0, "JPY 37,035", "12345"],
  ["USD", 2, "USD 370.35", "123.45"],
  ["KWD", 3, "KWD 37.035", "12.345"],
  ["CLF", 4, "CLF 3.7035", "1.2345"],
])("writes amounts in %s with %i decimals", async (currency, exponent, due, net) => {
  const { page, csv } = await shown(await invoiceOf(currency, currency, exponent));
  expect(page).toContain(due);
  expect(
    csv
      .split("\r\n")
      .slice(1, 4)
      .map((row) => row.split(",").at(-3)),
  ).toEqual([net, net, net]);
});

it("opens by a link until that is revoked", async () => {
  const invoiceId = await invoiceOf("linked", "USD", 2);
  const store = createInvoiceLinkStore(database.db);
  const nowMs = Date.parse("2026-12-01T00:00:00Z");
  const expiresAtMs = nowMs + 86_400_000;
  const link = await store.create(customerId, invoiceId, { nowMs, expiresAtMs }, change);
  const read = (atMs: number) =>
    createInvoiceDocumentStore(database.db).printed({ link: { linkId: link?.id ?? 0, invoiceId, expiresAtMs }, nowMs: atMs }, limits);
  expect(await read(nowMs)).toMatchObject({ id: invoiceId, lineCount: 3 });
  expect(await read(expiresAtMs)).toBeNull();
  await store.revoke(customerId, invoiceId, link?.id ?? 0, nowMs, change);
  expect(await read(nowMs)).toBeNull();
});
