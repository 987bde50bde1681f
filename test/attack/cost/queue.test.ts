import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createScoringStore } from "../../../src/adapters/db/cost/scoring.ts";
import type { ScoringStore } from "../../../src/adapters/ports/cost/scoring.ts";
import { scoreBatches } from "../../../src/cron/cost/score-batches.ts";
import { scoreCosts } from "../../../src/cron/cost/score.ts";
import type { CostWorld } from "../../support/cost-world.ts";
import { costWorld, hourMs } from "../../support/cost-world.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";

/** Customers with more to be scored than a run can do: it may cost them their own turns, and nobody else anything. */

const nowMs = Date.parse("2026-11-26T12:30:00Z");

let database: TestDatabase;
let world: CostWorld;
beforeEach(async () => {
  database = await freshDatabase();
  world = costWorld(database);
});
afterEach(() => database.close());

/** So many batches of a customer, of an event each. */
const backlog = async (customerId: number, batches: number): Promise<void> => {
  await world.sql(
    `with stored as (
       insert into cost_events (customer_id, event_id, account_id, resource_type, hourly_cost_cents, occurred_at)
       select $1, 'event-' || n, '123456789012', 'ec2:instance', 100, $3 from generate_series(1, $2::int) n returning id)
     insert into cost_batches (customer_id, source, event_ids) select $1, 'push', array[id] from stored`,
    [customerId, batches, new Date(nowMs - hourMs).toISOString()],
  );
};

type Claimed = readonly number[];

/** A run in which every step takes some time, and of whose claims it is kept whose they were. */
const run = async (own: Partial<ScoringStore>, msAStep: number): Promise<{ readonly claims: Claimed[]; readonly report: unknown }> => {
  const store = createScoringStore(database.db);
  const claims: Claimed[] = [];
  let atMs = nowMs;
  const scoring: ScoringStore = {
    ...store,
    claim: async (...args) => {
      const batches = await store.claim(...args);
      claims.push(batches.map(({ customerId }) => customerId));
      atMs += msAStep;
      return batches;
    },
    ...own,
  };
  const report = await scoreCosts({
    scoring,
    clock: { nowMs: () => (own.egressDue === undefined ? atMs : (atMs += msAStep)), sleep: () => Promise.resolve() },
    log: createMemoryLog().log,
  });
  return { claims, report };
};

describe("a customer's only batch", () => {
  it("has its turn with the next claim, however many others came with a backlog before", async () => {
    for (let index = 0; index < 7; index += 1) await backlog(await world.customer(`backlog-${index}`), 40);
    const late = await world.customer("late");
    await backlog(late, 1);
    const { claims } = await run({}, 5_000);
    expect(claims.slice(0, 2).flat()).toContain(late);
    expect(new Set(claims.slice(0, 2).flat()).size).toBe(8);
    // Each comes round again once all others have.
    expect(new Set(claims.slice(2, 4).flat()).size).toBe(7);
  });

  it("is scored while there are more hours of egress than a run can do", async () => {
    const store = createScoringStore(database.db);
    const customerId = await world.customer("acme");
    const service = await world.service(customerId, "endless");
    await backlog(customerId, 1);
    // Hours that never come to an end.
    const egressDue: ScoringStore["egressDue"] = async () => [
      {
        serviceId: service,
        customerId,
        untilMs: nowMs,
        hours: [{ hourMs: nowMs - hourMs, sides: [], isWhole: true, sumCentsPerGb: null, shift: null }],
      },
    ];
    const { report } = await run(
      { egressDue, save: async (batches, saves, odd) => (batches.length === 0 ? true : await store.save(batches, saves, odd)) },
      1_000,
    );
    expect(report).toMatchObject({ events: 1 });
  });
});

describe("a batch", () => {
  const left = async () => await world.sql("select state, tries from cost_batches order by id");
  const count = async () => (await world.sql<{ n: string }>("select event_count as n from cost_series")).map(({ n }) => Number(n));

  it("is gone with what came of it", async () => {
    await backlog(await world.customer("acme"), 3);
    await run({}, 0);
    expect([await left(), await count()]).toEqual([[], [3]]);
  });

  it("whose series somebody else has changed meanwhile is scored anew, and neither is lost or counted twice", async () => {
    await backlog(await world.customer("acme"), 2);
    const store = createScoringStore(database.db);
    const [first, second] = [await store.claim(1, 60_000), await store.claim(1, 60_000)];
    // The series is there already, so that it is its version which tells.
    await world.sql(
      `insert into cost_series (customer_id, kind, account_id, resource_type, unit, memory) select id, 'priced', '123456789012', 'ec2:instance', 'cents', 'null' from customers`,
    );
    const slow: ScoringStore = {
      ...store,
      save: async (...args) => {
        expect(await scoreBatches(store, second, nowMs)).toBe(true);
        return await store.save(...args);
      },
    };
    expect(await scoreBatches(slow, first, nowMs)).toBe(false);
    expect([(await left()).length, await count()]).toEqual([1, [1]]);
    expect(await scoreBatches(store, first, nowMs)).toBe(true);
    expect([await left(), await count()]).toEqual([[], [2]]);
  });
});

describe("a customer whose figures can not be judged", () => {
  it("stops nobody else: neither their egress, nor their calls, nor their events", async () => {
    const customers = await Promise.all(["acme", "globex", "initech", "umbrella", "hooli"].map(async (name) => await world.customer(name)));
    const [poisoned = 0] = customers;
    for (const customerId of customers) {
      const serviceId = await world.service(customerId, `files-${customerId}`);
      await world.usage(serviceId, [[nowMs - 1.5 * hourMs, 1e9, 1e9]]);
      await world.queue(
        [3, 2].map((ago) => ({ customerId, eventId: `call-${customerId}-${ago}`, atMs: nowMs - ago * hourMs, cents: null })),
      );
      await backlog(customerId, 1);
    }
    await world.sql(
      `insert into cost_series (customer_id, kind, account_id, resource_type, service_id, unit, memory)
       select $1::bigint, 'egress', '', 'egress:bytes', id, 'bytes', '{"by":"rarity"}'::jsonb from services where customer_id = $1
       union all select $1::bigint, 'calls', '123456789012', 'rds:instance', null, 'calls', '{"by":"rarity","pending":[{"hourMs":0}],"actors":null}'::jsonb`,
      [poisoned],
    );
    const { report } = await run({}, 0);
    expect(report).toMatchObject({ events: 15, failures: 2 });
    const judged = await world.sql<{ customer_id: string; kind: string }>(
      "select customer_id, kind from cost_series where last_hour is not null group by 1, 2 order by 1, 2",
    );
    const others = customers
      .toSorted((a, b) => a - b)
      .filter((id) => id !== poisoned)
      .flatMap((id) => ["calls", "egress"].map((kind) => ({ customer_id: String(id), kind })));
    expect(judged.filter(({ customer_id: id }) => id !== String(poisoned))).toEqual(others);
    // The next run says so again, and is as short.
    expect((await run({}, 0)).report).toMatchObject({ failures: 2 });
  });
});
