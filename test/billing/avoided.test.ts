import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createInvoiceDocumentStore } from "../../src/adapters/db/billing/invoice-documents.ts";
import { downtimeCents } from "../../src/domain/slo/avoided.ts";
import { countTrips } from "../support/counting-database.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { insertStates } from "../support/states.ts";
import type { State } from "../support/states.ts";
import { bill } from "./run.ts";
import { seed, takeLease } from "./worlds.ts";
import type { World, WorldSnapshot, WorldStorm } from "./worlds.ts";

const hourMs = 3_600_000;
const minute = 60_000_000;
const nowMs = Date.parse("2026-03-05T00:00:00Z");
const hour = 60 * minute;
const gib = 2 ** 30;
/** The period of the invoice: the last three hours but one. */
const [start, end] = [(nowMs - 4 * hourMs) * 1_000, (nowMs - hourMs) * 1_000];

let database: TestDatabase;
const databases: TestDatabase[] = [];
beforeEach(async () => {
  database = await freshDatabase();
  databases.push(database);
  await takeLease(database);
});
afterAll(async () => {
  for (const each of databases) await each.close();
});

const windowsOf = (service: number): WorldSnapshot[] =>
  [4, 3, 2].map((ago) => ({
    service,
    windowStart: new Date(nowMs - ago * hourMs).toISOString(),
    windowEnd: new Date(nowMs - (ago - 1) * hourMs).toISOString(),
    primaryBytes: 100 * gib,
    backupBytes: 50 * gib,
  }));

/** Of service 1, from and to in microseconds; null: it is on. */
const storm = (fromUs: number, toUs: number | null, service = 1): WorldStorm => ({
  service,
  state: toUs === null ? "storm" : "ended",
  startedAt: new Date(fromUs / 1_000).toISOString(),
  recoveringSince: null,
  endedAt: toUs === null ? null : new Date(toUs / 1_000).toISOString(),
  factor: "1.5",
});

const avoided = (fromUs: number, toUs: number | null): State => ({ fromUs, toUs, state: "avoided" });

/** Bills a customer with these storms and states of its services, by number. @returns what its invoice says of them, and its money */
const billed = async (world: World, states: readonly (readonly State[])[], price: number | null = 5_000) => {
  const [customerId = 0] = await seed(database, [world]);
  const services = await database.sql<{ id: string }>("select id from services where customer_id = $1 order by name", [customerId]);
  await database.sql("update services set downtime_cents_per_minute = $2 where customer_id = $1", [customerId, price]);
  for (const [nth, own] of states.entries()) await insertStates(database.db, Number(services[nth]?.id), own);
  return { customerId, services: services.map(({ id }) => Number(id)), read: () => bodies(customerId) };
};

const bodies = async (customerId: number) =>
  await database.sql<{ body: { downtime_avoided?: object }; total: string; currency: string; payable: string }>(
    `select d.body, i.total_cents as total, i.currency, d.payable_cents as payable from invoices i join invoice_documents d on d.invoice_id = i.id
     where i.customer_id = $1 order by i.id`,
    [customerId],
  );

const run = (atMs = nowMs) => bill(database.db, atMs, { terms: { rateCentsPerGb: "1", discountRate: "0.5" } });

describe("an invoice", () => {
  it("says what downtime its period was spared, within storms, to the microsecond; shared time once, in how many storms", async () => {
    const { read } = await billed(
      {
        snapshots: [...windowsOf(1), ...windowsOf(2)],
        storms: [
          // Began before the period, ends in it; overlapped by the next one.
          storm(start - hour, start + 30 * minute),
          storm(start + 20 * minute, start + 40 * minute),
          // Ends behind it.
          storm(end - 10 * minute, end + 10 * minute, 2),
          // Spared nothing, is before it, and behind it.
          storm(start + 100 * minute, start + 110 * minute),
          storm(start - 3 * hour, start - 2 * hour),
          storm(end, end + 5 * minute),
        ],
      },
      [
        [avoided(start - 4 * hour, start + 50 * minute), { fromUs: start + 50 * minute, toUs: end, state: "up" }, avoided(end, null)],
        [avoided(end - 30 * minute, end - 5 * minute + 1), { fromUs: end - 5 * minute + 1, toUs: null, state: "self" }],
      ],
    );
    await run();
    const us = 40 * minute + 5 * minute + 1;
    const [invoice, ...others] = await read();
    expect(others).toEqual([]);
    expect(invoice?.body.downtime_avoided).toEqual({ seconds: us / 1_000_000, cents: downtimeCents(us, 5_000), storms: 3 });
  });

  it("costs the same with it as without, in as many round trips", async () => {
    const world = { snapshots: windowsOf(1), storms: [storm(start, start + 30 * minute)] };
    const spared = await billed(world, [[avoided(start, start + hour)]]);
    const counted = countTrips(database.db);
    const terms = { rateCentsPerGb: "1", discountRate: "0.5" };
    await bill(counted.db, nowMs, { terms });
    const trips = counted.count.trips;
    const down = await billed(world, [[{ fromUs: start, toUs: start + hour, state: "self" }]]);
    await bill(counted.db, nowMs, { terms });
    expect(counted.count.trips - trips).toBe(trips);
    const [[one], [other]] = [await spared.read(), await down.read()];
    expect(one?.body.downtime_avoided).toEqual({ seconds: 1_800, cents: 150_000, storms: 1 });
    expect(other?.body).not.toHaveProperty("downtime_avoided");
    expect([one?.total, one?.payable, { ...one?.body, downtime_avoided: undefined }]).toEqual([
      other?.total,
      other?.payable,
      { ...other?.body, downtime_avoided: undefined },
    ]);
  });

  it("says nothing of it where there was none, or nothing was recorded", async () => {
    const { read } = await billed({ snapshots: windowsOf(1), storms: [storm(start, start + hour)] }, []);
    await run();
    expect((await read())[0]?.body).not.toHaveProperty("downtime_avoided");
  });

  it("counts what is on up to the end of its period, and not what nobody judged", async () => {
    const { read } = await billed({ snapshots: windowsOf(1), storms: [storm(start + hour, null)] }, [[avoided(start + hour, null)]], null);
    await database.sql("update leases set judged_at = $1 where name = 'shard:0'", [new Date(nowMs)]);
    await database.sql(
      `insert into leases (name, holder, provider, acquired_at, expires_at, judged_at) values ('shard:0', 'x', 'local', now(), now(), $1)
       on conflict (name) do update set judged_at = excluded.judged_at`,
      [new Date(end / 1_000 - hourMs)],
    );
    await run();
    expect((await read())[0]?.body.downtime_avoided).toEqual({ seconds: 3_600, cents: null, storms: 1 });
  });

  it("has no money of it where the services' price is in another currency than the invoice", async () => {
    const { customerId, read } = await billed({ snapshots: windowsOf(1), storms: [storm(start, start + 2 * hour)] }, [
      [avoided(start, start + 2 * hour)],
    ]);
    // From the second hour on: the first one is billed in dollars, at whose price nobody knows what a minute cost.
    await database.sql(
      "insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values ($1, $2, 1, 0.5, 'EUR')",
      [customerId, new Date(start / 1_000 + hourMs)],
    );
    await run();
    expect((await read()).map(({ currency, body }) => [currency, body.downtime_avoided])).toEqual([
      ["EUR", { seconds: 3_600, cents: 300_000, storms: 1 }],
      ["USD", { seconds: 3_600, cents: null, storms: 1 }],
    ]);
  });

  it("rounds the money of all its services once, halves away from zero", async () => {
    const half = [avoided(start, start + minute / 2)];
    const { read } = await billed(
      {
        snapshots: [...windowsOf(1), ...windowsOf(2), ...windowsOf(3)],
        storms: [1, 2, 3].map((service) => storm(start, start + minute, service)),
      },
      [half, half, half],
      1,
    );
    await run();
    expect((await read())[0]?.body.downtime_avoided).toEqual({ seconds: 90, cents: 2, storms: 3 });
  });

  it("keeps what it said, whatever is stated or deleted afterwards, and is printed with it", async () => {
    const { customerId, read } = await billed({ snapshots: windowsOf(1), storms: [storm(start, start + hour)] }, [
      [avoided(start, start + hour)],
    ]);
    await run();
    const before = await read();
    await database.sql("update services set downtime_cents_per_minute = 1");
    await database.sql("delete from service_states");
    expect(await read()).toEqual(before);
    const [row] = await database.sql<{ id: string }>("select id from invoices where customer_id = $1", [customerId]);
    const printed = await createInvoiceDocumentStore(database.db).printed(
      { customerId, invoiceId: Number(row?.id) },
      { lines: 1, services: 1 },
    );
    expect(printed?.body.downtime_avoided).toEqual({ seconds: 3_600, cents: 300_000, storms: 1 });
  });
});
