import { describe, expect, it } from "vitest";
import { BillingRefused } from "../../src/adapters/ports/billing/billing.ts";
import type { BillingStore, ChunkResult } from "../../src/adapters/ports/billing/billing.ts";
import { runBilling } from "../../src/cron/billing/bill.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLog } from "../support/memory-log.ts";

const issued = (more = false): ChunkResult => ({ status: "issued", invoices: 1, lines: 1, more });

/** Bills so many customers, of which each fills a chunk, with a store whose statements take a turn of the event loop. */
const bill = async (customers: number, answer: (customerIds: readonly number[], turn: number) => ChunkResult, windows = 10_000) => {
  const statements: { ids: readonly number[]; beside: number }[] = [];
  let running = 0;
  const store: BillingStore = {
    due: async () => Array.from({ length: customers }, (_, index) => ({ customerId: index + 1, windows })),
    issue: async ({ customerIds }) => {
      statements.push({ ids: customerIds, beside: running });
      running += 1;
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return answer(customerIds, statements.filter(({ ids }) => ids[0] === customerIds[0]).length);
    },
  };
  const report = runBilling({
    store,
    clock: createFakeClock(),
    terms: { rateCentsPerGb: "1", discountRate: "0", currency: "USD" },
    fence: { name: "job:bill", epoch: 1 },
    cycle: "run",
    periodMs: 3_600_000,
    graceMs: 0,
    lookbackMs: 0,
    log: createMemoryLog().log,
  });
  return { report: await report.catch((error: unknown) => error), statements };
};

describe("runBilling", () => {
  it("issues two chunks at once, and the next two when both are done: between them the lease can be renewed", async () => {
    const { report, statements } = await bill(5, () => issued());
    expect(statements.map(({ beside }) => beside)).toEqual([0, 1, 0, 1, 0]);
    expect(report).toMatchObject({ customers: 5, invoices: 5, failures: 0 });
  });

  it("leaves the rest of a large customer to statements that run alone", async () => {
    const { report, statements } = await bill(3, ([id], turn) => issued(id === 1 && turn < 3));
    expect(statements).toEqual([
      { ids: [1], beside: 0 },
      { ids: [2], beside: 1 },
      { ids: [1], beside: 0 },
      { ids: [1], beside: 0 },
      { ids: [3], beside: 0 },
    ]);
    expect(report).toMatchObject({ invoices: 5, failures: 0 });
  });

  it("tries the customers of a refused chunk one by one: the refused one fails alone", async () => {
    const { report, statements } = await bill(
      3,
      (ids) => {
        if (ids.includes(2)) throw new BillingRefused("a check of the database");
        return issued();
      },
      1,
    );
    expect(statements.map(({ ids }) => ids)).toEqual([[1, 2, 3], [1], [2], [3]]);
    expect(report).toMatchObject({ invoices: 2, failures: 1 });
  });

  it("gives up on a database that is away once it answered nothing three times in a row", async () => {
    const { report, statements } = await bill(10, () => {
      throw new Error("fetch failed");
    });
    expect(report).toEqual(new Error("fetch failed"));
    expect(statements).toHaveLength(6);
  });

  it("stops where the lease is lost", async () => {
    const { report, statements } = await bill(9, ([id]) => (id === 3 ? { status: "fenced" } : issued()));
    expect(report).toMatchObject({ fenced: true, invoices: 3 });
    expect(statements.map(({ ids }) => ids[0])).toEqual([1, 2, 3, 4]);
  });
});
