import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { bill } from "./run.ts";
import { addSnapshots, edit, seed, takeLease } from "./worlds.ts";
import type { World, WorldSnapshot } from "./worlds.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = Date.parse("2026-03-05T00:00:00Z");
const gib = 2 ** 30;

let database: TestDatabase;
const databases: TestDatabase[] = [];

const start = async (): Promise<void> => {
  database = await freshDatabase();
  databases.push(database);
  await takeLease(database);
};
afterAll(async () => {
  for (const each of databases) await each.close();
});

/** An hour that comes to so many cents: a cent a gibibyte. */
const hour = (cents: number, ago = 1, service = 1): WorldSnapshot => ({
  service,
  windowStart: new Date(nowMs - (ago + 1) * hourMs).toISOString(),
  windowEnd: new Date(nowMs - ago * hourMs).toISOString(),
  primaryBytes: cents * gib,
  backupBytes: 0,
});
const worldOf = (...snapshots: WorldSnapshot[]): World => ({ snapshots, storms: [] });
const arrive = (customerId: number, ...snapshots: WorldSnapshot[]) =>
  addSnapshots(
    database,
    [customerId],
    snapshots.map((snapshot) => ({ world: 0, ...snapshot })),
  );

const run = (atMs = nowMs) => bill(database.db, atMs, { terms: { rateCentsPerGb: "1", discountRate: "0.5" } });

type Tax = { label: string; rate: string; base_cents: number; cents: number };
type Document = {
  invoice_id: string;
  document_number: string;
  kind: string;
  cycle: string;
  exponent: number;
  tax_cents: string;
  payable_cents: string;
  due_at: Date;
  customer_name: string;
  total_cents: string;
  customer_id: string;
  body: { issuer: object | null; customer: object; po_number: string | null; taxes: Tax[]; reverse_charge: boolean };
};

const documents = (...customerIds: number[]) =>
  database.sql<Document>(
    `select d.*, i.total_cents from invoice_documents d join invoices i on i.id = d.invoice_id
   where $1::bigint[] = '{}' or d.customer_id = any($1::bigint[]) order by i.id`,
    [customerIds],
  );
const services = () =>
  database.sql(
    "select invoice_id::int, name, primary_cdn, backup_cdn, lines, primary_bytes::float8, backup_bytes::float8, amount_cents::int, discount_cents::int from invoice_services order by invoice_id, name",
  );

const profile = (customerId: number, fields: Record<string, unknown>) => {
  const names = Object.keys(fields);
  return database.sql(
    `insert into billing_profiles (customer_id, ${names.join(", ")}) values ($1, ${names.map((_, index) => `$${index + 2}`).join(", ")})
     on conflict (customer_id) do update set ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`,
    [customerId, ...Object.values(fields).map((value) => (Array.isArray(value) ? JSON.stringify(value) : value))],
  );
};

describe("the document of an invoice", () => {
  beforeEach(start);

  it("is written with it, by what is usual where nobody has said more", async () => {
    await seed(database, [worldOf(hour(1_234))]);
    await run();
    const [document] = await documents();
    expect(document).toMatchObject({
      document_number: "TR-2026-0001",
      kind: "invoice",
      cycle: "run",
      exponent: 2,
      tax_cents: "0",
      payable_cents: "1234",
      due_at: new Date(nowMs + 30 * dayMs),
      customer_name: expect.stringMatching(/^run \d+ world 0$/),
      body: {
        issuer: null,
        customer: { legal_name: null, address: null, tax_id: null },
        po_number: null,
        taxes: [],
        reverse_charge: false,
      },
    });
  });

  it("keeps every word: whatever is renamed afterwards changes the next one, and not it", async () => {
    const [customerId = 0] = await seed(database, [worldOf(hour(100, 2), hour(50, 2, 2))]);
    await profile(customerId, {
      legal_name: "ACME Corporation",
      address: "1 Acme Road\nLondon",
      tax_id: "GB1",
      po_number: "PO-7",
      payment_days: 14,
      taxes: [{ label: "VAT", rate: "0.2" }],
    });
    await database.sql(
      "insert into issuer_profile (legal_name, address, tax_id, payment_details) values ('Tranche Ltd', 'Dublin', 'IE1', 'IBAN 1')",
    );
    await run();
    const before = [await documents(), await services()];
    expect(before[0]).toMatchObject([
      {
        tax_cents: "30",
        payable_cents: "180",
        due_at: new Date(nowMs + 14 * dayMs),
        body: {
          issuer: { legal_name: "Tranche Ltd", address: "Dublin", tax_id: "IE1", payment_details: "IBAN 1" },
          customer: { legal_name: "ACME Corporation", address: "1 Acme Road\nLondon", tax_id: "GB1" },
          po_number: "PO-7",
          taxes: [{ label: "VAT", rate: "0.2", base_cents: 150, cents: 30 }],
          reverse_charge: false,
        },
      },
    ]);
    await database.sql("update customers set name = 'Renamed'");
    await database.sql("update services set name = 'other ' || name, primary_cdn = 'akamai'");
    await database.sql("update issuer_profile set legal_name = 'Other Issuer', payment_details = null");
    await profile(customerId, {
      legal_name: "Other Corporation",
      po_number: null,
      taxes: [],
      reverse_charge: true,
      payment_days: 0,
      number_pattern: "{number}/{year}",
    });
    await database.sql(
      `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes) select id, $1, $2, 1073741824 from services order by id limit 1`,
      [hour(0).windowStart, hour(0).windowEnd],
    );
    await run();
    const after = [await documents(), await services()];
    expect(after.map((rows) => rows.slice(0, rows === after[0] ? 1 : 2))).toEqual(before);
    expect(after[0]?.[1]).toMatchObject({
      document_number: "0002/2026",
      customer_name: "Renamed",
      due_at: new Date(nowMs),
      tax_cents: "0",
      payable_cents: "1",
      body: {
        issuer: { legal_name: "Other Issuer", payment_details: null },
        customer: { legal_name: "Other Corporation" },
        po_number: null,
        taxes: [],
        reverse_charge: true,
      },
    });
    expect(after[1]?.[2]).toMatchObject({ name: "other service 1", primary_cdn: "akamai" });
    for (const statement of [
      "update invoice_documents set customer_name = 'x'",
      "delete from invoice_documents",
      "truncate invoice_documents",
      "update invoice_services set name = 'x'",
      "delete from invoice_services",
    ]) {
      await expect(database.sql(statement), statement).rejects.toMatchObject({ code: "23001" });
    }
  });

  it("says what each service comes to, and these add up to the invoice, adjustments counted", async () => {
    const [customerId = 0] = await seed(database, [worldOf(hour(100, 3), hour(10, 2), hour(5, 2, 2))]);
    await run();
    await edit(database, [customerId], [worldOf(hour(40, 3))]);
    await arrive(customerId, hour(7, 1, 2), hour(1, 1));
    await run();
    const row = { primary_cdn: "cloudflare", backup_cdn: "fastly", backup_bytes: 0, discount_cents: 0 };
    expect(await services()).toEqual([
      { invoice_id: 1, name: "service 1", lines: 2, primary_bytes: 110 * gib, amount_cents: 110, ...row },
      { invoice_id: 1, name: "service 2", lines: 1, primary_bytes: 5 * gib, amount_cents: 5, ...row },
      { invoice_id: 2, name: "service 1", lines: 2, primary_bytes: -59 * gib, amount_cents: -59, ...row },
      { invoice_id: 2, name: "service 2", lines: 1, primary_bytes: 7 * gib, amount_cents: 7, ...row },
    ]);
    expect((await documents()).map(({ kind, payable_cents }) => [kind, payable_cents])).toEqual([
      ["invoice", "115"],
      ["credit_note", "-52"],
    ]);
  });
});

/** Rates as ten-thousandths, amounts as integers: the remainder decides, and the sign comes last. */
const refereeTax = (totalCents: number, rate: string): number => {
  const [whole = "0", decimals = ""] = rate.split(".");
  const product = BigInt(Math.abs(totalCents)) * BigInt(whole + decimals.padEnd(4, "0"));
  const rest = product % 10_000n;
  const size = Number((product - rest) / 10_000n + (rest >= 5_000n ? 1n : 0n));
  return totalCents < 0 ? 0 - size : size;
};

describe("taxes", () => {
  beforeAll(start);

  const rateArb = fc.oneof(
    fc.constantFrom("0.19", "0.2", "0.5", "0.25", "0.125", "0.0001", "1", "0"),
    fc.integer({ min: 0, max: 9_999 }).map((n) => (n / 10_000).toFixed(4)),
  );
  const customerArb = fc.record({
    cents: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3_000_000 })),
    correctedCents: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 3_000_000 })),
    rates: fc.array(rateArb, { maxLength: 3 }),
  });

  it("are each rounded once per invoice, halves away from zero, credit notes as invoices", async () => {
    const [plans = []] = fc.sample(fc.array(customerArb, { minLength: 150, maxLength: 150 }), { numRuns: 1, seed: 20_261_126 });
    // Halves, above all: 5 x 0.5, 10 x 0.25, 2 x 0.25 and their negatives.
    plans.push(
      { cents: 5, correctedCents: 0, rates: ["0.5", "0.1"] },
      { cents: 10, correctedCents: 4, rates: ["0.25"] },
      { cents: 3, correctedCents: 0, rates: ["0.5", "0.5"] },
    );
    const ids = await seed(
      database,
      plans.map(({ cents }) => worldOf(hour(cents))),
    );
    for (const [index, { rates }] of plans.entries())
      await profile(ids[index] ?? 0, { taxes: rates.map((rate, place) => ({ label: `tax ${place}`, rate })) });
    await run();
    await edit(
      database,
      ids,
      plans.map(({ correctedCents }) => worldOf(hour(correctedCents))),
    );
    await run();
    let halves = 0;
    for (const document of await documents()) {
      const plan = plans[ids.indexOf(Number(document.customer_id))];
      const total = Number(document.total_cents);
      const expected = plan?.rates.map((rate, place) => ({
        label: `tax ${place}`,
        rate,
        base_cents: total,
        cents: refereeTax(total, rate),
      }));
      expect(document.body.taxes).toEqual(expected);
      const tax = expected?.reduce((sum, { cents }) => sum + cents, 0) ?? 0;
      expect([Number(document.tax_cents), Number(document.payable_cents), document.kind]).toEqual([
        tax,
        total + tax,
        total < 0 ? "credit_note" : "invoice",
      ]);
      halves += plan?.rates.filter((rate) => (Math.abs(total) * Math.round(Number(rate) * 10_000)) % 10_000 === 5_000).length ?? 0;
    }
    const corrected = plans.filter(({ cents, correctedCents }) => cents !== correctedCents).length;
    expect(await documents()).toHaveLength(plans.length + corrected);
    expect(halves).toBeGreaterThan(20);
  });
});

describe("document numbers", () => {
  beforeAll(start);

  it.each([
    ["TR-{year}-{number}", 1, "2026-12-31T23:59:59.999Z", "TR-2026-0001"],
    ["TR-{year}-{number}", 1, "2027-01-01T00:00:00Z", "TR-2027-0001"],
    ["{year}.{month}/{number}", 42, "2026-03-05T00:00:00Z", "2026.03/0042"],
    ["{number}", 9_999, "2026-03-05T00:00:00Z", "9999"],
    ["INV{number}", 123_456, "2026-03-05T00:00:00Z", "INV123456"],
    ["{year}-{year}-{customer}-{number}", 7, "2026-03-05T00:00:00Z", "2026-2026-%-0007"],
  ])("%s of invoice %i issued at %s", async (pattern, number, issuedAt, expected) => {
    const [customerId = 0] = await seed(database, [worldOf(hour(1, 5))]);
    await profile(customerId, { number_pattern: pattern });
    await database.sql("update customers set next_invoice_number = $1", [number]);
    await run(Date.parse(issuedAt));
    expect((await documents(customerId)).map(({ document_number }) => document_number)).toEqual([
      expected.replace("%", String(customerId)),
    ]);
  });

  it("of two currencies are two, and one that an earlier pattern has made is told apart", async () => {
    const [customerId = 0] = await seed(database, [worldOf(hour(5, 9), hour(5, 2))]);
    await database.sql(
      "insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values ($1, $2, 1, 0, 'JPY')",
      [customerId, hour(0, 4).windowStart],
    );
    await profile(customerId, { number_pattern: "A-{number}-0003" });
    await run();
    await profile(customerId, { number_pattern: "A-0001-{number}" });
    await arrive(customerId, hour(5, 1));
    await run();
    const all = await documents(customerId);
    expect(all.map(({ document_number }) => document_number)).toEqual(["A-0001-0003", "A-0002-0003", `A-0001-0003/${all[2]?.invoice_id}`]);
  });
});

describe("the currency of a document", () => {
  beforeAll(start);

  it.each([
    ["JPY", 0],
    ["KWD", 3],
    ["CLF", 4],
    ["EUR", 2],
    ["ZZZ", 2],
  ])("%s has %i decimals, which it keeps", async (currency, exponent) => {
    const [customerId = 0] = await seed(database, [worldOf(hour(1_500))]);
    await database.sql(
      "insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values ($1, '2020-01-01', 1, 0, $2)",
      [customerId, currency],
    );
    await run();
    expect(await documents(customerId)).toMatchObject([{ exponent, payable_cents: "1500" }]);
  });
});
