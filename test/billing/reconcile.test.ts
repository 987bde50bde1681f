import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createReconciliationStore } from "../../src/adapters/db/billing/reconciliation.ts";
import { reconcile } from "../../src/cron/billing/reconcile.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { bill } from "./run.ts";
import { billingFence, seed, takeLease } from "./worlds.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-03-05T00:00:00Z");
const iso = (ms: number): string => new Date(ms).toISOString();

let database: TestDatabase;

beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterEach(() => database.close());

const hours = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    service: 1,
    windowStart: iso(nowMs - (index + 1) * hourMs),
    windowEnd: iso(nowMs - index * hourMs),
    primaryBytes: 100 * 2 ** 30,
    backupBytes: 100 * 2 ** 30,
  }));

const storm = {
  service: 1,
  state: "ended" as const,
  startedAt: iso(nowMs - 2 * hourMs),
  recoveringSince: null,
  endedAt: iso(nowMs - 1.5 * hourMs),
  factor: "1",
};

const night = async (
  atMs = nowMs,
  fence: { name: string; epoch: number } = billingFence,
  store = createReconciliationStore(database.db),
) => {
  const memory = createMemoryLog();
  const clock = { nowMs: () => atMs, sleep: () => Promise.resolve() };
  const deps = {
    reconciliation: store,
    clock,
    log: memory.log,
    provider: "local",
    usageSources: [],
    usageWindows: { windowMs: hourMs, lookbackMs: 6 * hourMs },
  };
  const report = await reconcile(deps, fence);
  return { report, alerts: memory.of("reconciliation_difference").map(({ fields }) => fields) };
};

/** Changes what no constraint and no trigger would let anybody change: a broken disk, a wrong hand on the console. */
const tamper = async (statement: string): Promise<void> => {
  await database.sql(`begin; set local session_replication_role = replica; ${statement}; commit`);
};

describe("reconcile", () => {
  it("finds nothing where all is well, and leaves nothing behind", async () => {
    await seed(
      database,
      Array.from({ length: 3 }, () => ({ snapshots: hours(4), storms: [storm] })),
    );
    await bill(database.db, nowMs);
    expect((await night()).report).toEqual({
      chunks: 2,
      recentWindows: 12,
      olderWindows: 0,
      invoices: 3,
      differences: 0,
      cleared: 0,
      failures: 0,
      fenced: false,
      finished: true,
    });
    expect(await database.sql("select from reconciliation_findings")).toEqual([]);
  });

  it.each([
    [
      "window_bytes and line_bytes: one byte more in a line",
      "update invoice_line_items set backup_bytes = backup_bytes + 1 where id = 2",
      [
        ["line_bytes", "usage_snapshot", "107374182400 + 107374182400", "107374182400 + 107374182401"],
        ["window_bytes", "usage_snapshot", "107374182400 + 107374182400", "107374182400 + 107374182401"],
      ],
    ],
    [
      "window_cents and invoice_sums: one cent less in a line",
      "update invoice_line_items set amount_cents = amount_cents - 1 where id = 2",
      [
        ["invoice_sums", "invoice", "4799 - 300", "4800 - 300 = 4500"],
        ["window_cents", "usage_snapshot", "2400 - 0", "2399 - 0"],
      ],
    ],
    [
      "window_bytes and line_bytes: one byte more in a billed snapshot",
      "update usage_snapshots set primary_bytes = primary_bytes + 1 where id = 1",
      [
        ["line_bytes", "usage_snapshot", "107374182401 + 107374182400", "107374182400 + 107374182400"],
        ["window_bytes", "usage_snapshot", "107374182401 + 107374182400", "107374182400 + 107374182400"],
      ],
    ],
    [
      "window_invoice: a billed window that is not tagged",
      "update usage_snapshots set invoice_id = null where id = 1",
      [["window_invoice", "usage_snapshot", "1", "not billed"]],
    ],
    [
      "window_line: a window that is tagged and has no line",
      "delete from invoice_line_items where id = 2; update invoices set subtotal_cents = 2400, total_cents = 2100",
      [["window_line", "usage_snapshot", "one usage line", "none"]],
    ],
    ["invoice_numbers: a gap", "update invoices set number = 3", [["invoice_numbers", "customer", "1 to 1", "1 up to 3"]]],
    [
      "window_cents: a storm that changed without a note",
      "update storm_events set ended_at = ended_at + interval '1 minute'",
      [["window_cents", "usage_snapshot", "2400 - 310", "2400 - 300"]],
    ],
  ])("names the row: %s", async (_name, statement, expected) => {
    await seed(database, [{ snapshots: hours(2), storms: [storm] }]);
    await bill(database.db, nowMs);
    await tamper(statement);
    const { report, alerts } = await night();
    const sorted = alerts.toSorted((a, b) => String(a["rule"]).localeCompare(String(b["rule"])));
    expect(sorted.map((row) => [row["rule"], row["objectType"], row["expected"], row["actual"]])).toEqual(expected);
    expect(report).toMatchObject({ differences: expected.length, failures: 0 });
    expect(alerts.every(({ isNew, customerId, objectId }) => isNew === true && Number(customerId) > 0 && Number(objectId) > 0)).toBe(true);
  });

  it("keeps a finding open until a night finds that it is gone", async () => {
    await seed(database, [{ snapshots: hours(2), storms: [] }]);
    await bill(database.db, nowMs);
    await tamper("update invoice_line_items set backup_bytes = backup_bytes + 1 where id = 2");
    await night();
    const { alerts } = await night(nowMs + 24 * hourMs);
    expect(alerts.map(({ isNew }) => isNew)).toEqual([false, false]);
    await tamper("update invoice_line_items set backup_bytes = backup_bytes - 1 where id = 2");
    expect((await night(nowMs + 48 * hourMs)).report).toMatchObject({ differences: 0, cleared: 2 });
    const rows = await database.sql("select found_at, last_seen_at, cleared_at from reconciliation_findings");
    expect(rows).toEqual(
      Array.from({ length: 2 }, () => ({
        found_at: new Date(nowMs),
        last_seen_at: new Date(nowMs + 24 * hourMs),
        cleared_at: new Date(nowMs + 48 * hourMs),
      })),
    );
  });

  it("does not cry over what the next run adjusts anyway", async () => {
    await seed(database, [{ snapshots: hours(2), storms: [storm] }]);
    await bill(database.db, nowMs);
    await database.sql("update storm_events set ended_at = ended_at + interval '10 minutes'");
    expect((await night()).report).toMatchObject({ differences: 0 });
    await bill(database.db, nowMs);
    expect((await night()).report).toMatchObject({ differences: 0, recentWindows: 2 });
  });

  it("notes nothing once its lease is lost", async () => {
    await seed(database, [{ snapshots: hours(2), storms: [] }]);
    await bill(database.db, nowMs);
    await tamper("update invoices set number = 3");
    expect((await night(nowMs, { ...billingFence, epoch: 99 })).report).toMatchObject({ fenced: true, differences: 0 });
    expect(await database.sql("select from reconciliation_findings")).toEqual([]);
  });

  it("goes on with the others where one chunk fails, and throws where nothing can be checked", async () => {
    await seed(
      database,
      Array.from({ length: 3 }, () => ({ snapshots: hours(1), storms: [] })),
    );
    await bill(database.db, nowMs);
    await tamper("update invoices set number = 3 where id = 2");
    const store = createReconciliationStore(database.db);
    const no = () => Promise.reject(new Error("no"));
    expect((await night(nowMs, billingFence, { ...store, checkWindows: no })).report).toMatchObject({
      recentWindows: 0,
      invoices: 3,
      differences: 1,
      failures: 1,
      finished: true,
    });
    const half = await night(nowMs, billingFence, { ...store, checkInvoices: no });
    expect(half.report).toMatchObject({ recentWindows: 3, invoices: 0, failures: 1, finished: false });
    await expect(night(nowMs, billingFence, { ...store, checkWindows: no, checkInvoices: no })).rejects.toThrow("no");
  });
});
