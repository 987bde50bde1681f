import { sql } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBillingStore } from "../../src/adapters/db/billing/billing.ts";
import { dueCustomers } from "../../src/adapters/db/billing/billing-due.ts";
import type { BillingStore } from "../../src/adapters/ports/billing/billing.ts";
import { dueBounds } from "../../src/domain/billing/billing-cycle.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { bill, dayMs } from "./run.ts";
import { addSnapshots, seed, storedLines, takeLease } from "./worlds.ts";
import type { WorldSnapshot } from "./worlds.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-03-05T00:00:00Z");
const gib = 2 ** 30;

let database: TestDatabase;

beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterEach(() => database.close());

/** The hour that ended so many hours before now; a cent is 89,478,486 bytes at 12 cents, and from half of it on one is due. */
const hour = (ago: number, primaryBytes: number, service = 1): WorldSnapshot => ({
  service,
  windowStart: new Date(nowMs - (ago + 1) * hourMs).toISOString(),
  windowEnd: new Date(nowMs - ago * hourMs).toISOString(),
  primaryBytes,
  backupBytes: 0,
});
const arrive = (customerId: number, ...snapshots: WorldSnapshot[]) =>
  addSnapshots(
    database,
    [customerId],
    snapshots.map((snapshot) => ({ world: 0, ...snapshot })),
  );

const lines = async (customerId: number): Promise<[invoice: number, hoursAgo: number, cents: number][]> =>
  ((await storedLines(database, [customerId])).get(customerId) ?? []).map((line) => [
    line.number,
    (nowMs - Date.parse(line.windowStart)) / hourMs - 1,
    line.amountCents,
  ]);

const counted = (store: BillingStore) => {
  const issued: number[] = [];
  return {
    issued,
    store: {
      ...store,
      issue: (chunk) => {
        issued.push(...chunk.customerIds);
        return store.issue(chunk);
      },
    } satisfies BillingStore,
  };
};

describe("an invoice of nothing", () => {
  it("is not issued: windows that cost nothing ride on the next one that says something", async () => {
    const [customerId = 0] = await seed(database, [{ snapshots: [hour(5, 0), hour(4, 44_739_242)], storms: [] }]);
    expect(await bill(database.db, nowMs)).toEqual({ customers: 0, invoices: 0, lines: 0, failures: 0, fenced: false });
    await arrive(customerId, hour(3, 44_739_243), hour(2, 0));
    expect(await bill(database.db, nowMs)).toMatchObject({ customers: 1, invoices: 1, lines: 4 });
    expect(await lines(customerId)).toEqual([
      [1, 5, 0],
      [1, 4, 0],
      [1, 3, 1],
      [1, 2, 0],
    ]);
    const [numbers] = await database.sql(
      "select next_invoice_number::int as next, (select count(*)::int from invoices) as invoices from customers",
    );
    expect(numbers).toEqual({ next: 2, invoices: 1 });
  });

  it("is not issued either where a storm takes nothing off nothing", async () => {
    const storm = {
      service: 1,
      state: "ended" as const,
      startedAt: hour(5, 0).windowStart,
      recoveringSince: null,
      endedAt: hour(3, 0).windowEnd,
      factor: "1",
    };
    await seed(database, [{ snapshots: [{ ...hour(4, 0), backupBytes: 10 }], storms: [storm] }]);
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 0 });
  });

  it("is one whose lines are all zero: what a storm takes off entirely is something", async () => {
    const storm = {
      service: 1,
      state: "ended" as const,
      startedAt: hour(5, 0).windowStart,
      recoveringSince: null,
      endedAt: hour(3, 0).windowEnd,
      factor: "2",
    };
    const [customerId = 0] = await seed(database, [{ snapshots: [{ ...hour(4, 0), backupBytes: 10 * gib }], storms: [storm] }]);
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 1 });
    const [invoice] = await database.sql(
      "select subtotal_cents::int, discount_cents::int, total_cents::int from invoices where customer_id = $1",
      [customerId],
    );
    expect(invoice).toEqual({ subtotal_cents: 120, discount_cents: 120, total_cents: 0 });
  });

  it("is not issued beside one in another currency, and has its number once it is one", async () => {
    const [customerId = 0] = await seed(database, [{ snapshots: [hour(9, 0), hour(4, gib)], storms: [] }]);
    await database.sql(
      `insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values ($1, $2, 12, 0.5, 'EUR')`,
      [customerId, hour(6, 0).windowStart],
    );
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 1, lines: 1 });
    await arrive(customerId, hour(8, gib));
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 1, lines: 2 });
    const invoices = await database.sql("select number::int, currency from invoices order by id");
    expect(invoices).toEqual([
      { number: 1, currency: "EUR" },
      { number: 2, currency: "USD" },
    ]);
  });
});

describe("customers of whom nothing costs anything", () => {
  it("are not priced again and again: no statement of theirs is sent, however much they wait with", async () => {
    const idle = Array.from({ length: 40 }, (_, index) => hour(index, index % 2 === 0 ? 0 : 1_000_000));
    const [quiet = 0, free = 0, busy = 0] = await seed(database, [
      { snapshots: idle, storms: [] },
      { snapshots: idle.map((snapshot) => ({ ...snapshot, primaryBytes: 500 * gib })), storms: [] },
      { snapshots: [hour(3, gib)], storms: [] },
    ]);
    await database.sql(
      `insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values ($1, '2020-01-01', 0, 0.5, 'USD')`,
      [free],
    );
    const watched = counted(createBillingStore(database.db));
    await bill(database.db, nowMs, { store: watched.store });
    await bill(database.db, nowMs, { store: watched.store });
    expect(watched.issued).toEqual([busy]);
    // Free until now: from the moment on at which something costs, all of it is billed.
    await database.sql(
      `insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values ($1, $2, 1, 0.5, 'USD')`,
      [free, hour(1, 0).windowStart],
    );
    await bill(database.db, nowMs, { store: watched.store });
    expect(watched.issued).toEqual([busy, free]);
    expect((await lines(free)).filter(([, , cents]) => cents > 0)).toEqual([
      [1, 1, 500],
      [1, 0, 500],
    ]);
    expect(await lines(free)).toHaveLength(40);
    expect(await lines(quiet)).toEqual([]);
  });

  it("are found by an index that passes over what they wait with", async () => {
    await seed(database, [{ snapshots: [hour(1, 0)], storms: [] }]);
    // Two years of windows that cost nothing, of one service, and a window among them that does.
    await database.sql(
      `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes)
       select s.id, $1::timestamptz - i * interval '1 hour', $1::timestamptz - (i - 1) * interval '1 hour', case when i = 9000 then 1073741824 else mod(i, 40) * 1000000 end
       from services s, generate_series(3, 17520) i`,
      [new Date(nowMs).toISOString()],
    );
    await database.sql("analyze usage_snapshots");
    const rules = {
      defaults: { rateCentsPerGb: "12", discountRate: "0.5", currency: "USD", cycle: "run" as const },
      nowMs,
      bounds: dueBounds(nowMs, 0, dayMs),
      withheldAfterMs: nowMs,
    };
    const plan = await database.db.rows<Record<string, string>>(
      sql`explain (analyze, costs off, timing off, summary off) ${dueCustomers(rules, { afterCustomerId: 0, limit: 10 })}`,
    );
    const text = plan.map((row) => row["QUERY PLAN"]).join("\n");
    const lookup = /Index Scan Backward using usage_snapshots_unbilled_idx on usage_snapshots u\w* \(actual rows=(\d+)/.exec(text);
    expect(Number(lookup?.[1]), text).toBe(1);
  });

  it("never stand in the way: what costs is billed first, though there is more of the rest than a statement takes", async () => {
    const rest = Array.from({ length: 12 }, (_, index) => hour(20 - index, index % 3 === 0 ? 0 : 1_000_000));
    const [customerId = 0] = await seed(database, [
      { snapshots: [...rest, hour(3, gib, 2), hour(2, gib, 2), hour(1, gib, 2)], storms: [] },
    ]);
    const real = createBillingStore(database.db);
    const store: BillingStore = { ...real, issue: (chunk) => real.issue({ ...chunk, maxWindows: 2 }) };
    expect(await bill(database.db, nowMs, { store })).toMatchObject({ invoices: 2, lines: 4, failures: 0 });
    expect((await lines(customerId)).filter(([, , cents]) => cents > 0)).toHaveLength(3);
    // The rest waits with its eleven.
    expect(await bill(database.db, nowMs, { store })).toMatchObject({ customers: 0 });
    await arrive(customerId, hour(0, gib, 2));
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 1, lines: 12 });
  });

  it("close their months all the same, without being priced", async () => {
    const ids = await seed(
      database,
      Array.from({ length: 3 }, () => ({ snapshots: [hour(200, 1_000)], storms: [] })),
    );
    expect(await bill(database.db, nowMs, { cycle: "month" })).toMatchObject({ customers: 3, invoices: 0, lines: 0 });
    const closed = await database.sql("select id from customers where billed_until = '2026-03-01T00:00:00Z'");
    expect(closed).toHaveLength(ids.length);
  });
});

describe("adjustments that change bytes and no cents", () => {
  it("do not hold up those that do, though there are more of them than a statement takes", async () => {
    const hours = Array.from({ length: 8 }, (_, index) => hour(index, gib));
    const [customerId = 0] = await seed(database, [{ snapshots: hours, storms: [] }]);
    await bill(database.db, nowMs);
    await database.sql(
      `with k as (insert into usage_corrections (snapshot_id, primary_bytes, backup_bytes)
         select id, case when window_end = $1 then 3 * primary_bytes else primary_bytes + 1 end, 0 from usage_snapshots returning snapshot_id)
       insert into adjustment_causes (service_id, cause, from_at, to_at) select u.service_id, 'usage', u.window_start, u.window_end from usage_snapshots u`,
      [hour(0, 0).windowEnd],
    );
    const real = createBillingStore(database.db);
    const store: BillingStore = { ...real, issue: (chunk) => real.issue({ ...chunk, maxWindows: 3 }) };
    expect(await bill(database.db, nowMs, { store })).toMatchObject({ invoices: 1, lines: 3 });
    expect(
      (await lines(customerId))
        .filter(([number]) => number === 2)
        .map(([, , cents]) => cents)
        .toSorted((a, b) => a - b),
    ).toEqual([0, 0, 24]);
    expect(await bill(database.db, nowMs, { store })).toMatchObject({ customers: 1, invoices: 0 });
    expect(await bill(database.db, nowMs, { store })).toMatchObject({ customers: 0 });
    await arrive(customerId, hour(9, gib));
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 1, lines: 6 });
    expect(await database.sql("select from adjustment_causes")).toEqual([]);
  });
});
