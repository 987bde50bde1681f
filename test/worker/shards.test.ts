import { env, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { sql } from "drizzle-orm";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { connect } from "../../src/adapters/db/platform/client.ts";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import { createDurableShards } from "../../src/adapters/providers/durable-shards.ts";
import worker, { ShardObject } from "../../src/index.ts";
import { freshEnv } from "../support/worker-env.ts";

const intervalMs = 500;

let db: Database;
let vars: Record<string, string>;

const stubOf = (index: number) => env.SHARDS.get(env.SHARDS.idFromName(`shard-${index}`));

/** The objects have an environment of their own, which holds no database of a test; what is built is built from it once. */
const configure = (index: number) => runInDurableObject(stubOf(index), (instance) => void Object.assign(instance.env, vars));

const setShards = (count: number) => db.rows(sql`update settings set shards = ${count}`);
const arm = (index: number, count: number) => createDurableShards(env.SHARDS).dispatch({ index, count }, Date.now());
const alarmOf = (index: number) => runInDurableObject(stubOf(index), (_, { storage }) => storage.getAlarm());
const isOn = async (index: number) => (await runInDurableObject(stubOf(index), (_, { storage }) => storage.get("armed"))) !== undefined;

/** How many rounds have probed which service. */
const roundsOf = async (): Promise<Record<number, number>> => {
  const rows = await db.rows<{ id: number; rounds: number }>(sql`
    select v.id, count(distinct s.round_at) as rounds from services v left join probe_samples s on s.service_id = v.id group by 1`);
  return Object.fromEntries(rows.map(({ id, rounds }) => [id, rounds]));
};

// As long as a busy machine may take: what is waited for is looked at all the while.
const soon = { timeout: 120_000, interval: 100 };

beforeAll(async () => {
  for (const level of ["log", "warn"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  vars = await freshEnv({ PROBE_INTERVAL: `${intervalMs}ms` });
  db = connect(vars["DATABASE_URL"] ?? "", vars["NEON_FETCH_ENDPOINT"] ?? null);
  await db.rows(sql`
    with c as (insert into customers (name) values ('acme') returning id),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select c.id, 'web ' || n, 'a', 'b' from c, generate_series(1, 6) n returning *)
    insert into service_domains (service_id, customer_id, name, primary_target, expect_status, challenge_token)
    select id, customer_id, 'host-' || id || '.test', ${new URL(vars["NEON_FETCH_ENDPOINT"] ?? "").origin}, '200-499', 't' from s`);
  for (let index = 0; index < 4; index += 1) await configure(index);
});

beforeEach(async () => {
  for (let index = 0; index < 4; index += 1) {
    await runInDurableObject(stubOf(index), async (_, { storage }) => {
      await storage.deleteAll();
      await storage.deleteAlarm();
    });
  }
  await setShards(3);
});

describe("shards as Durable Objects", () => {
  it("run their rounds by alarm, slot by slot, each its own services", async () => {
    await Promise.all([0, 1, 2].map((index) => arm(index, 3)));
    await vi.waitFor(async () => expect(Math.min(...Object.values(await roundsOf()))).toBeGreaterThanOrEqual(4), soon);
    const slots = await db.rows<{ off: number }>(
      sql`select distinct (extract(epoch from round_at) * 1000)::bigint % ${intervalMs} as off from probe_samples`,
    );
    expect(slots, "slots do not drift").toEqual([{ off: 0 }]);
    const leases = await db.rows<{ name: string; epoch: number; holder: string }>(
      sql`select name, epoch, holder from leases where name like 'shard:%' order by name`,
    );
    expect(
      leases.map(({ name, epoch }) => [name, epoch]),
      "taken once, kept from round to round",
    ).toEqual([
      ["shard:0", 1],
      ["shard:1", 1],
      ["shard:2", 1],
    ]);
    expect(new Set(leases.map(({ holder }) => holder)).size).toBe(3);
  });

  it("are kept going by the cron trigger of the Worker", async () => {
    await worker.scheduled({ cron: "* * * * *", scheduledTime: Date.now() }, { ...vars, SHARDS: env.SHARDS });
    for (const index of [0, 1, 2]) expect(await isOn(index)).toBe(true);
    expect(await isOn(3)).toBe(false);
  });

  it("do nothing twice in a slot, whoever rings", async () => {
    await arm(1, 3);
    await vi.waitFor(async () => expect((await roundsOf())[1]).toBeGreaterThanOrEqual(1), soon);
    const rounds = async () =>
      (await db.rows<{ n: number }>(sql`select coalesce(sum(value), 0)::int as n from counters where name = 'rounds'`))[0]?.n;
    const before = await rounds();
    await Promise.all(Array.from({ length: 5 }, () => runInDurableObject(stubOf(1), (instance) => instance.alarm())));
    expect(await rounds()).toBe(before);
    const doubled = await db.rows(sql`
      select domain_id, path, round_at from probe_samples where attempt = 0 group by 1, 2, 3, vantage having count(*) > 1`);
    expect(doubled).toEqual([]);
  });

  it("go on after they were thrown out of memory, with their own lease", async () => {
    await arm(2, 3);
    await vi.waitFor(async () => expect((await roundsOf())[2]).toBeGreaterThanOrEqual(1), soon);
    // A new instance over the same storage is what a restart leaves behind.
    await runInDurableObject(stubOf(2), (_, { storage }) => storage.deleteAlarm());
    const before = (await roundsOf())[2] ?? 0;
    await vi.waitFor(
      () =>
        runInDurableObject(stubOf(2), async (_, state) => {
          await new ShardObject(state, { ...vars }).alarm();
          expect((await roundsOf())[2]).toBeGreaterThan(before);
        }),
      soon,
    );
    const epochs = await db.rows<{ epoch: number }>(sql`select epoch from leases where name = 'shard:2' and expires_at > now()`);
    expect(epochs[0]?.epoch).toBeGreaterThan(1);
  });

  it("stop when there are fewer of them, and all of them when there is one, which cron runs itself", async () => {
    await Promise.all([0, 1, 2].map((index) => arm(index, 3)));
    await vi.waitFor(async () => expect(Math.min(...Object.values(await roundsOf()))).toBeGreaterThanOrEqual(1), soon);
    await setShards(2);
    await vi.waitFor(async () => expect(await isOn(2)).toBe(false), soon);
    expect(await alarmOf(2)).toBeNull();
    // Service 5 was shard 2's; the others have learnt of the new number by themselves.
    const before = await roundsOf();
    await vi.waitFor(async () => {
      const now = await roundsOf();
      for (const id of [1, 2, 3, 4, 5, 6]) expect(now[id]).toBeGreaterThan(before[id] ?? 0);
    }, soon);
    await setShards(1);
    await vi.waitFor(async () => expect(await Promise.all([0, 1].map(isOn))).toEqual([false, false]), soon);
  });

  it("that are armed while they are busy stay awake, whatever became of their alarm", async () => {
    await arm(0, 3);
    await runInDurableObject(stubOf(0), async (instance, { storage }) => {
      await storage.deleteAlarm();
      const round = instance.alarm();
      await vi.waitFor(async () => expect(await storage.getAlarm()).not.toBeNull(), { ...soon, interval: 1 });
      await storage.deleteAlarm();
      await instance.arm({ index: 0, count: 3 });
      await round;
      expect(await storage.getAlarm()).not.toBeNull();
    });
  });

  it("stop when nobody has armed them for a while", async () => {
    await arm(0, 3);
    await runInDurableObject(stubOf(0), (_, { storage }) => storage.put("armed", { index: 0, count: 3, untilMs: Date.now() - 1 }));
    await runDurableObjectAlarm(stubOf(0));
    await vi.waitFor(async () => expect(await isOn(0)).toBe(false), soon);
    expect(await alarmOf(0)).toBeNull();
  });
});
