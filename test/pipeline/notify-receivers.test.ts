import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { maxAttempts } from "../../src/domain/notify/retry.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createNotifyWorld } from "../support/notify-world.ts";
import { createWorld } from "../support/round-world.ts";
import type { World } from "../support/round-world.ts";

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(async () => {
  await database.close();
});

const customer = async (name: string): Promise<number> =>
  Number((await world.sql<{ id: string }>("insert into customers (name) values ($1) returning id", [name]))[0]?.id);
/** So many changes of so many subjects, in turn. */
const happen = async (customerId: number, count: number, subjects = count): Promise<void> =>
  void (await world.sql(
    `insert into notifications (customer_id, kind, subject, facts, occurred_at)
     select $1, case when n % 2 = 0 then 'account.failing' else 'account.recovered' end, 'account:' || (n / 2) % $3, '{}', now() from generate_series(0, $2 - 1) n order by n`,
    [customerId, count, subjects],
  ));

describe("receivers", () => {
  it("that are slow and fail now and then get each message once, those of a thread in order", async () => {
    const notify = createNotifyWorld(world);
    const customerId = await customer("acme");
    await notify.channel({ customerId });
    await happen(customerId, 600, 20);
    let answered = 0;
    notify.say("hook", async () => {
      answered += 1;
      const fails = answered % 20 === 0;
      await world.clock.sleep(1_000);
      return fails ? { status: "failed", detail: "500", retryAfterMs: null } : { status: "sent", detail: "200" };
    });
    for (let run = 0; run < 40; run += 1) {
      await notify.deliver();
      const [left] = await world.sql<{ n: number }>("select count(*)::int as n from deliveries where state = 'pending'");
      if (left?.n === 0) break;
      await world.clock.advance(60_000);
    }
    expect(await world.sql("select state, count(*)::int as n from deliveries group by 1")).toEqual([{ state: "sent", n: 600 }]);
    const rows = await world.sql<{ id: string; thread: string; seq: number }>("select 'msg_' || id as id, thread, seq from deliveries");
    const seqOf = new Map(rows.map(({ id, thread, seq }) => [id, { thread, seq }]));
    const seen = new Map<string, number>();
    for (const { id } of notify.received) {
      const { thread = "", seq = 0 } = seqOf.get(id) ?? {};
      expect(seq - (seen.get(thread) ?? 0), `${thread} ${seq}`).toBeLessThanOrEqual(1);
      seen.set(thread, Math.max(seen.get(thread) ?? 0, seq));
    }
  });

  it("that hang hold up nobody else's messages", async () => {
    const notify = createNotifyWorld(world);
    const [hostile, other] = [await customer("hostile"), await customer("other")];
    for (let index = 0; index < 20; index += 1) {
      await notify.channel({ customerId: hostile, name: `hangs-${index}` });
      notify.say(`hangs-${index}`, async () => {
        await world.clock.sleep(10_000);
        return { status: "failed", detail: "no answer", retryAfterMs: null };
      });
    }
    await notify.channel({ customerId: other, name: "good" });
    await happen(hostile, 40);
    await happen(other, 4);
    const startedAtMs = world.clock.nowMs();
    await notify.deliver();
    const good = notify.received.filter(({ to }) => to === "good");
    expect(good).toHaveLength(4);
    expect(Math.max(...good.map(({ atMs }) => atMs)) - startedAtMs).toBeLessThan(3_000);
  });

  it("that never answer are told of elsewhere, and given up after a day", async () => {
    const notify = createNotifyWorld(world);
    const customerId = await customer("acme");
    await notify.channel({ customerId, name: "dead" });
    await notify.channel({ customerId, name: "alive", kinds: ["channel.failing", "delivery.dead"] });
    await notify.channel({ name: "operator", kinds: ["delivery.dead"] });
    notify.say("dead", { status: "failed", detail: "503", retryAfterMs: null });
    await happen(customerId, 1);
    const startedAtMs = world.clock.nowMs();
    for (let run = 0; run < 200 && notify.told("operator").length === 0; run += 1) {
      await notify.deliver();
      await world.clock.advance(600_000);
    }
    expect(notify.told("alive")).toEqual([
      "trigger channel.failing Messages do not arrive at dead",
      "update delivery.dead A message to dead was given up",
    ]);
    expect(notify.told("operator")).toEqual(["event delivery.dead A message to dead was given up"]);
    expect(
      await world.sql(
        "select attempts from deliveries d join channels c on c.id = d.channel_id where c.name = 'dead' and d.kind = 'account.failing'",
      ),
    ).toEqual([{ attempts: maxAttempts }]);
    expect((world.clock.nowMs() - startedAtMs) / 3_600_000).toBeGreaterThan(20);
  });

  it("that want no more are sent no more, and deleted ones neither", async () => {
    const notify = createNotifyWorld(world);
    const customerId = await customer("acme");
    const [gone, deleted] = [await notify.channel({ customerId, name: "gone" }), await notify.channel({ customerId, name: "deleted" })];
    notify.say("gone", { status: "gone", detail: "410" });
    await happen(customerId, 6, 1);
    await world.sql("update channels set failures = 1 where id = any($1)", [[gone, deleted]]);
    notify.say("deleted", async () => {
      await world.sql("update channels set deleted_at = now(), sealed_secret = '' where id = $1", [deleted]);
      return { status: "sent", detail: "200" };
    });
    await notify.deliver();
    await notify.deliver();
    expect([notify.told("gone").length, notify.told("deleted").length]).toEqual([1, 1]);
    expect(await world.sql("select disabled_reason from channels where id = $1", [gone])).toEqual([{ disabled_reason: "gone" }]);
    expect(await world.sql("select count(*)::int as n from deliveries where state = 'pending'")).toEqual([{ n: 0 }]);
  });
});
