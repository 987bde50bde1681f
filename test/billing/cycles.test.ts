import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBillingStore } from "../../src/adapters/db/billing/billing.ts";
import type { BillingStore } from "../../src/adapters/ports/billing/billing.ts";
import type { BillingCycle } from "../../src/domain/billing/billing-cycle.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { bill } from "./run.ts";
import { addSnapshots, edit, seed, storedLines, takeLease } from "./worlds.ts";
import type { WorldSnapshot } from "./worlds.ts";

const hourMs = 3_600_000;
const graceMs = 6 * hourMs;
const at = (text: string): number => Date.parse(text);
const iso = (ms: number): string => new Date(ms).toISOString();

let database: TestDatabase;

beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterEach(() => database.close());

/** The hour that begins then: 100 GB on the primary, 1200 cents. */
const hour = (start: string, primaryBytes = 100 * 2 ** 30): WorldSnapshot => ({
  service: 1,
  windowStart: iso(at(start)),
  windowEnd: iso(at(start) + hourMs),
  primaryBytes,
  backupBytes: 0,
});

const arrive = (customerId: number, ...snapshots: WorldSnapshot[]) =>
  addSnapshots(
    database,
    [customerId],
    snapshots.map((snapshot) => ({ world: 0, ...snapshot })),
  );

const run = (now: string, cycle: BillingCycle, options: { store?: BillingStore } = {}) =>
  bill(database.db, at(now), { cycle, graceMs, ...options });

/** Number of the invoice, start of the window, arrears. */
const billed = async (customerId: number): Promise<string[]> =>
  ((await storedLines(database, [customerId])).get(customerId) ?? []).map(
    ({ number, kind, windowStart, arrears }) =>
      `${number} ${kind === "usage" ? "" : `${kind} `}${windowStart.slice(5, 13)}${arrears ? " arrears" : ""}`,
  );

const billedUntil = async (customerId: number): Promise<string | undefined> => {
  const [row] = await database.sql<{ billed_until: Date | null }>("select billed_until from customers where id = $1", [customerId]);
  return row?.billed_until?.toISOString();
};

const agree = (customerId: number, validFrom: string, cycle: BillingCycle | null) =>
  database.sql(
    `insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency, cycle) values ($1, $2, 12, 0.5, 'USD', $3)`,
    [customerId, validFrom, cycle],
  );

describe("a month", () => {
  it("is closed once, after the grace: what comes late, and what is corrected, is on the next close", async () => {
    const [customerId = 0] = await seed(database, [
      { snapshots: [hour("2026-02-27T10:00:00Z"), hour("2026-02-28T23:00:00Z"), hour("2026-03-01T00:00:00Z")], storms: [] },
    ]);
    await run("2026-02-28T22:00:00Z", "month");
    expect(await billed(customerId)).toEqual([]);
    expect(await run("2026-03-01T05:59:59Z", "month")).toMatchObject({ invoices: 0 });
    expect(await run("2026-03-01T06:07:00Z", "month")).toMatchObject({ invoices: 1, lines: 2 });
    expect(await billedUntil(customerId)).toBe("2026-03-01T00:00:00.000Z");
    await arrive(customerId, hour("2026-02-28T05:00:00Z"), hour("2026-03-14T05:00:00Z"));
    await edit(database, [customerId], [{ snapshots: [hour("2026-02-27T10:00:00Z", 150 * 2 ** 30)], storms: [] }]);
    for (const now of ["2026-03-01T06:07:00Z", "2026-03-01T07:07:00Z", "2026-03-31T23:59:00Z"]) {
      expect(await run(now, "month"), now).toMatchObject({ customers: 0, invoices: 0 });
    }
    expect(await run("2026-04-01T07:07:00Z", "month")).toMatchObject({ customers: 1, invoices: 1, lines: 4 });
    expect(await billed(customerId)).toEqual([
      "1 02-27T10",
      "1 02-28T23",
      "2 adjustment 02-27T10",
      "2 02-28T05 arrears",
      "2 03-01T00",
      "2 03-14T05",
    ]);
  });

  it("that brought nothing is closed too: what comes late waits as everywhere", async () => {
    const [customerId = 0] = await seed(database, [{ snapshots: [hour("2026-03-02T00:00:00Z")], storms: [] }]);
    expect(await run("2026-03-02T03:00:00Z", "month")).toEqual({ customers: 1, invoices: 0, lines: 0, failures: 0, fenced: false });
    expect(await billedUntil(customerId)).toBe("2026-03-01T00:00:00.000Z");
    await arrive(customerId, hour("2026-02-20T00:00:00Z"));
    expect(await run("2026-03-03T03:00:00Z", "month")).toMatchObject({ customers: 0 });
    await run("2026-04-02T03:00:00Z", "month");
    expect(await billed(customerId)).toEqual(["1 02-20T00 arrears", "1 03-02T00"]);
  });

  it("that was missed is on the next close, as arrears", async () => {
    const [customerId = 0] = await seed(database, [
      { snapshots: [hour("2026-01-10T00:00:00Z"), hour("2026-02-10T00:00:00Z"), hour("2026-03-10T00:00:00Z")], storms: [] },
    ]);
    await run("2026-03-05T00:00:00Z", "month");
    expect(await billed(customerId)).toEqual(["1 01-10T00 arrears", "1 02-10T00"]);
  });

  it("of a leap year ends after its 29th of February, over the turn of the year after December", async () => {
    const [customerId = 0] = await seed(database, [
      { snapshots: [hour("2027-12-31T23:00:00Z"), hour("2028-02-29T23:00:00Z"), hour("2028-03-01T00:00:00Z")], storms: [] },
    ]);
    await run("2028-01-01T06:00:00Z", "month");
    await run("2028-03-01T05:00:00Z", "month");
    await run("2028-03-01T06:00:00Z", "month");
    expect(await billed(customerId)).toEqual(["1 12-31T23", "2 02-29T23"]);
  });

  it("stays open while one statement can not bill all of it", async () => {
    const hours = Array.from({ length: 5 }, (_, index) => hour(`2026-02-0${index + 1}T00:00:00Z`));
    const [customerId = 0, idle = 0] = await seed(database, [
      { snapshots: hours, storms: [] },
      { snapshots: [], storms: [{ service: 1, state: "ended", startedAt: iso(0), recoveringSince: null, endedAt: iso(1), factor: "1" }] },
    ]);
    const real = createBillingStore(database.db);
    const seen: (string | undefined)[] = [];
    const store: BillingStore = {
      ...real,
      issue: async (chunk) => {
        const result = await real.issue({ ...chunk, maxWindows: 2 });
        seen.push(await billedUntil(customerId));
        return result;
      },
    };
    expect(await run("2026-03-02T00:00:00Z", "month", { store })).toMatchObject({ customers: 2, invoices: 3, lines: 5 });
    expect(seen).toEqual([undefined, undefined, "2026-03-01T00:00:00.000Z"]);
    expect(await billedUntil(idle)).toBe("2026-03-01T00:00:00.000Z");
  });

  it("that could not be billed stays open and is billed by a later run", async () => {
    const [customerId = 0] = await seed(database, [{ snapshots: [hour("2026-02-10T00:00:00Z")], storms: [] }]);
    await database.sql("create function poison() returns trigger language plpgsql as $$ begin raise exception 'poisoned'; end $$");
    await database.sql("create trigger poison before insert on invoices for each row execute function poison()");
    expect(await run("2026-03-02T00:00:00Z", "month")).toMatchObject({ failures: 1 });
    expect(await billedUntil(customerId)).toBeUndefined();
    await database.sql("drop trigger poison on invoices");
    expect(await run("2026-03-09T00:00:00Z", "month")).toMatchObject({ invoices: 1, lines: 1 });
  });

  it("closed by several runs at once is on one invoice", async () => {
    const worlds = Array.from({ length: 30 }, () => ({
      snapshots: [hour("2026-02-10T00:00:00Z"), hour("2026-02-11T00:00:00Z")],
      storms: [],
    }));
    const customerIds = await seed(database, worlds);
    const reports = await Promise.all(Array.from({ length: 6 }, () => run("2026-03-02T00:00:00Z", "month")));
    expect(reports.reduce((sum, { lines }) => sum + lines, 0)).toBe(60);
    expect(reports.reduce((sum, { failures }) => sum + failures, 0)).toBe(0);
    const [count] = await database.sql<Record<string, string>>(
      `select count(*) as invoices, (select count(*) from customers where billed_until = '2026-03-01T00:00:00Z') as closed,
         (select count(*) from invoice_documents) as documents from invoices`,
    );
    expect(count).toEqual({
      invoices: String(customerIds.length),
      closed: String(customerIds.length),
      documents: String(customerIds.length),
    });
  });

  it("whose close waited for another one's finds it closed, and leaves what came meanwhile to the next", async () => {
    const [customerId = 0] = await seed(database, [{ snapshots: [hour("2026-02-10T00:00:00Z")], storms: [] }]);
    const other = new pg.Client(database.url);
    await other.connect();
    await other.query("begin");
    await other.query("select from customers where id = $1 for no key update", [customerId]);
    const waiting = run("2026-03-02T00:00:00Z", "month");
    for (;;) {
      const [row] = await database.sql<{ n: string }>(
        "select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if (Number(row?.n) > 0) break;
      await new Promise((done) => setTimeout(done, 5));
    }
    await other.query("update customers set billed_until = '2026-03-01T00:00:00Z' where id = $1", [customerId]);
    await other.query("commit");
    await other.end();
    expect(await waiting).toMatchObject({ invoices: 0, failures: 0 });
    await run("2026-04-02T00:00:00Z", "month");
    expect(await billed(customerId)).toEqual(["1 02-10T00 arrears"]);
  });
});

describe("a day", () => {
  it("is closed once, in UTC, after the grace", async () => {
    const [customerId = 0] = await seed(database, [
      { snapshots: [hour("2026-03-04T23:00:00Z"), hour("2026-03-05T00:00:00Z")], storms: [] },
    ]);
    expect(await run("2026-03-05T05:07:00Z", "day")).toMatchObject({ lines: 0 });
    expect(await run("2026-03-05T06:07:00Z", "day")).toMatchObject({ lines: 1 });
    await arrive(customerId, hour("2026-03-04T12:00:00Z"));
    expect(await run("2026-03-05T07:07:00Z", "day")).toMatchObject({ customers: 0, lines: 0 });
    expect(await run("2026-03-06T06:07:00Z", "day")).toMatchObject({ lines: 2 });
    expect(await billed(customerId)).toEqual(["1 03-04T23", "2 03-04T12 arrears", "2 03-05T00"]);
  });
});

describe("whose cycle it is", () => {
  it("the terms in force now decide, and the operator's default where they say nothing", async () => {
    const [own = 0, silent = 0, future = 0, none = 0] = await seed(
      database,
      Array.from({ length: 4 }, () => ({ snapshots: [hour("2026-03-04T00:00:00Z")], storms: [] })),
    );
    await agree(own, "2026-01-01T00:00:00Z", "month");
    await agree(own, "2026-03-05T00:00:00Z", "run");
    await agree(silent, "2026-01-01T00:00:00Z", "run");
    await agree(silent, "2026-03-05T00:00:00Z", null);
    await agree(future, "2026-03-06T00:00:00Z", "run");
    await run("2026-03-05T12:00:00Z", "month");
    expect(await Promise.all([own, silent, future, none].map(async (id) => (await billed(id)).length))).toEqual([1, 0, 0, 0]);
    await run("2026-03-06T12:00:00Z", "month");
    expect(await Promise.all([own, silent, future, none].map(async (id) => (await billed(id)).length))).toEqual([1, 0, 1, 0]);
    await run("2026-03-06T13:00:00Z", "run");
    expect(await Promise.all([own, silent, future, none].map(async (id) => (await billed(id)).length))).toEqual([1, 1, 1, 1]);
  });

  it("changes from month to day to run and back without billing twice or passing over anything", async () => {
    const days = ["02-28", "03-01", "03-09", "03-10", "03-11", "03-12", "03-13", "03-20"];
    const [customerId = 0] = await seed(database, [{ snapshots: days.map((day) => hour(`2026-${day}T20:00:00Z`)), storms: [] }]);
    await run("2026-03-01T07:00:00Z", "month");
    // The day that is over closes at once, and with it all that the month had gathered.
    await run("2026-03-10T07:00:00Z", "day");
    await run("2026-03-11T07:00:00Z", "day");
    await run("2026-03-12T04:00:00Z", "run");
    // Back to days, and of these one is closed further than the month that is due.
    await run("2026-03-13T07:00:00Z", "day");
    expect(await billedUntil(customerId)).toBe("2026-03-13T00:00:00.000Z");
    await run("2026-03-14T07:00:00Z", "month");
    expect((await billed(customerId)).length).toBe(6);
    await run("2026-04-01T07:00:00Z", "month");
    expect(await billed(customerId)).toEqual([
      "1 02-28T20",
      "2 03-01T20 arrears",
      "2 03-09T20",
      "3 03-10T20",
      "4 03-11T20",
      "5 03-12T20",
      "6 03-13T20",
      "6 03-20T20",
    ]);
  });
});
