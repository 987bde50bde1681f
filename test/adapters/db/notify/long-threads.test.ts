import { afterAll, beforeAll, expect, it } from "vitest";
import { createOutbox } from "../../../../src/adapters/db/notify/deliveries.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";
import { explaining } from "../../../support/explain.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  // A year of a subject that somebody changes every few minutes, on each of twenty channels.
  await database.sql(`
    with c as (insert into customers (name) values ('acme') returning id),
    h as (insert into channels (customer_id, name, kind, settings, sealed_secret, confirmed_at)
      select id, 'hook ' || i, 'webhook', '{}', 'x', now() from c, generate_series(1, 20) i returning id),
    n as (insert into notifications (customer_id, kind, subject, facts, occurred_at, expanded_at) select id, 'drift.healed', 'drifts', '{}', now(), now() from c returning id, customer_id)
    insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, state, message, next_at, ended_at)
    select h.id, 'customer:' || n.customer_id || ':drifts', i, 'event', 'drift.healed', 'warning', n.id, n.id, 'sent', '{}', now(), now()
    from h, n, generate_series(1, 3000) i`);
  await database.sql(
    "insert into notifications (customer_id, kind, subject, facts, occurred_at) select id, 'drift.healed', 'drifts', '{}', now() from customers",
  );
  await database.sql("analyze");
});
afterAll(() => database.close());

it("reads how a thread stands without its history, however long that is", async () => {
  const explained = explaining(database.db);
  const { threads } = await createOutbox(explained.db).news(1_000, Date.now());
  expect(threads).toHaveLength(20);
  expect(threads[0]).toMatchObject({ lastSeq: 3_000, open: false, waiting: null, updates: 0, escalated: false });
  expect((await explained.touched('as "lastSeq"')).rows).toBeLessThan(1_000);
});
