import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBillingStore } from "../../src/adapters/db/billing/billing.ts";
import { createInvoiceStore } from "../../src/adapters/db/billing/invoices.ts";
import type { BillingStore } from "../../src/adapters/ports/billing/billing.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { bill, dayMs } from "./run.ts";
import { seed, storedLines, takeLease } from "./worlds.ts";
import type { WorldSnapshot } from "./worlds.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-03-05T00:00:00Z");

let database: TestDatabase;

beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterEach(() => database.close());

/** An hour of usage that ends so long before now; 100 GB on each side. */
const endingBefore = (ms: number, service = 1): WorldSnapshot => ({
  service,
  windowStart: new Date(nowMs - ms - hourMs).toISOString(),
  windowEnd: new Date(nowMs - ms).toISOString(),
  primaryBytes: 100 * 2 ** 30,
  backupBytes: 100 * 2 ** 30,
});

const arrearsByEnd = async (customerId: number): Promise<[number, boolean][]> =>
  ((await storedLines(database, [customerId])).get(customerId) ?? []).map((line) => [
    nowMs - (Date.parse(line.windowStart) + line.windowMicroseconds / 1000),
    line.arrears,
  ]);

describe("which windows a run bills", () => {
  it("takes those of the period, its early edge excluded, and marks what is older", async () => {
    const ages = [dayMs + 1, dayMs, dayMs - 1].map((ms) => endingBefore(ms, ms - dayMs + 2));
    const [customerId = 0] = await seed(database, [{ snapshots: ages, storms: [] }]);
    await bill(database.db, nowMs);
    expect(await arrearsByEnd(customerId)).toEqual([
      [dayMs + 1, true],
      [dayMs, true],
      [dayMs - 1, false],
    ]);
  });

  it("waits for the grace, its edge included", async () => {
    const graceMs = 6 * hourMs;
    const waiting = [endingBefore(graceMs - 1, 2), endingBefore(0)];
    const snapshots = [endingBefore(graceMs + hourMs), endingBefore(graceMs), ...waiting];
    const [customerId = 0] = await seed(database, [{ snapshots, storms: [] }]);
    expect(await bill(database.db, nowMs, { graceMs })).toMatchObject({ lines: 2 });
    expect(await bill(database.db, nowMs, { graceMs })).toMatchObject({ lines: 0 });
    expect(await bill(database.db, nowMs + graceMs, { graceMs })).toMatchObject({ lines: 2 });
    expect(await bill(database.db, nowMs + graceMs, { graceMs })).toMatchObject({ lines: 0 });
    expect((await arrearsByEnd(customerId)).map(([age]) => age)).toEqual([graceMs + hourMs, graceMs, graceMs - 1, 0]);
  });

  it("catches up after three missed days: all of it, on one invoice, older days as arrears", async () => {
    const hours = Array.from({ length: 4 * 24 }, (_, index) => endingBefore(index * hourMs));
    const [customerId = 0] = await seed(database, [{ snapshots: hours, storms: [] }]);
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 1, lines: 96 });
    const lines = await arrearsByEnd(customerId);
    expect(lines.filter(([, arrears]) => arrears)).toHaveLength(72);
    expect(lines.every(([ageMs, arrears]) => arrears === ageMs >= dayMs)).toBe(true);
  });

  it("bills late usage later, under the next number", async () => {
    const world = { snapshots: [endingBefore(0)], storms: [] };
    const [customerId = 0] = await seed(database, [world]);
    await bill(database.db, nowMs);
    await database.sql(
      `insert into usage_snapshots (service_id, window_start, window_end, backup_bytes)
       select service_id, window_start - interval '1 hour', window_end - interval '1 hour', 107374182400 from usage_snapshots`,
    );
    await bill(database.db, nowMs + hourMs);
    const invoices = await createInvoiceStore(database.db).list(customerId, { limit: 10, afterId: null });
    expect(invoices.map(({ number, totalCents, issuedAtMs }) => [number, totalCents, issuedAtMs])).toEqual([
      [1, 2400, nowMs],
      [2, 1200, nowMs + hourMs],
    ]);
  });

  it("spreads a backlog that is too much for one statement over several invoices of the same run", async () => {
    const hours = Array.from({ length: 8 }, (_, index) => endingBefore(index * hourMs));
    const [customerId = 0] = await seed(database, [{ snapshots: hours, storms: [] }]);
    const store = createBillingStore(database.db);
    // The job's own limit would need 50,000 windows to show: here the first statements do three.
    const threeAtMost: BillingStore = {
      ...store,
      issue: (chunk) => store.issue({ ...chunk, maxWindows: 3 }),
    };
    expect(await bill(database.db, nowMs, { store: threeAtMost })).toMatchObject({ invoices: 3, failures: 0 });
    const lines = (await storedLines(database, [customerId])).get(customerId) ?? [];
    expect(lines.map(({ number }) => number)).toEqual([1, 1, 1, 2, 2, 2, 3, 3]);
    expect(new Set(lines.map(({ windowStart }) => windowStart)).size).toBe(8);
  });

  it("bills what a deleted service has used, and nothing to a customer without usage", async () => {
    const [gone = 0] = await seed(database, [
      { snapshots: [endingBefore(0)], storms: [] },
      { snapshots: [endingBefore(-hourMs)], storms: [] },
    ]);
    await database.sql(`update services set deleted_at = now() where customer_id = $1`, [gone]);
    expect(await bill(database.db, nowMs)).toMatchObject({ customers: 1, invoices: 1, lines: 1 });
    expect(await arrearsByEnd(gone)).toEqual([[0, false]]);
  });

  it("leaves an audit row with the invoice", async () => {
    const [customerId = 0] = await seed(database, [{ snapshots: [endingBefore(0)], storms: [] }]);
    await bill(database.db, nowMs);
    const rows = await database.sql(
      `select a.actor, a.action, a.object_type, a.after, a.object_id = i.id as same
       from audit_log a join invoices i on i.customer_id = a.customer_id where a.customer_id = $1`,
      [customerId],
    );
    expect(rows).toEqual([
      {
        actor: "tranche",
        action: "create",
        object_type: "invoice",
        after: { number: 1, total_cents: 2400 },
        same: true,
      },
    ]);
  });
});

describe("reading invoices", () => {
  it("pages through lists and lines in order, and shows nobody another customer's", async () => {
    const snapshots = [1, 2, 3].flatMap((service) => [0, 1, 2].map((age) => endingBefore(age * hourMs, service)));
    const [customerId = 0, other = 0] = await seed(database, [
      { snapshots, storms: [] },
      { snapshots: [endingBefore(0)], storms: [] },
    ]);
    await bill(database.db, nowMs, { graceMs: hourMs });
    await bill(database.db, nowMs);
    const store = createInvoiceStore(database.db);
    const all = await store.list(customerId, { limit: 10, afterId: null });
    expect(all.map(({ number }) => number)).toEqual([1, 2]);
    expect(await store.list(customerId, { limit: 1, afterId: null })).toEqual(all.slice(0, 1));
    expect(await store.list(customerId, { limit: 1, afterId: all[0]?.id ?? 0 })).toEqual(all.slice(1));

    const id = all[0]?.id ?? 0;
    const invoice = await store.firstLines({ customerId, invoiceId: id }, 100);
    expect(invoice).toMatchObject({ invoice: all[0], lineCount: 6 });
    expect(invoice?.lines.map((line) => (nowMs - line.windowEndMs) / hourMs)).toEqual([2, 2, 2, 1, 1, 1]);
    const services = invoice?.lines.map((line) => line.serviceId) ?? [];
    expect(services).toEqual([...services.slice(0, 3), ...services.slice(0, 3)]);
    expect(services.slice(0, 3)).toEqual(services.slice(0, 3).toSorted((a, b) => a - b));
    expect(invoice?.lines[0]).toMatchObject({
      kind: "usage",
      arrears: false,
      primaryBytes: 100 * 2 ** 30,
      backupBytes: 100 * 2 ** 30,
      rateCentsPerGb: "12",
      discountRate: "0.5",
      maxCoverageFactor: "0",
      stormMicroseconds: 0,
      amountCents: 2400,
      discountCents: 0,
    });
    const pageOf = async (owner: number, invoiceId: number, afterId: number | null) =>
      (await store.lines({ customerId: owner, invoiceId }, { limit: 4, afterId }))?.lines;
    const first = await pageOf(customerId, id, null);
    const second = await pageOf(customerId, id, first?.at(-1)?.id ?? 0);
    expect([...(first ?? []), ...(second ?? [])]).toEqual(invoice?.lines);
    expect(await store.furtherLines({ customerId, invoiceId: id }, { limit: 4, afterId: first?.at(-1)?.id ?? 0 })).toEqual(second);

    const [foreign] = await store.list(other, { limit: 10, afterId: null });
    expect(await store.firstLines({ customerId, invoiceId: foreign?.id ?? 0 }, 100)).toBeNull();
    expect(await pageOf(customerId, foreign?.id ?? 0, null)).toBeUndefined();
    const [foreignLine] = (await pageOf(other, foreign?.id ?? 0, null)) ?? [];
    expect(await pageOf(customerId, id, foreignLine?.id ?? 0)).toEqual([]);
    expect(await store.firstLines({ customerId, invoiceId: 999_999 }, 100)).toBeNull();
  });
});
