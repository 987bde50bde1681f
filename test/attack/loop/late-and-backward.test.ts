import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** Rows of the outbox that become visible in another order than they were numbered, and providers whose clocks differ. */

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(() => database.close());

const customer = async (): Promise<number> =>
  Number((await world.sql<{ id: string }>("insert into customers (name) values ('acme') returning id"))[0]?.id);

describe("a change that was numbered first and becomes visible later", () => {
  it("is told together with the one that overtook it", async () => {
    const { sql, clock } = world;
    const customerId = await customer();
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId });
    const drift = (id: number, domain: string) =>
      sql(
        `insert into notifications (id, customer_id, kind, subject, facts, occurred_at) overriding system value
         values ($1, $2, 'drift.healed', 'drifts', $3, now())`,
        [id, customerId, JSON.stringify({ domain })],
      );
    await drift(1_001, "first.example.com");
    await notify.deliver();
    expect(notify.told()).toHaveLength(1);
    // Two shards heal at once; the transaction of the one that was numbered first takes longer.
    await drift(1_003, "third.example.com");
    await notify.deliver();
    await drift(1_002, "second.example.com");
    await notify.deliver();
    await clock.advance(120_000);
    await notify.deliver();
    expect(notify.told().slice(1)).toEqual(["event drift.healed Weights of 2 domains were changed by somebody else, and set back"]);
    expect(await sql("select state, count(*)::int from deliveries group by 1")).toEqual([{ state: "sent", count: 2 }]);
  });
});

describe("a provider whose clock is behind", () => {
  it("opens no incident again where there is an open one of the same CDN", async () => {
    const { sql, clock } = world;
    const customerId = await customer();
    const { serviceId } = await world.seed();
    await sql("update services set customer_id = $1 where id = $2", [customerId, serviceId]);
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId });
    const at = (ms: number) => new Date(clock.nowMs() + ms).toISOString();
    // By the clock of the other provider, 40 s ahead: one ended, and after more than a minute the next began.
    await sql(
      `insert into incidents (id, customer_id, cdn, kind, started_at, last_edge_at, ended_at) overriding system value values
       (901, $1, 'cdn-a', 'storm', $2, $3, null), (900, $1, 'cdn-a', 'storm', $4, $5, $5)`,
      [customerId, at(30_000), at(30_000), at(-300_000), at(-31_000)],
    );
    const [storm] = await sql<{ id: string }>(
      `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
       select $1, p.id, 1, p.kind, 'storm', now(), now(), 1.5 from storm_policies p where p.service_id = $1 limit 1 returning id`,
      [serviceId],
    );
    expect(storm).toBeDefined();
    await notify.deliver();
    expect(notify.told().map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(["trigger storm.started"]);
    expect(await sql("select id::int as id from incidents where ended_at is null and customer_id is not null")).toEqual([{ id: 901 }]);
  });
});
