import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBillingStore } from "../../src/adapters/db/billing/billing.ts";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import { dueBounds } from "../../src/domain/billing/billing-cycle.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { bill, recordingLog } from "./run.ts";
import { addSnapshots, billingFence, seed, takeLease } from "./worlds.ts";
import type { World } from "./worlds.ts";

const nowMs = Date.parse("2026-03-02T00:00:00Z");
const hour = (index: number): string => new Date(nowMs + index * 3_600_000).toISOString();

const snapshot = (index: number, service = 1) => ({
  service,
  windowStart: hour(index - 1),
  windowEnd: hour(index),
  primaryBytes: 2 ** 30,
  backupBytes: 2 ** 31,
});

const worlds = (count: number, windows: number): World[] =>
  Array.from({ length: count }, () => ({
    snapshots: Array.from({ length: windows }, (_, index) => snapshot(-index)),
    storms: [],
  }));

let database: TestDatabase;
let other: pg.Client;

beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
  other = new pg.Client(database.url);
  await other.connect();
});
afterEach(async () => {
  await other.end();
  await database.close();
});

/** Windows; lines; lines that match their window in bytes and invoice; customers whose numbers have a gap; invoices. */
const audit = async () => {
  const [row] = await database.sql<Record<string, string>>(
    `select (select count(*) from usage_snapshots) as windows, (select count(*) from invoice_line_items) as lines,
       (select count(*) from usage_snapshots u join invoice_line_items l on l.snapshot_id = u.id and
          (l.invoice_id, l.primary_bytes, l.backup_bytes) = (u.invoice_id, u.primary_bytes, u.backup_bytes)) as exact,
       (select count(*) from customers c where c.next_invoice_number - 1 is distinct from
          (select coalesce(max(i.number), 0) from invoices i where i.customer_id = c.id)
          or c.next_invoice_number - 1 <> (select count(*) from invoices i where i.customer_id = c.id)) as gaps,
       (select count(*) from invoices) as invoices`,
  );
  return Object.fromEntries(Object.entries(row ?? {}).map(([key, value]) => [key, Number(value)]));
};

/** Resolves once so many sessions of this database wait for a lock. */
const waitingForLock = async (count: number): Promise<void> => {
  for (;;) {
    const [row] = await database.sql<{ waiting: string }>(
      `select count(distinct pid) as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (Number(row?.waiting) >= count) return;
    await new Promise((done) => setTimeout(done, 5));
  }
};

describe("runs at the same time", () => {
  it("8 of them bill each window once, without a gap in the numbers, while usage keeps coming in", async () => {
    const customerIds = await seed(database, worlds(250, 4));
    const run = () => bill(database.db, nowMs);
    const wave = (index: number) =>
      addSnapshots(
        database,
        customerIds,
        customerIds.map((_, world) => ({ world, ...snapshot(index) })),
      );
    const reports = await Promise.all([run(), run(), run(), run(), wave(-10), run(), run(), wave(-11), run(), run()]);
    reports.push(await run());
    const billed = reports.flatMap((report) => (report === undefined ? [] : [report]));
    expect(billed.reduce((sum, report) => sum + report.failures, 0)).toBe(0);
    expect(billed.reduce((sum, report) => sum + report.lines, 0)).toBe(1500);
    expect(await audit()).toMatchObject({ windows: 1500, lines: 1500, exact: 1500, gaps: 0 });
  });

  it("one that waited for a customer sees what the other has billed", async () => {
    const [customerId = 0] = await seed(database, worlds(1, 3));
    await other.query("begin");
    await other.query("select from customers where id = $1 for no key update", [customerId]);
    const runs = Promise.all([bill(database.db, nowMs), bill(database.db, nowMs)]);
    await waitingForLock(2);
    await other.query("commit");
    const reports = await runs;
    expect(reports.map(({ lines }) => lines).toSorted((a, b) => a - b)).toEqual([0, 3]);
    expect(reports.map(({ failures }) => failures)).toEqual([0, 0]);
    expect(await audit()).toMatchObject({ windows: 3, lines: 3, exact: 3, gaps: 0, invoices: 1 });
  });

  it("one that waited takes the number after the one that was issued meanwhile", async () => {
    const [customerId = 0] = await seed(database, worlds(1, 3));
    await other.query("begin");
    await other.query("update customers set next_invoice_number = 2 where id = $1", [customerId]);
    await other.query(
      `with i as (
         insert into invoices
           (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
         values ($1, 1, now(), now() + interval '1 hour', 0, 0, 0, now()) returning id
       ), u as (
         insert into usage_snapshots (service_id, window_start, window_end, invoice_id)
         select s.id, '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z', i.id from services s, i where s.customer_id = $1
         returning *
       )
       insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes,
         backup_bytes, rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
       select invoice_id, id, service_id, window_start, window_end, 0, 0, 12, 0.5, 0, 0, 0, 0 from u`,
      [customerId],
    );
    const run = bill(database.db, nowMs);
    await waitingForLock(1);
    await other.query("commit");
    expect(await run).toMatchObject({ invoices: 1, lines: 3, failures: 0 });
    expect(await audit()).toMatchObject({ exact: 4, gaps: 0, invoices: 2 });
  });

  it("bytes that are replaced during a run are billed as they are afterwards", async () => {
    await seed(database, worlds(1, 3));
    await other.query("begin");
    await other.query("update usage_snapshots set backup_bytes = backup_bytes * 3 where window_end = $1", [hour(-1)]);
    const run = bill(database.db, nowMs);
    await waitingForLock(1);
    await other.query("commit");
    expect(await run).toMatchObject({ invoices: 1, lines: 3, failures: 0 });
    expect(await audit()).toMatchObject({ lines: 3, exact: 3 });
  });
});

describe("a run that is cut short", () => {
  /** Loses every third answer before and every third after the database has done the work. */
  const unreliable = (db: Database): Database => {
    let calls = 0;
    return {
      rows: (query) => db.rows(query),
      batch: async <Results extends readonly unknown[][]>(queries: Parameters<Database["batch"]>[0]) => {
        calls += 1;
        if (calls % 3 === 1) throw new TypeError("connection lost before");
        const results = await db.batch<Results>(queries);
        if (calls % 3 === 2) throw new TypeError("connection lost after");
        return results;
      },
    };
  };

  it("is made good by the next ones, and nothing is billed twice", async () => {
    await seed(database, worlds(350, 2));
    const db = unreliable(database.db);
    const first = await bill(db, nowMs);
    expect(first).toMatchObject({ customers: 350, invoices: 100, failures: 250 });
    for (let run = 0; run < 6; run += 1) await bill(db, nowMs);
    expect(await audit()).toMatchObject({ windows: 700, lines: 700, exact: 700, gaps: 0, invoices: 350 });
  });

  it("ends with the error when the database answers nothing", async () => {
    await seed(database, worlds(450, 1));
    const db: Database = {
      rows: (query) => database.db.rows(query),
      batch: () => Promise.reject(new TypeError("no route")),
    };
    const log = recordingLog();
    await expect(bill(db, nowMs, { log })).rejects.toThrow("no route");
    // Five chunks, two at once.
    expect(log.errors).toHaveLength(5);
  });
});

describe("a customer that can not be billed", () => {
  it("stops none of the others, is reported, and is billed once it can be", async () => {
    const customerIds = await seed(database, worlds(120, 2));
    const poisoned = customerIds[57] ?? 0;
    await database.sql(`create function poison() returns trigger language plpgsql as $$ begin
      if new.customer_id = ${poisoned} then raise exception 'poisoned'; end if; return new; end $$`);
    await database.sql("create trigger poison before insert on invoices for each row execute function poison()");
    const log = recordingLog();
    const report = await bill(database.db, nowMs, { log });
    expect(report).toEqual({ customers: 120, invoices: 119, lines: 238, failures: 1, fenced: false });
    expect(log.errors).toEqual([expect.stringContaining("poisoned")]);
    await database.sql("drop trigger poison on invoices");
    expect(await bill(database.db, nowMs)).toMatchObject({ customers: 1, invoices: 1, lines: 2, failures: 0 });
    expect(await audit()).toMatchObject({ lines: 240, exact: 240, gaps: 0 });
  });
});

describe("a run without its lease", () => {
  const lost: [string, string][] = [
    ["whose lease has lapsed", "update leases set expires_at = now() - interval '1 millisecond'"],
    ["whose lease somebody else has taken", "update leases set epoch = epoch + 1"],
    ["whose lease is gone", "delete from leases"],
  ];

  it.each(lost)("%s writes nothing and says so", async (_name, statement) => {
    await seed(database, worlds(120, 1));
    await database.sql(statement);
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 0, lines: 0, failures: 0, fenced: true });
    expect(await audit()).toMatchObject({ lines: 0, invoices: 0, gaps: 0 });
  });

  it("that loses it while it waits for a customer writes nothing", async () => {
    const [customerId = 0] = await seed(database, worlds(1, 1));
    await other.query("begin");
    await other.query("select from customers where id = $1 for no key update", [customerId]);
    const run = bill(database.db, nowMs);
    await waitingForLock(1);
    await database.sql("update leases set epoch = epoch + 1");
    await other.query("commit");
    expect(await run).toMatchObject({ invoices: 0, fenced: true });
    expect(await audit()).toMatchObject({ lines: 0, gaps: 0 });
  });

  it("that holds it keeps a takeover waiting until its chunk is committed", async () => {
    const [customerId = 0] = await seed(database, worlds(1, 1));
    await other.query("begin");
    await other.query("select from usage_snapshots for update");
    const issue = createBillingStore(database.db).issue({
      customerIds: [customerId],
      fence: billingFence,
      terms: { rateCentsPerGb: "12", discountRate: "0.5", currency: "USD" },
      cycle: "run",
      issuedAtMs: nowMs,
      bounds: dueBounds(nowMs, 0, 1),
      withheldAfterMs: nowMs,
      maxWindows: 10,
    });
    await waitingForLock(1);
    const takeover = database.sql<{ lines: string }>(
      "with t as (update leases set epoch = epoch + 1 returning 1) select count(*) as taken from t",
    );
    await waitingForLock(2);
    await other.query("commit");
    expect(await issue).toEqual({ status: "issued", invoices: 1, lines: 1, more: false });
    await takeover;
    expect(await audit()).toMatchObject({ lines: 1, exact: 1 });
  });
});
