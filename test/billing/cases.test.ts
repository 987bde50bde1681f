import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createInvoiceStore } from "../../src/adapters/db/billing/invoices.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { billingCases, casesNowMs } from "./cases.ts";
import { bill } from "./run.ts";
import { seed, storedLines, takeLease } from "./worlds.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterAll(() => database.close());

describe("the worked cases, billed by the job in the database", () => {
  it("has all 31 of them", () => {
    expect(billingCases).toHaveLength(31);
  });

  it.each(billingCases)("$name, and nothing the second time", async ({ terms, world, expected }) => {
    const [customerId = 0] = await seed(database, [world]);
    const first = await bill(database.db, casesNowMs, { terms });
    expect(first).toEqual({ customers: 1, invoices: 1, lines: world.snapshots.length, failures: 0, fenced: false });
    const lines = (await storedLines(database, [customerId])).get(customerId) ?? [];
    expect(
      lines.map((line) => ({
        service: line.service,
        windowStart: new Date(line.windowStart).toISOString(),
        amountCents: line.amountCents,
        discountCents: line.discountCents,
      })),
    ).toEqual(expected.lines.map(({ coverage: _coverage, ...line }) => line));
    lines.forEach((line, index) => {
      const coverage = (line.stormMicroseconds / line.windowMicroseconds) * Number(line.factor);
      expect(coverage).toBeCloseTo(expected.lines[index]?.coverage ?? Number.NaN, 12);
    });
    const tags = await database.sql(
      `select from usage_snapshots u join services s on s.id = u.service_id
       join invoice_line_items l on l.snapshot_id = u.id and l.invoice_id = u.invoice_id where s.customer_id = $1`,
      [customerId],
    );
    expect(tags).toHaveLength(world.snapshots.length);
    const [invoice] = await createInvoiceStore(database.db).list(customerId, { limit: 10, afterId: null });
    expect(invoice).toMatchObject({
      number: 1,
      subtotalCents: expected.subtotalCents,
      discountCents: expected.discountCents,
      totalCents: expected.totalCents,
      periodStartMs: Math.min(...world.snapshots.map(({ windowStart }) => Date.parse(windowStart))),
      periodEndMs: Math.max(...world.snapshots.map(({ windowEnd }) => Date.parse(windowEnd))),
      issuedAtMs: casesNowMs,
    });

    const second = await bill(database.db, casesNowMs, { terms });
    expect(second).toEqual({ customers: 0, invoices: 0, lines: 0, failures: 0, fenced: false });
    expect((await storedLines(database, [customerId])).get(customerId)).toEqual(lines);
  });
});
