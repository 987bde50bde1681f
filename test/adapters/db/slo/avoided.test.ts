import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { centsOf } from "../../../../src/adapters/db/slo/avoided.ts";
import { createDowntimeAvoidedStore } from "../../../../src/adapters/db/slo/downtime-avoided.ts";
import { createEvidenceStore } from "../../../../src/adapters/db/evidence/evidence.ts";
import { createStormStore } from "../../../../src/adapters/db/detection/storms.ts";
import { downtimeCents } from "../../../../src/domain/slo/avoided.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";
import { explaining } from "../../../support/explain.ts";

let database: TestDatabase;
const now = Date.UTC(2026, 10, 27);
const dayMs = 86_400_000;
const terms = { clock: { nowMs: () => now, sleep: async () => undefined }, currency: "USD" };

/** A service whose state changed every ten minutes for 200 days, every third time to what it avoided, and that had a storm of two hours a day. */
beforeAll(async () => {
  database = await freshDatabase();
  const at = new Date(now);
  await database.sql(
    "with c as (insert into customers (name) values ('acme') returning id) insert into services (customer_id, name, primary_cdn, backup_cdn, downtime_cents_per_minute) select id, 'web', 'a', 'b', 7 from c",
  );
  await database.sql("insert into storm_policies (service_id, kind) values (1, 'http_availability')");
  await database.sql(
    `insert into service_states (service_id, started_at, ended_at, state, serving, avoided)
     select 1, x, x + interval '10 minutes', 'up', case mod(n, 3) when 0 then 'backup' else 'primary' end, mod(n, 3) = 0
     from generate_series(28800, 1, -1) n cross join lateral (select $1::timestamptz - n * interval '10 minutes' as x) t`,
    [at],
  );
  await database.sql(
    `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
     select 1, 1, 1, 'http_availability', 'ended', x, x, x + interval '2 hours', 'recovered', 1.5
     from generate_series(200, 1, -1) n cross join lateral (select $1::timestamptz - n * interval '1 day' as x) t`,
    [at],
  );
  await database.sql("vacuum analyze");
});
afterAll(() => database.close());

test("looks at the states of a storm alone, however old it is and however long the history", async () => {
  const explained = explaining(database.db);
  const store = createStormStore(explained.db, null, terms);
  for (const id of [1, 100, 200]) {
    const storm = await store.get(1, id);
    expect(storm?.downtime).toMatchObject({ avoidedUs: 4 * 600_000_000, downUs: 0, unmeasuredUs: 0, centsPerMinute: 7 });
    expect((await explained.touched("storm_events")).rows).toBeLessThan(500);
  }
  await createEvidenceStore(explained.db, terms).bundle(1, 100);
  expect((await explained.touched("storm_events")).rows).toBeLessThan(500);
});

test("looks, of a month, at the states of its storms alone", async () => {
  const explained = explaining(database.db);
  const store = createDowntimeAvoidedStore(explained.db, terms);
  const june = [now - 180 * dayMs, now - 150 * dayMs] as const;
  expect(await store.between(1, ...june, { limit: 2, afterId: null })).toMatchObject({
    avoidedUs: 30 * 4 * 600_000_000,
    cents: 30 * 40 * 7,
  });
  // Thirty storms of twelve states, each looked at by several steps of the plan.
  expect((await explained.touched("service_states")).rows).toBeLessThan(4_000);
});

test("prices as the domain does, halves away from zero and beyond what binary fractions hold", async () => {
  const cases = [
    [0, 0],
    [29_999_999, 1],
    [30_000_000, 1],
    [30_000_001, 1],
    [90_000_000, 1],
    [1, 1_000_000_000],
    [2_678_400_000_000, 999_999_999],
    // A quotient of numeric would be rounded twice: its fraction is .49999998.
    [59_999_999_999, 999_999_999],
    [34_560_000_000_000, 1_000_000_000],
    [Number.MAX_SAFE_INTEGER, 1_000_000_000],
  ] as const;
  for (const [us, price] of cases) {
    const [row] = await database.db.rows<{ cents: number }>(sql`select ${centsOf(sql`${us}::numeric * ${price}::numeric`)} as cents`);
    expect(row?.cents, `${us} at ${price}`).toBe(downtimeCents(us, price));
  }
  expect(await database.db.rows(sql`select ${centsOf(sql`null::numeric`)} as cents`)).toEqual([{ cents: null }]);
});
