import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { createInvoiceStore, pageOfLines } from "../../src/adapters/db/billing/invoices.ts";
import { csvRow, invoiceCsv } from "../../src/routes/billing/invoice-csv.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { countTrips } from "../support/counting-database.ts";
import { seedInvoice } from "../support/invoices.ts";
import { seedTenant } from "../support/tenant.ts";
import type { Tenant } from "../support/tenant.ts";

let api: Api;
let acme: Tenant;
let services: number[];
let invoiceId: number;

const words = {
  issuer: {
    legal_name: "Storm Insurance Operations GmbH",
    address: "Hafenstraße 12\n20457 Hamburg",
    tax_id: "DE123456789",
    payment_details: "IBAN DE02",
  },
  customer: { legal_name: "ACME <Downloads> GmbH", address: "Marktplatz 1\nWien", tax_id: "ATU12345678" },
  po_number: "PO-1",
  taxes: [{ label: "VAT", rate: "0.19", base_cents: 100, cents: 19 }],
  reverse_charge: false,
  downtime_avoided: { seconds: 11_520.000_001, cents: 960_000, storms: 2 },
};

beforeAll(async () => {
  api = await startApi();
  acme = await seedTenant(api, "acme");
  services = [(await api.service(acme.editor, "downloads")).id, (await api.service(acme.editor, "=api")).id];
  invoiceId = await seedInvoice(api.db, {
    customerId: acme.id,
    serviceIds: services,
    lines: 40,
    stormId: acme.ids["storms"] ?? 0,
    taxCents: 19,
    dueAt: "2026-12-31T00:00:00Z",
    words,
  });
});

const get = (path: string, accept?: string) =>
  api.call("GET", path, { token: acme.viewer, ...(accept !== undefined && { headers: { accept } }) });

/** The rows of a CSV without quotes in it, by its header. */
const rowsOf = (text: string): Record<string, string>[] => {
  const [header = "", ...rows] = text.trimEnd().split("\r\n");
  expect(text).not.toContain('"');
  return rows.map((row) => Object.fromEntries(header.split(",").map((name, at) => [name, row.split(",")[at] ?? ""])));
};

describe("an issued invoice", () => {
  it("tells of its document and of the sums of its services", async () => {
    const { body } = await get(`/v1/invoices/${invoiceId}`);
    expect(body).toMatchObject({
      document_number: "TR-2026-0001",
      kind: "invoice",
      cycle: "month",
      currency: "USD",
      currency_exponent: 2,
      tax_cents: 19,
      due_at: "2026-12-31T00:00:00.000Z",
      service_count: 2,
      line_count: 40,
      document: { ...words, customer: { name: "acme", ...words.customer } },
    });
    const csv = [await get(`/v1/invoices/${invoiceId}/csv`), await get(`/v1/invoices/${invoiceId}/lines`, "text/csv")];
    for (const { status, text } of csv) expect([status, text.includes("downtime")]).toEqual([200, false]);
    expect(body["payable_cents"]).toBe(Number(body["total_cents"]) + 19);
    const listed = (await get("/v1/invoices")).list.find(({ id }) => id === invoiceId);
    expect(body).toMatchObject(listed ?? {});
    const parts = body["services"] as Record<string, number | string>[];
    expect(parts.map(({ name, primary_cdn: primary, lines }) => [name, primary, lines])).toEqual([
      ["=api", "cloudflare", 20],
      ["downloads", "cloudflare", 20],
    ]);
    expect(parts.reduce((sum, part) => sum + Number(part["amount_cents"]) - Number(part["discount_cents"]), 0)).toBe(body["total_cents"]);
    const lines = body["lines"] as Record<string, unknown>[];
    expect(lines[4]).toMatchObject({ estimated: true, service_name: "downloads", storm_ids: [acme.ids["storms"]], discount_cents: 4 });
    expect(lines[7]).toMatchObject({ estimated: false, service_name: "=api", storm_ids: [], discount_cents: 0 });
  });

  it("explains a line with the same name, storms and marks", async () => {
    const lines = (await get(`/v1/invoices/${invoiceId}`)).body["lines"] as { id: number }[];
    const { body } = await get(`/v1/invoices/${invoiceId}/lines/${lines[4]?.id}/explain`);
    expect(body["line"]).toEqual(lines[4]);
  });

  it("does not change with the names of today: page, CSV and JSON stay the same to the byte", async () => {
    const paths = ["", "/page", "/csv", "/lines", "/lines?limit=3"].map((rest) => `/v1/invoices/${invoiceId}${rest}`);
    const all = async () => {
      const texts = await Promise.all([...paths, "/v1/invoices"].map(async (path) => (await get(path)).text));
      return [...texts, (await get(`/v1/invoices/${invoiceId}/lines`, "text/csv")).text];
    };
    const before = await all();
    expect(before[0]).toContain("acme");
    expect(before[1]).toContain("downloads");
    expect((await api.call("PATCH", `/v1/customers/${acme.id}`, { body: { name: "renamed" } })).status).toBe(200);
    const patch = { name: "renamed", primary_cdn: "bunny", backup_cdn: "akamai" };
    expect((await api.call("PATCH", `/v1/services/${services[0]}`, { token: acme.editor, body: patch })).status).toBe(200);
    expect(await all()).toEqual(before);
    await api.call("PATCH", `/v1/customers/${acme.id}`, { body: { name: "acme" } });
    await api.call("PATCH", `/v1/services/${services[0]}`, {
      token: acme.editor,
      body: { name: "downloads", primary_cdn: "cloudflare", backup_cdn: "fastly" },
    });
  });

  it("that a version without documents has issued is kept in the names of that moment", async () => {
    const own = [(await api.service(acme.editor, "old-a")).id, (await api.service(acme.editor, "old-b")).id];
    const id = await seedInvoice(api.db, { customerId: acme.id, serviceIds: own, lines: 4, currency: "JPY", withDocument: false });
    await api.call("PATCH", `/v1/customers/${acme.id}`, { body: { name: "renamed" } });
    await api.call("PATCH", `/v1/services/${own[0]}`, { token: acme.editor, body: { name: "renamed" } });
    const { body } = await get(`/v1/invoices/${id}`);
    expect(body).toMatchObject({
      document_number: String(body["number"]),
      kind: "invoice",
      cycle: "run",
      currency_exponent: 0,
      tax_cents: 0,
      due_at: null,
      payable_cents: body["total_cents"],
    });
    expect(body["document"]).not.toHaveProperty("downtime_avoided");
    expect(body["document"]).toMatchObject({ issuer: null, customer: { name: "acme", legal_name: null }, taxes: [] });
    expect((body["services"] as { name: string; lines: number }[]).map(({ name, lines }) => [name, lines])).toEqual([
      ["old-a", 2],
      ["old-b", 2],
    ]);
    expect((await get(`/v1/invoices/${id}/page`)).text).not.toContain("renamed");
    await api.call("PATCH", `/v1/customers/${acme.id}`, { body: { name: "acme" } });
  });
});

describe("the page", () => {
  it("holds what was stored, escaped, under a policy that lets nothing in", async () => {
    const page = await get(`/v1/invoices/${invoiceId}/page`);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'/);
    for (const part of [
      "TR-2026-0001",
      "ACME &lt;Downloads&gt; GmbH",
      "Hafenstraße 12",
      "2026-12-31",
      "/v1/storms/",
      `/v1/invoices/${invoiceId}/csv`,
    ])
      expect(page.text).toContain(part);
    expect((await get("/v1/invoices/999999/page")).status).toBe(404);
  });
});

describe("the lines as CSV", () => {
  it("keep the columns that there were, and add names, storms, GiB and decimal amounts behind them", async () => {
    const { text } = await get(`/v1/invoices/${invoiceId}/lines?limit=5`, "text/csv");
    expect(text.split("\r\n")[0]).toBe(
      "id,kind,arrears,service_id,window_start,window_end,primary_bytes,backup_bytes,rate_cents_per_gb,discount_rate,currency,max_coverage_factor," +
        "storm_microseconds,amount_cents,discount_cents,service_name,estimated,storm_ids,primary_gib,backup_gib,net_cents,amount,discount,net,document_number,uncredited_storms",
    );
    const rows = rowsOf(text);
    expect(rows).toHaveLength(5);
    expect(rows[4]).toMatchObject({
      service_name: "downloads",
      estimated: "true",
      storm_ids: String(acme.ids["storms"]),
      currency: "USD",
      primary_bytes: "1610612740",
      primary_gib: "1.500000004",
      backup_gib: "0.500000004",
      amount_cents: "12349",
      discount_cents: "4",
      net_cents: "12345",
      amount: "123.49",
      discount: "0.04",
      net: "123.45",
      document_number: "TR-2026-0001",
    });
    // What a spreadsheet would run is text.
    expect(rows[1]).toMatchObject({ service_name: "'=api" });
  });

  it("write amounts with the decimals of their currency, and negative ones with a sign", async () => {
    const dinar = await seedInvoice(api.db, {
      customerId: acme.id,
      serviceIds: [(await api.service(acme.editor, "kwd")).id],
      lines: 2,
      currency: "KWD",
      exponent: 3,
      documentNumber: "K-1",
    });
    expect(rowsOf((await get(`/v1/invoices/${dinar}/csv`)).text)[1]).toMatchObject({
      amount: "12.346",
      discount: "0.001",
      net: "12.345",
      net_cents: "12345",
    });
    const yen = await seedInvoice(api.db, {
      customerId: acme.id,
      serviceIds: [(await api.service(acme.editor, "jpy")).id],
      lines: 2,
      currency: "JPY",
      exponent: 0,
      documentNumber: "J-1",
    });
    expect(rowsOf((await get(`/v1/invoices/${yen}/csv`)).text)[1]).toMatchObject({ amount: "12346", discount: "1", net: "12345" });
    const page = await createInvoiceStore(api.db).lines({ customerId: acme.id, invoiceId: dinar }, { limit: 1, afterId: null });
    const [line] = page?.lines ?? [];
    if (line === undefined || page === null) throw new Error("no line");
    expect(csvRow(page.invoice)({ ...line, amountCents: -1_234, discountCents: -34, primaryBytes: -(2 ** 29) })).toMatchObject({
      amount: "-1.234",
      discount: "-0.034",
      net: "-1.200",
      net_cents: -1_200,
      primary_gib: "-0.500000000",
    });
  });
});

describe("the whole invoice as CSV", () => {
  it("is a file by the number of the document", async () => {
    const whole = await get(`/v1/invoices/${invoiceId}/csv`);
    expect([whole.status, whole.headers.get("content-type"), whole.headers.get("content-disposition")]).toEqual([
      200,
      "text/csv; charset=utf-8; header=present",
      'attachment; filename="TR-2026-0001.csv"',
    ]);
    expect(rowsOf(whole.text)).toHaveLength(40);
    expect((await get("/v1/invoices/999999/csv")).status).toBe(404);
  });

  it("has each of 50,000 lines once and adds up to the cent, read in one statement a page and a page at a time", async () => {
    const many = await Promise.all(Array.from({ length: 50 }, (_, at) => api.service(acme.editor, `many-${at}`)));
    const id = await seedInvoice(api.db, {
      customerId: acme.id,
      serviceIds: many.map((service) => service.id),
      lines: 50_000,
      documentNumber: "TR/2026 50",
    });
    const { db, count } = countTrips(api.db);
    const response = await invoiceCsv({ invoices: createInvoiceStore(db), log: api.log }, { customerId: acme.id, invoiceId: id });
    expect([response?.headers.get("content-disposition"), count.trips]).toEqual(['attachment; filename="TR-2026-50.csv"', 1]);
    const reader = response?.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let largest = 0;
    for (let chunk = await reader?.read(); chunk !== undefined && !chunk.done; chunk = await reader?.read()) {
      text += chunk.value;
      largest = Math.max(largest, chunk.value.length);
    }
    expect(count.trips).toBe(25);
    expect(largest).toBeLessThan(1_000_000);
    const [header = [], ...rows] = text
      .trimEnd()
      .split("\r\n")
      .map((row) => row.split(","));
    const column = (name: string): string[] => rows.map((row) => row[header.indexOf(name)] ?? "");
    expect(new Set(column("id")).size).toBe(50_000);
    const serviceOf = column("service_id");
    const places = column("window_start").map((start, at) => `${start} ${serviceOf[at]?.padStart(9)}`);
    expect(places.every((place, at) => at === 0 || place > (places[at - 1] ?? ""))).toBe(true);
    const { body } = await get(`/v1/invoices/${id}`);
    const totals = [body["subtotal_cents"], body["discount_cents"], body["total_cents"]];
    const sum = (name: string, scale: number) => column(name).reduce((cents, cell) => cents + Math.round(Number(cell) * scale), 0);
    expect(["amount_cents", "discount_cents", "net_cents"].map((name) => sum(name, 1))).toEqual(totals);
    expect(["amount", "discount", "net"].map((name) => sum(name, 100))).toEqual(totals);
    const page = await get(`/v1/invoices/${id}/page`);
    expect(page.text).toContain("the first 1,000 of 50,000");
  });

  it("breaks off rather than look whole where the rest can not be read", async () => {
    const store = createInvoiceStore(api.db);
    const answer = async (furtherLines: typeof store.furtherLines, lineCount: number) => {
      const firstLines: typeof store.firstLines = async (key, limit) => {
        const first = await store.firstLines(key, limit);
        return first && { ...first, lineCount };
      };
      return await (
        await invoiceCsv({ invoices: { ...store, firstLines, furtherLines }, log: api.log }, { customerId: acme.id, invoiceId })
      )?.text();
    };
    await expect(answer(async () => [], 41)).rejects.toThrow("40 of 41 lines were sent");
    await expect(answer(() => Promise.reject(new Error("the database is away")), 41)).rejects.toThrow("the database is away");
    expect(api.lines.filter(({ event }) => event === "csv_broken_off").map(({ fields }) => fields)).toEqual([{ invoiceId }, { invoiceId }]);
    expect(await answer(() => Promise.reject(new Error("asked without need")), 40)).toContain("TR-2026-0001");
  });

  it("finds where to go on by the index", async () => {
    const [longest] = await api.db.rows<{ id: number }>(
      sql`select invoice_id as id from invoice_line_items group by 1 order by count(*) desc limit 1`,
    );
    const id = longest?.id ?? 0;
    const [cursor] = await api.db.rows<{ id: number }>(sql`
      select id from invoice_line_items where invoice_id = ${id} order by window_start, service_id, id offset 40000 limit 1`);
    await api.db.rows(sql`analyze invoice_line_items`);
    const plan = await api.db.rows<{ "QUERY PLAN": string }>(
      sql`explain (analyze, costs off, timing off, summary off) ${pageOfLines({ customerId: acme.id, invoiceId: id }, { limit: 100, afterId: cursor?.id ?? 0 })}`,
    );
    const text = plan.map((row) => row["QUERY PLAN"]).join("\n");
    expect(text).toMatch(/Index Cond: .*ROW\(.*window_start.*service_id.*\) >|Index Cond: .*window_start >= /);
    expect(text).not.toMatch(/Rows Removed by Filter: \d{4}/);
  });
});
