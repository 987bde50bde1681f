import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createStatusSnapshots } from "../../../../src/adapters/db/publish/status-snapshots.ts";
import { statusPage } from "../../../../src/http/status-page/page.ts";
import { countTrips } from "../../../support/counting-database.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";

let world: TestDatabase;
beforeAll(async () => {
  world = await freshDatabase();
});
afterAll(() => world.close());

it("reads fifty services of ninety days, each with a thousand edges, in one round trip, for a page of less than 60 KiB", async () => {
  await world.sql("insert into customers (name) values ('acme')");
  await world.sql(
    "insert into services (customer_id, name, primary_cdn, backup_cdn) select 1, 's' || i, 'a', 'b' from generate_series(1, 50) i",
  );
  await world.sql(`
    insert into service_states (service_id, started_at, ended_at, state, serving, attribution, outage_at)
    select s.id, t.at, case when n < 1000 then t.at + interval '130 minutes' end, t.state, 'primary', case when t.state = 'down' then 'self' end, case when t.state = 'down' then t.at end
    from services s cross join generate_series(1, 1000) n
    cross join lateral (select now() - (1001 - n) * interval '130 minutes' as at, case when n % 20 = s.id % 20 and n < 1000 then 'down' else 'up' end as state) t`);
  await world.sql(`
    insert into status_pages (customer_id, slug, title, enabled, services)
    select 1, 'acme', 'ACME', true, jsonb_agg(jsonb_build_object('serviceId', id, 'name', 'Service ' || id, 'shown', true)) from services`);
  await world.sql("analyze");
  const { db, count } = countTrips(world.db);
  const page = await createStatusSnapshots(db).page("acme");
  expect([count.trips, page?.services.length, page?.services.every(({ days }) => days.length >= 90)]).toEqual([1, 50, true]);
  if (page === null) throw new Error("no page");
  expect(gzipSync(statusPage({ value: page, failedAtMs: null })).length).toBeLessThan(60 * 1_024);
});
