import { afterAll, beforeAll, expect, it } from "vitest";
import { createOutbox } from "../../../src/adapters/db/notify/deliveries.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { explaining } from "../../support/explain.ts";

/** News of many customers in one batch: how long nobody is told of anything must not grow with customers times channels. */

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await database.sql("insert into customers (name) select 'customer ' || i from generate_series(1, 200) i");
  await database.sql(`
    insert into channels (customer_id, name, kind, settings, sealed_secret, confirmed_at)
    select id, 'hook ' || i, 'webhook', '{}'::jsonb, 'x', now() from customers, generate_series(1, 2) i
    union all select null, 'operator', 'webhook', '{}', 'x', now()`);
  await database.sql(`
    insert into notifications (customer_id, kind, subject, facts, occurred_at)
    select id, 'token.created', 'token:' || i, '{}', now() from customers, generate_series(1, 2) i`);
  await database.sql("analyze");
});
afterAll(() => database.close());

it("reads threads for the channels that are told of them, not for those of everybody", async () => {
  const explained = explaining(database.db);
  const { channels, notifications } = await createOutbox(explained.db).news(1_000, Date.now());
  expect([channels.length, notifications.length]).toEqual([401, 400]);
  // 400 threads on 2 channels of their own and 1 of the operator's; 160,000 where every channel was looked at for each.
  expect((await explained.touched('as "lastSeq"')).rows).toBeLessThan(20_000);
});
