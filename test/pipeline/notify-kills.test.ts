import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Channels } from "../../src/adapters/ports/notify/channel.ts";
import type { Outbox } from "../../src/adapters/ports/notify/outbox.ts";
import { deliver } from "../../src/cron/notify/deliver.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createNotifyWorld } from "../support/notify-world.ts";
import { seededRandom } from "../support/random.ts";
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

const never = new Promise<never>(() => undefined);

/** A process that dies at its so-manieth step: before it, or when it has been done and nobody heard so. From then on it does nothing. */
const dyingAt = (step: number, after: boolean) => {
  let steps = 0;
  let dead = false;
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    steps += 1;
    const dies = steps === step;
    if (dead || (dies && !after)) {
      dead = true;
      return await never;
    }
    const value = await work();
    if (dies) dead = true;
    return dead ? await never : value;
  };
  const outbox = (own: Outbox): Outbox =>
    Object.fromEntries(
      Object.entries(own).map(([name, call]) => [
        name,
        (...args: unknown[]) => guard(() => (call as (...all: unknown[]) => Promise<unknown>)(...args)),
      ]),
    ) as unknown as Outbox;
  const channels = (own: Channels): Channels => ({ ...own, send: (...args) => guard(() => own.send(...args)) });
  return { outbox, channels, isDead: () => dead };
};

const customer = async (): Promise<number> =>
  Number((await world.sql<{ id: string }>("insert into customers (name) values ('acme') returning id"))[0]?.id);
let made = 0;
const token = async (customerId: number): Promise<void> => {
  made += 1;
  await world.sql(
    "insert into customer_tokens (customer_id, name, role, token_hash) values ($1, $2, 'viewer', encode(sha256($2::text::bytea), 'hex'))",
    [customerId, `t${made}`],
  );
};

describe("a process that is killed at any step", () => {
  it("loses nothing, and makes no message of another id, a hundred times", async () => {
    const notify = createNotifyWorld(world);
    const customerId = await customer();
    for (const name of ["first", "second"]) await notify.channel({ customerId, name });
    const random = seededRandom(7);
    let kills = 0;
    for (let round = 0; round < 100; round += 1) {
      for (let count = 0; count < 2; count += 1) await token(customerId);
      const death = dyingAt(1 + Math.floor(random() * 12), random() < 0.5);
      const work = deliver(
        { ...notify.deps, outbox: death.outbox(notify.deps.outbox), channels: death.channels(notify.deps.channels) },
        await notify.acquire(),
      );
      let over = false;
      const died = async () => {
        while (!over && !death.isDead()) await new Promise((turn) => setImmediate(turn));
      };
      await world.clock.run(Promise.race([work, died()]));
      over = true;
      if (death.isDead()) kills += 1;
      await world.clock.advance(61_000);
      await notify.deliver();
    }
    expect(kills).toBeGreaterThan(60);
    const stored = await world.sql<{ id: string; channel: string; state: string; attempts: number }>(
      "select 'msg_' || d.id as id, c.name as channel, d.state, d.attempts from deliveries d join channels c on c.id = d.channel_id",
    );
    expect(stored).toHaveLength(400);
    expect(stored.filter(({ state }) => state !== "sent")).toEqual([]);
    expect(new Set(notify.received.map(({ id, to }) => `${id} ${to}`))).toEqual(
      new Set(stored.map(({ id, channel }) => `${id} ${channel}`)),
    );
    // At least once: a message is sent again only where its process died with it.
    expect(notify.received.length - 400).toBeLessThanOrEqual(kills * 6);
    const bodies = Map.groupBy(notify.received, ({ id }) => id);
    for (const copies of bodies.values()) expect(new Set(copies.map(({ message }) => JSON.stringify(message))).size).toBe(1);
  });
});

describe("two providers at once", () => {
  it("each message is recorded once, by who has the lease; who has lost it changes nothing", async () => {
    const notify = createNotifyWorld(world);
    const customerId = await customer();
    await notify.channel({ customerId });
    for (let count = 0; count < 8; count += 1) await token(customerId);
    const gate = Promise.withResolvers<void>();
    let held = 0;
    notify.say("hook", async () => {
      held += 1;
      if (held <= 4) await gate.promise;
      return { status: "sent", detail: "200" };
    });
    const first = deliver(notify.deps, await notify.acquire());
    while (held < 4) await new Promise((turn) => setImmediate(turn));
    // The first provider hangs in the middle of its attempts; the other one takes over once its claims have run out.
    await world.clock.advance(61_000);
    const fence = await notify.acquire();
    await world.clock.run(deliver(notify.deps, fence));
    gate.resolve();
    await world.clock.run(first);
    const rows = await world.sql<{ attempts: number; state: string }>("select attempts, state from deliveries");
    expect(rows).toHaveLength(8);
    expect(rows.every(({ attempts, state }) => attempts === 1 && state === "sent")).toBe(true);
    expect(notify.received).toHaveLength(12);
  });
});
