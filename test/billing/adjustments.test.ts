import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBillingStore } from "../../src/adapters/db/billing/billing.ts";
import { createIngestStore } from "../../src/adapters/db/metering/ingest.ts";
import { createInvoiceStore } from "../../src/adapters/db/billing/invoices.ts";
import { createUsageStore } from "../../src/adapters/db/metering/usage-store.ts";
import type { BillingStore } from "../../src/adapters/ports/billing/billing.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { wholeWindow } from "../support/usage.ts";
import { bill } from "./run.ts";
import { addSnapshots, billingFence, seed, takeLease } from "./worlds.ts";
import type { World, WorldStorm } from "./worlds.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-03-05T00:00:00Z");
const gb = 2 ** 30;
const iso = (ms: number): string => new Date(ms).toISOString();

let database: TestDatabase;

beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterEach(() => database.close());

/** Hours that ended so many hours before now: 100 GB on each side, 2400 cents. */
const hours = (...ago: number[]): World["snapshots"] =>
  ago.map((count) => ({
    service: 1,
    windowStart: iso(nowMs - (count + 1) * hourMs),
    windowEnd: iso(nowMs - count * hourMs),
    primaryBytes: 100 * gb,
    backupBytes: 100 * gb,
  }));

const ended = (from: number, to: number, factor = "1"): WorldStorm => ({
  service: 1,
  state: "ended",
  startedAt: iso(from),
  recoveringSince: null,
  endedAt: iso(to),
  factor,
});

const seedOne = async (world: World) => {
  const [customerId = 0] = await seed(database, [world]);
  const [service] = await database.sql<{ id: string }>("select id from services where customer_id = $1", [customerId]);
  return { customerId, serviceId: Number(service?.id) };
};

type Line = [number: number, kind: string, primaryGb: number, backupGb: number, amount: number, discount: number];

/** Every line of the customer, in the order of its invoices. */
const lines = async (customerId: number): Promise<Line[]> => {
  const rows = await database.sql<Record<"number" | "kind" | "p" | "b" | "amount_cents" | "discount_cents", string>>(
    `select i.number, l.kind, l.primary_bytes / 1073741824 as p, l.backup_bytes / 1073741824 as b, l.amount_cents, l.discount_cents
     from invoice_line_items l join invoices i on i.id = l.invoice_id where i.customer_id = $1 order by l.id`,
    [customerId],
  );
  return rows.map((row) => [
    Number(row.number),
    row.kind,
    Number(row.p),
    Number(row.b),
    Number(row.amount_cents),
    Number(row.discount_cents),
  ]);
};

const change = { actor: "test", requestId: "r", idempotency: null };

/** A push of one hour's gigabytes, as the API does it. */
const push = (customerId: number, serviceId: number, ago: number, bytes: { primary?: number; backup?: number }) =>
  createUsageStore(database.db).push(
    customerId,
    serviceId,
    [
      {
        windowStartMs: nowMs - (ago + 1) * hourMs,
        windowEndMs: nowMs - ago * hourMs,
        primaryBytes: bytes.primary === undefined ? undefined : bytes.primary * gb,
        backupBytes: bytes.backup === undefined ? undefined : bytes.backup * gb,
      },
    ],
    { measuredCdns: [], mayOverride: true },
    change,
  );

const causes = async (): Promise<number> =>
  Number((await database.sql<{ n: string }>("select count(*) as n from adjustment_causes"))[0]?.n);

describe("usage that is corrected after it was billed", () => {
  it("is told of: each invoice, and what of it adjusts earlier ones", async () => {
    const { customerId, serviceId } = await seedOne({ snapshots: hours(2, 1), storms: [] });
    await bill(database.db, nowMs);
    await push(customerId, serviceId, 2, { primary: 200 });
    await bill(database.db, nowMs + hourMs);
    const told = await database.sql<{ kind: string; facts: Record<string, unknown> }>(
      "select kind, facts from notifications where kind like 'invoice.%' order by id",
    );
    expect(
      told.map(({ kind, facts }) => [kind, facts["number"], facts["totalCents"] ?? facts["differenceCents"], facts["lines"] ?? null]),
    ).toEqual([
      ["invoice.issued", 1, 4_800, null],
      ["invoice.issued", 2, 1_200, null],
      ["invoice.adjusted", 2, 1_200, 1],
    ]);
  });

  it("with more bytes: the difference, on the next invoice, once", async () => {
    const { customerId, serviceId } = await seedOne({ snapshots: hours(2, 1), storms: [] });
    await bill(database.db, nowMs);
    const [shown] = (await push(customerId, serviceId, 1, { backup: 150 })) ?? [];
    expect(shown).toMatchObject({ primaryBytes: 100 * gb, backupBytes: 150 * gb, backupSource: "push", correctedAtMs: expect.any(Number) });
    expect(await bill(database.db, nowMs + hourMs)).toMatchObject({ customers: 1, invoices: 1, lines: 1 });
    expect(await bill(database.db, nowMs + hourMs)).toMatchObject({ customers: 0, invoices: 0, lines: 0 });
    expect(await lines(customerId)).toEqual([
      [1, "usage", 100, 100, 2400, 0],
      [1, "usage", 100, 100, 2400, 0],
      [2, "adjustment", 0, 50, 600, 0],
    ]);
    const invoices = await createInvoiceStore(database.db).list(customerId, { limit: 10, afterId: null });
    expect(invoices.map(({ number, totalCents }) => [number, totalCents])).toEqual([
      [1, 4800],
      [2, 600],
    ]);
    expect(invoices[1]).toMatchObject({ periodStartMs: nowMs - 2 * hourMs, periodEndMs: nowMs - hourMs });
  });

  it("with fewer bytes: a negative difference, discount included, beside the usage of that invoice", async () => {
    const storm = ended(nowMs - 2 * hourMs, nowMs - 1.5 * hourMs);
    const { customerId, serviceId } = await seedOne({ snapshots: hours(1), storms: [storm] });
    await bill(database.db, nowMs);
    await push(customerId, serviceId, 1, { primary: 30, backup: 40 });
    await addSnapshots(
      database,
      [customerId],
      hours(0).map((snapshot) => ({ world: 0, ...snapshot })),
    );
    await bill(database.db, nowMs);
    expect(await lines(customerId)).toEqual([
      [1, "usage", 100, 100, 2400, 300],
      [2, "adjustment", -70, -60, -1560, -180],
      [2, "usage", 100, 100, 2400, 0],
    ]);
  });

  it("again and again: each adjustment starts from all that was issued before, and many corrections make one", async () => {
    const { customerId, serviceId } = await seedOne({ snapshots: hours(1), storms: [] });
    await bill(database.db, nowMs);
    for (const backup of [10, 500, 300]) await push(customerId, serviceId, 1, { backup });
    await bill(database.db, nowMs);
    await push(customerId, serviceId, 1, { backup: 100 });
    await bill(database.db, nowMs);
    await push(customerId, serviceId, 1, { primary: 101 });
    await push(customerId, serviceId, 1, { primary: 100 });
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 0, lines: 0 });
    expect(await lines(customerId)).toEqual([
      [1, "usage", 100, 100, 2400, 0],
      [2, "adjustment", 0, 200, 2400, 0],
      [3, "adjustment", 0, -200, -2400, 0],
    ]);
    expect(await causes()).toBe(0);
  });

  it("by a byte that costs nothing: it makes no invoice, keeps nobody busy, and is on the next one all the same", async () => {
    const { customerId, serviceId } = await seedOne({ snapshots: hours(1), storms: [] });
    await bill(database.db, nowMs);
    await push(customerId, serviceId, 1, { backup: 100 + 1 / gb });
    expect(await bill(database.db, nowMs)).toMatchObject({ customers: 1, invoices: 0 });
    expect(await bill(database.db, nowMs)).toMatchObject({ customers: 0, invoices: 0 });
    expect(await causes()).toBe(1);
    await addSnapshots(
      database,
      [customerId],
      hours(0).map((snapshot) => ({ world: 0, ...snapshot })),
    );
    expect(await bill(database.db, nowMs)).toMatchObject({ customers: 1, invoices: 1, lines: 2 });
    const rows = await database.sql("select backup_bytes, amount_cents from invoice_line_items where kind = 'adjustment'");
    expect(rows).toEqual([{ backup_bytes: "1", amount_cents: "0" }]);
    expect(await causes()).toBe(0);
  });

  it("as the CDN's own late data does it", async () => {
    const { customerId, serviceId } = await seedOne({ snapshots: hours(1), storms: [] });
    await bill(database.db, nowMs);
    await database.sql("update services set created_at = '2026-01-01'");
    await database.sql("update settings set usage_window_seconds = 3600");
    const [domain] = await database.sql<{ id: string }>(
      `insert into service_domains (service_id, customer_id, name, challenge_token, created_at, verified_at)
       values ($1, $2, 'app.example.test', 'token', '2026-01-01', '2026-01-01') returning id`,
      [serviceId, customerId],
    );
    const usage = wholeWindow({
      serviceId,
      domainId: Number(domain?.id),
      cdn: "cloudflare",
      startMs: nowMs - 2 * hourMs,
      windowMs: hourMs,
      bytes: 110 * gb,
    });
    expect(await createIngestStore(database.db).save(billingFence, usage)).toEqual({ stored: 0, corrected: 1 });
    await bill(database.db, nowMs);
    expect((await lines(customerId)).at(-1)).toEqual([2, "adjustment", 10, 0, 120, 0]);
  });

  it("under new terms: at those that are frozen onto its line", async () => {
    const { customerId, serviceId } = await seedOne({ snapshots: hours(1), storms: [] });
    await bill(database.db, nowMs);
    await database.sql(
      "insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values ($1, '2020-01-01', 99, 1, 'EUR')",
      [customerId],
    );
    await push(customerId, serviceId, 1, { backup: 200 });
    await bill(database.db, nowMs, { terms: { rateCentsPerGb: "77", discountRate: "0" } });
    expect((await lines(customerId)).at(-1)).toEqual([2, "adjustment", 0, 100, 1200, 0]);
  });

  it("is spread over several invoices where it is too much for one statement", async () => {
    const { customerId, serviceId } = await seedOne({ snapshots: hours(5, 4, 3, 2, 1), storms: [] });
    await bill(database.db, nowMs);
    for (const ago of [5, 4, 3, 2, 1]) await push(customerId, serviceId, ago, { primary: 101 });
    const store = createBillingStore(database.db);
    const twoAtMost: BillingStore = { ...store, issue: (chunk) => store.issue({ ...chunk, maxWindows: 2 }) };
    expect(await bill(database.db, nowMs, { store: twoAtMost })).toMatchObject({ invoices: 3, lines: 5 });
    expect((await lines(customerId)).slice(5).map(([number]) => number)).toEqual([2, 2, 3, 3, 4]);
    expect(await causes()).toBe(0);
  });
});

describe("storms that change after their windows were billed", () => {
  const storm = (text: string) => database.sql(`update storm_events set ${text}`);
  const start = nowMs - 2 * hourMs;
  const minutes = (count: number) => start + count * 60_000;

  const seedStorm = async (over: Partial<WorldStorm>) => {
    const one = await seedOne({ snapshots: hours(1, 0), storms: [{ ...ended(start, minutes(30)), ...over }] });
    await bill(database.db, nowMs);
    return one;
  };

  it("ended later: more discount in every window it now covers", async () => {
    const { customerId } = await seedStorm({});
    await storm(`ended_at = '${iso(minutes(75))}'`);
    await bill(database.db, nowMs);
    expect(await lines(customerId)).toEqual([
      [1, "usage", 100, 100, 2400, 300],
      [1, "usage", 100, 100, 2400, 0],
      [2, "adjustment", 0, 0, 0, 300],
      [2, "adjustment", 0, 0, 0, 150],
    ]);
    expect(await bill(database.db, nowMs)).toMatchObject({ invoices: 0 });
  });

  it("ended earlier, or never was: the discount is taken back", async () => {
    const { customerId } = await seedStorm({});
    await storm(`ended_at = '${iso(minutes(10))}'`);
    await bill(database.db, nowMs);
    await storm(`started_at = '${iso(minutes(10))}'`);
    await bill(database.db, nowMs);
    expect((await lines(customerId)).slice(2)).toEqual([
      [2, "adjustment", 0, 0, 0, -200],
      [3, "adjustment", 0, 0, 0, -100],
    ]);
  });

  it("began earlier than assumed, or with a greater factor", async () => {
    const { customerId } = await seedStorm({ startedAt: iso(minutes(20)) });
    await storm(`started_at = '${iso(minutes(0))}'`);
    await bill(database.db, nowMs);
    await storm("max_coverage_factor = 1.5");
    await bill(database.db, nowMs);
    expect((await lines(customerId)).slice(2)).toEqual([
      [2, "adjustment", 0, 0, 0, 200],
      [3, "adjustment", 0, 0, 0, 150],
    ]);
  });

  it("was open, then recovered in time that was billed as storm, and relapsed", async () => {
    const { customerId } = await seedStorm({ state: "storm", endedAt: null });
    await storm(`state = 'recovering', recovering_since = '${iso(minutes(90))}'`);
    await bill(database.db, nowMs);
    await storm("state = 'storm', recovering_since = null");
    await bill(database.db, nowMs);
    await storm(`state = 'ended', ended_at = '${iso(minutes(30))}', ended_reason = 'no_evidence'`);
    await bill(database.db, nowMs);
    expect(await lines(customerId)).toEqual([
      [1, "usage", 100, 100, 2400, 600],
      [1, "usage", 100, 100, 2400, 600],
      [2, "adjustment", 0, 0, 0, -300],
      [3, "adjustment", 0, 0, 0, 300],
      [4, "adjustment", 0, 0, 0, -300],
      [4, "adjustment", 0, 0, 0, -600],
    ]);
  });

  it("is recorded only afterwards", async () => {
    const { customerId } = await seedStorm({});
    await database.sql(
      `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
       select service_id, policy_id, 1, kind, 'ended', $1, $1, $2, 'recovered', 1 from storm_events`,
      [iso(minutes(45)), iso(minutes(60))],
    );
    await bill(database.db, nowMs);
    expect((await lines(customerId)).slice(2)).toEqual([[2, "adjustment", 0, 0, 0, 150]]);
  });

  it("whose credit is not earned takes nothing off, until it is, and not any more once it is refused", async () => {
    const { customerId } = await seedStorm({});
    for (const credit of ["pending", "earned", "refused"]) {
      await storm(`credit = '${credit}'`);
      await bill(database.db, nowMs);
    }
    expect((await lines(customerId)).slice(2)).toEqual([
      [2, "adjustment", 0, 0, 0, -300],
      [3, "adjustment", 0, 0, 0, 300],
      [4, "adjustment", 0, 0, 0, -300],
    ]);
  });

  it("changes nothing that is not money: no line, and no invoice", async () => {
    const { customerId } = await seedStorm({});
    await storm("relapses = relapses + 1, detected_at = now()");
    expect(await causes()).toBe(0);
    await storm(`ended_at = '${iso(minutes(75))}'`);
    await storm(`ended_at = '${iso(minutes(30))}'`);
    expect(await causes()).toBe(2);
    expect(await bill(database.db, nowMs)).toMatchObject({ customers: 1, invoices: 0, lines: 0 });
    expect([await causes(), (await lines(customerId)).length]).toEqual([0, 2]);
  });

  it("while a run is under way: the next run adjusts", async () => {
    const { customerId } = await seedOne({ snapshots: hours(1, 0), storms: [ended(start, minutes(30))] });
    const store = createBillingStore(database.db);
    // The change commits after the statement has read the storms, and before its transaction ends: simulated by a note
    // that is there only after the run.
    await bill(database.db, nowMs, {
      store: {
        ...store,
        issue: async (chunk) => {
          const result = await store.issue(chunk);
          await storm(`ended_at = '${iso(minutes(60))}'`);
          return result;
        },
      },
    });
    expect(await causes()).toBe(1);
    await bill(database.db, nowMs);
    expect((await lines(customerId)).slice(2)).toEqual([[2, "adjustment", 0, 0, 0, 300]]);
  });
});

describe("what is left of a line", () => {
  it("keeps the storms by which it was computed, cut to its window, and they do not change any more", async () => {
    const start = nowMs - 3 * hourMs;
    await seedOne({ snapshots: hours(1), storms: [ended(start, nowMs - 1.5 * hourMs, "1.5")] });
    await bill(database.db, nowMs);
    await database.sql("update storm_events set ended_at = ended_at - interval '10 minutes'");
    await bill(database.db, nowMs);
    const rows = await database.sql("select from_at, to_at, max_coverage_factor from invoice_line_storms order by line_id");
    const from = new Date(nowMs - 2 * hourMs);
    expect(rows).toEqual([
      { from_at: from, to_at: new Date(nowMs - 1.5 * hourMs), max_coverage_factor: "1.5" },
      { from_at: from, to_at: new Date(nowMs - 1.5 * hourMs - 600_000), max_coverage_factor: "1.5" },
    ]);
    for (const statement of [
      "update invoice_line_storms set to_at = now()",
      "delete from invoice_line_storms",
      "truncate invoice_line_storms",
    ]) {
      await expect(database.sql(statement)).rejects.toMatchObject({ code: "23001" });
    }
  });
});
