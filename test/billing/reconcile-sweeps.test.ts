import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createReconciliationStore } from "../../src/adapters/db/billing/reconciliation.ts";
import type { ReconciliationStore } from "../../src/adapters/ports/billing/reconciliation.ts";
import { reconcile } from "../../src/cron/billing/reconcile.ts";
import { checkLimits } from "../../src/domain/metering/check-spans.ts";
import { countTrips } from "../support/counting-database.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMeteringWorld, fastly, hourMs, noon, nowMs, usageWindows } from "../support/metering-world.ts";
import type { MeteringWorld } from "../support/metering-world.ts";
import { bill } from "./run.ts";
import { billingFence, takeLease } from "./worlds.ts";

let database: TestDatabase;
let world: MeteringWorld;
let store: ReconciliationStore;
beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
  world = createMeteringWorld(database);
  store = createReconciliationStore(database.db);
});
afterEach(() => database.close());

const dayMs = 24 * hourMs;

/** Small enough for a few hundred windows to be many. */
const small = { ...checkLimits, windows: 400, lines: 200 };

/** A run with no more time than for a small chunk of each sweep, unless said otherwise. */
const night = async (atMs = nowMs, budgetMs = 0, reconciliation = store, limits = small) => {
  const memory = createMemoryLog();
  const clock = { nowMs: () => atMs, sleep: () => Promise.resolve() };
  const report = await reconcile(
    { reconciliation, clock, log: memory.log, provider: "local", usageSources: [{ cdn: "fastly" }], usageWindows },
    billingFence,
    budgetMs,
    limits,
  );
  return {
    report,
    found: memory
      .of("reconciliation_difference")
      .map(({ fields }) => `${String(fields["rule"])}: ${String(fields["actual"])}`)
      .toSorted(),
  };
};
const wholeNight = (atMs = nowMs, reconciliation = store) => night(atMs, 3_600_000, reconciliation, checkLimits);
const open = async () =>
  (
    await world.sql<{ line: string }>(
      "select rule || ': ' || actual as line from reconciliation_findings where cleared_at is null order by rule, actual",
    )
  ).map(({ line }) => line);

/** So many hourly windows of a service up to noon; where they say that they were pushed, they were. */
const windows = async (serviceId: number, count: number, source: string | null = null, upToMs = noon): Promise<void> => {
  const given = [serviceId, new Date(upToMs), count];
  const starts = "generate_series($2::timestamptz - $3::int * interval '1 hour', $2::timestamptz - interval '1 hour', interval '1 hour') w";
  await world.sql(
    `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, primary_source, backup_source)
     select $1, w, w + interval '1 hour', 7, $4::text, $4 from ${starts}`,
    [...given, source],
  );
  if (source !== "push") return;
  await world.sql(
    `insert into usage_pushes (service_id, window_start, side, bytes, covers, actor, pushed_at)
     select $1, w, side, bytes, 'whole', 'admin', w + interval '1 hour' from ${starts}, (values ('primary', 7), ('backup', 0)) s(side, bytes)`,
    given,
  );
};

/** Changes what no constraint and no trigger would let anybody change. */
const tamper = (statement: string) => database.sql(`begin; set local session_replication_role = replica; ${statement}; commit`);

describe("a service with a long history", () => {
  it("is checked in statements of a bounded size, each window once in its turn", async () => {
    const web = await world.service(await world.customer("acme"), noon - hourMs);
    await windows(web, 50_000);
    const { db, count } = countTrips(database.db);
    const counting = createReconciliationStore(db);
    const sizes: number[] = [];
    const { report } = await wholeNight(nowMs, {
      ...counting,
      checkWindows: async (...args) => {
        const result = await counting.checkWindows(...args);
        if (result.status === "checked") sizes.push(result.windows);
        return result;
      },
    });
    expect(report).toMatchObject({ recentWindows: 840, olderWindows: 49_160, differences: 0, finished: true });
    expect(Math.max(...sizes)).toBe(10_000);
    expect(sizes).toHaveLength(1 + 5);
    // Of each chunk its check, what it says of services, and where to go on; a few more of each sweep.
    expect(count.trips).toBeLessThanOrEqual(3 * sizes.length + 14);
  });

  it("is gone on with where the last night stopped, and what is told of all of it is told in the end", async () => {
    const web = await world.service(await world.customer("acme"), noon - 1_840 * hourMs);
    await world.domain(web, "a.shopone.com", noon - 1_840 * hourMs);
    await windows(web, 100, "push");
    const recent = "window_missing:primary: 740 windows, 2026-10-14T12:00:00.000Z to 2026-11-14T08:00:00.000Z (fastly)";
    const older = "window_missing:primary:older: 1000 windows, 2026-09-02T20:00:00.000Z to 2026-10-14T12:00:00.000Z (fastly)";
    // 840 recent windows and 1,000 older ones, 400 a night of each.
    expect(await night()).toEqual({ report: expect.objectContaining({ recentWindows: 0, finished: false }), found: [] });
    expect(await night()).toEqual({ report: expect.objectContaining({ recentWindows: 60, finished: false }), found: [] });
    expect(await night()).toEqual({ report: expect.objectContaining({ recentWindows: 40, finished: true }), found: [recent, older] });

    // Mended, but not looked at again before its turn.
    await windows(web, 1_000, "push", noon - 840 * hourMs);
    await windows(web, 740, "push", noon - 100 * hourMs);
    expect((await night()).report).toMatchObject({ recentWindows: 400, olderWindows: 400, cleared: 0, finished: false });
    expect((await night()).report).toMatchObject({ cleared: 0 });
    expect(await open()).toEqual([recent, older]);
    expect((await night()).report).toMatchObject({ cleared: 2, finished: true });
    expect(await open()).toEqual([]);
  });

  it("has no window that is neither recent nor older while nights go by", async () => {
    const acme = await world.customer("acme");
    const web = await world.service(acme, noon - 1_000 * hourMs);
    await world.domain(web, "a.shopone.com", noon - 1_000 * hourMs);
    await windows(web, 1_000, "push");
    for (const table of ["usage_snapshots", "usage_pushes"])
      await world.sql(`delete from ${table} where window_start = $1`, [new Date(noon - 830 * hourMs)]);
    for (let days = 0; days < 4; days += 1) {
      await windows(web, 24, "push", noon + (days + 1) * dayMs);
      await wholeNight(nowMs + days * dayMs);
      expect((await open()).map((line) => line.replace(/^[a-z_]+:primary(:older)?: /, ""))).toContainEqual(
        expect.stringMatching(/^1 window, 2026-10-14T22/),
      );
    }
    expect(await open()).toEqual([expect.stringMatching(/^window_missing:primary:older: 1 window/)]);
  });
});

describe("one chunk", () => {
  const shops = async () => {
    const acme = await world.customer("acme");
    const made: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      const web = await world.service(acme, noon - 20 * hourMs, undefined, `web ${index}`);
      await world.domain(web, `h${index}.shopone.com`, noon - 20 * hourMs);
      made.push(web);
    }
    return made;
  };

  it("that takes too long is halved until it does not, and of what can not be checked nothing is said", async () => {
    const [, second] = await shops();
    const asked: number[] = [];
    const slow = (tooSlow: (spans: Parameters<ReconciliationStore["checkWindows"]>[1]) => boolean): ReconciliationStore => ({
      ...store,
      checkWindows: async (fence, spans, check) => {
        asked.push(spans.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / hourMs, 0));
        return tooSlow(spans) ? { status: "too_slow" } : await store.checkWindows(fence, spans, check);
      },
    });
    const halved = await wholeNight(
      nowMs,
      slow((spans) => spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0) > 6 * hourMs),
    );
    expect(halved.found).toHaveLength(3);
    expect(halved.found.every((text) => text.includes("14 windows, 2026-11-17T16:00:00.000Z to 2026-11-18T06:00:00.000Z"))).toBe(true);
    expect(asked[0]).toBe(63);
    await world.sql("update reconciliation_findings set cleared_at = now()");
    const stuck = await wholeNight(
      nowMs,
      slow((spans) => spans.some(({ serviceId, fromMs, toMs }) => serviceId === second && fromMs <= noon && toMs > noon)),
    );
    expect(stuck.report).toMatchObject({ failures: 1, finished: true });
    expect(stuck.found).toHaveLength(2);
  });

  it("that fails leaves the findings of its services alone", async () => {
    await shops();
    expect((await wholeNight()).found).toHaveLength(3);
    const broken = await wholeNight(nowMs, { ...store, checkWindows: () => Promise.reject(new Error("no")) });
    expect(broken.report).toMatchObject({ failures: 1, cleared: 0 });
    expect(await open()).toHaveLength(3);
  });

  it("clears what is no more, and nothing that it does not own", async () => {
    const [first] = await shops();
    const customers = await world.sql<{ id: string }>("select id from customers");
    await world.ingest([fastly([], { "h0.shopone.com": 1, "h1.shopone.com": 1, "h2.shopone.com": 1 })]);
    const note = (rule: string, type: string, id: number) =>
      world.sql(
        `insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at) values ($1, $2, $3, $4, '', '', now(), now())`,
        [customers[0]?.id, rule, type, id],
      );
    await note("host_unreadable:fastly", "domain", 1);
    await note("window_missing:primary", "service", first ?? 0);
    await note("window_missing:primary:older", "service", first ?? 0);
    await note("window_stranger", "usage_snapshot", 1);
    await note("window_stranger", "usage_snapshot", 999_999);
    await note("window_cents", "usage_snapshot", 2);
    await note("invoice_sums", "invoice", 999);
    expect((await wholeNight()).report).toMatchObject({ differences: 0, cleared: 5 });
    expect(await open()).toEqual(["host_unreadable:fastly: ", "invoice_sums: "]);
  });

  it("of a service that was deleted long ago clears what was found of it once", async () => {
    const [first] = await shops();
    await world.removeService(first ?? 0, noon);
    expect((await wholeNight()).found).toHaveLength(3);
    await wholeNight(nowMs + 40 * dayMs);
    await wholeNight(nowMs + 41 * dayMs);
    const rows = await world.sql<{ rule: string }>("select rule from reconciliation_findings where cleared_at is null and object_id = $1", [
      first,
    ]);
    expect(rows).toEqual([{ rule: "window_missing:primary:older" }]);
  });
});

describe("invoices", () => {
  /** So many of one line each, of one customer; of nobody else's concern. */
  const issue = async (customerId: number, count: number) => {
    const web = await world.service(customerId, noon - hourMs, undefined, `bulk ${customerId}`);
    await tamper(`
      insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
        select ${customerId}, i, now() - interval '1 hour', now(), 5, 1, 4, now() from generate_series(1, ${count}) i;
      insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes, rate_cents_per_gb,
          discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
        select id, -id, ${web}, period_start, period_end, 0, 0, 12, 0.5, 0, 0, 5, 1 from invoices where customer_id = ${customerId};
      update customers set next_invoice_number = ${count} + 1 where id = ${customerId}`);
  };

  it("are checked so many lines at a time, and counted over nights", async () => {
    const [acme, none, fox] = [await world.customer("acme"), await world.customer("none"), await world.customer("fox")];
    await issue(acme, 450);
    await issue(fox, 3);
    expect((await night()).report).toMatchObject({ invoices: 200, differences: 0, finished: false });
    expect((await night()).report).toMatchObject({ invoices: 200, differences: 0, finished: false });
    expect((await night()).report).toMatchObject({ invoices: 53, differences: 0, finished: true });
    expect((await wholeNight()).report).toMatchObject({ invoices: 453, differences: 0, finished: true });
    await tamper(`
      delete from invoices where customer_id = ${acme} and number = 7;
      update invoice_line_items set amount_cents = 6 where invoice_id = (select id from invoices where customer_id = ${acme} and number = 300);
      update customers set next_invoice_number = 3 where id = ${none}`);
    const all = ["invoice_numbers: 449 up to 450", "invoice_numbers: none", "invoice_sums: 5 - 1 = 4"];
    const found: string[] = [];
    for (let nights = 1; nights <= 3; nights += 1) found.push(...(await night()).found);
    expect(found.toSorted()).toEqual(all);
    expect(await open()).toEqual(all);
  });

  it("with more lines than one statement takes are checked alone", async () => {
    const [acme, fox] = [await world.customer("acme"), await world.customer("fox")];
    await issue(acme, 2);
    await issue(fox, 1);
    await tamper(`
      insert into invoice_line_items (invoice_id, kind, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes, rate_cents_per_gb,
          discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
        select id, 'adjustment', -1000 - i, 1, period_start, period_end, 0, 0, 12, 0.5, 0, 0, 0, 0 from invoices, generate_series(1, 250) i where number = 2`);
    for (let nights = 1; nights <= 3; nights += 1) {
      expect((await night()).report).toMatchObject({ invoices: 1, differences: 0, finished: nights === 3 });
    }
    await tamper("update invoice_line_items set amount_cents = 1 where id = (select max(id) from invoice_line_items)");
    expect((await wholeNight()).found).toEqual(["invoice_sums: 5 - 1 = 4"]);
  });

  it("that take too long are checked in smaller parts", async () => {
    await issue(await world.customer("acme"), 30);
    const asked: number[] = [];
    const { report } = await wholeNight(nowMs, {
      ...store,
      checkInvoices: async (fence, place, lines, atMs) => {
        asked.push(lines);
        return lines > 100 ? { status: "too_slow" } : await store.checkInvoices(fence, place, lines, atMs);
      },
    });
    expect(report).toMatchObject({ invoices: 30, finished: true });
    expect(asked).toEqual([20_000, 5_000, 1_250, 313, 79]);
  });

  it("are checked with the windows that they bill", async () => {
    const acme = await world.customer("acme");
    await windows(await world.service(acme, noon - 30 * hourMs), 30);
    await world.sql("update usage_snapshots set primary_bytes = 1073741824");
    await bill(database.db, nowMs);
    expect((await wholeNight()).report).toMatchObject({ invoices: 1, recentWindows: 30, differences: 0 });
  });
});
