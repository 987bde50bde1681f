import pg from "pg";
import { describe, expect, it } from "vitest";
import { createPolicyStore } from "../../src/adapters/db/detection/policies.ts";
import { createServiceStore } from "../../src/adapters/db/tenants/services.ts";
import type { Dns } from "../../src/adapters/ports/steering/dns.ts";
import type { Change } from "../../src/adapters/ports/tenants/change.ts";
import { intervalMs, startMs } from "../support/round-world.ts";
import type { World } from "../support/round-world.ts";
import { useWorld } from "../support/use-world.ts";

const { database, world } = useWorld();

const name = "app.example.test";
const change: Change = { actor: "sre@acme", requestId: "request-1", idempotency: null };
const customerOf = async (serviceId: number) =>
  Number((await world.sql<{ id: string }>("select customer_id as id from services where id = $1", [serviceId]))[0]?.id);
const removePolicy = async (serviceId: number, policyId: number) =>
  await createPolicyStore(database.db).remove(await customerOf(serviceId), serviceId, policyId, change);
const removeService = async (serviceId: number) =>
  await createServiceStore(database.db).remove(await customerOf(serviceId), serviceId, change);

const stormOn = async (seed: Parameters<World["seed"]>[0] = {}) => {
  world.dns.put(name);
  const seeded = await world.seed(seed);
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
  await world.roundsOf(1);
  expect(await world.storms()).toMatchObject([{ state: "storm" }]);
  expect(world.dns.weights(name)).toBe("0/100");
  return { ...seeded, policyId: seeded.policyIds[0] ?? 0 };
};

describe("both kinds on one service", () => {
  const both = { policies: [{}, { kind: "http_latency", latencyMs: 500 }] };

  it("are two storms, side by side, with one switch there and one back once both are over", async () => {
    const { roundsOf, dns, prober, seed, storms, history } = world;
    dns.put(name);
    await seed(both);
    await roundsOf(4);
    prober.say("a.cdn.net", [200, 800]);
    await roundsOf(3);
    expect(await storms()).toMatchObject([{ kind: "http_latency", state: "storm" }]);
    prober.say("a.cdn.net", 503);
    await roundsOf(2);
    expect(await storms()).toMatchObject([
      { kind: "http_latency", state: "storm" },
      { kind: "http_availability", state: "storm" },
    ]);

    // It answers again, but slowly: one storm passes, the other holds the weights.
    prober.say("a.cdn.net", [200, 800]);
    await roundsOf(12);
    expect(await storms()).toMatchObject([
      { kind: "http_latency", state: "storm" },
      { kind: "http_availability", state: "ended", ended_reason: "recovered" },
    ]);
    expect(dns.weights(name)).toBe("0/100");

    prober.say("a.cdn.net", 200);
    await roundsOf(12);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "recovered" }, { state: "ended" }]);
    expect(dns.weights(name)).toBe("100/0");
    expect(await history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 calm accepted"]);
  });

  it("of which one is deleted leave the other one's storm alone", async () => {
    const { roundsOf, dns, prober, seed, storms } = world;
    dns.put(name);
    const { serviceId, policyIds } = await seed(both);
    await roundsOf(4);
    prober.say("a.cdn.net", 503);
    await roundsOf(2);
    expect(await storms()).toHaveLength(2);
    expect(await removePolicy(serviceId, policyIds[1] ?? 0)).toBe(true);
    await roundsOf(3);
    const states = (await storms())
      .map(({ kind, state, ended_reason }) => [kind, state, ended_reason])
      .sort((a, b) => String(a).localeCompare(String(b)));
    expect(states).toEqual([
      ["http_availability", "storm", null],
      ["http_latency", "ended", "policy_deleted"],
    ]);
    expect(dns.weights(name)).toBe("0/100");
  });
});

describe("a policy", () => {
  it("edited mid-storm changes nothing for that storm, and judges the next one", async () => {
    const { roundsOf, prober, storms, sql } = world;
    const { serviceId, policyId } = await stormOn();
    const store = createPolicyStore(database.db);
    await store.update(
      await customerOf(serviceId),
      serviceId,
      policyId,
      { cooldownSeconds: 0, thresholdAvail: 0.1, windowSeconds: 10 },
      change,
    );
    prober.say("a.cdn.net", 200);
    await roundsOf(9);
    expect(await storms(), "the cooldown of its own version is a minute").toMatchObject([{ state: "recovering" }]);
    await roundsOf(1);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "recovered" }]);
    let fails = 0;
    prober.say("a.cdn.net", () => (++fails % 2 === 0 ? 200 : 503));
    await roundsOf(6);
    expect(await storms(), "half of the answers are enough for version 2").toHaveLength(1);
    prober.say("a.cdn.net", 503);
    await roundsOf(2);
    expect(await sql("select policy_version from storm_events order by id")).toEqual([{ policy_version: 1 }, { policy_version: 2 }]);
  });

  it("deleted mid-storm ends the storm and holds the weights", async () => {
    const { roundsOf, dns, prober, storms, history } = world;
    const { serviceId, policyId } = await stormOn();
    expect(await removePolicy(serviceId, policyId)).toBe(true);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "policy_deleted" }]);
    await roundsOf(3);
    prober.say("a.cdn.net", 200);
    await roundsOf(12);
    expect(dns.weights(name)).toBe("0/100");
    expect(await storms()).toHaveLength(1);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
  });

  it("deleted while recovering ends its storm where the recovery began", async () => {
    const { roundsOf, prober, storms } = world;
    const { serviceId, policyId } = await stormOn();
    prober.say("a.cdn.net", 200);
    await roundsOf(6);
    const [recovering] = await world.sql<{ at: string }>(
      "select extract(epoch from recovering_since) * 1000 - $1::float8 as at from storm_events",
      [startMs],
    );
    expect(recovering?.at).not.toBeNull();
    await removePolicy(serviceId, policyId);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "policy_deleted", ended: recovering?.at }]);
  });
});

describe("a service deleted mid-storm", () => {
  it("ends its storm, is probed no more, and its weights stay", async () => {
    const { roundsOf, dns, prober, storms, sql, history } = world;
    const { serviceId } = await stormOn();
    expect(await removeService(serviceId)).toBe(true);
    const before = await sql("select from probe_samples");
    prober.say("a.cdn.net", 200);
    await roundsOf(10);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "service_deleted" }]);
    expect(await sql("select from probe_samples")).toHaveLength(before.length);
    expect(dns.weights(name)).toBe("0/100");
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
  });
});

describe("a storm that begins while what it belongs to is being deleted", () => {
  /** Stops every insert into a table until the returned function is called. */
  const gate = async (table: string) => {
    await database.sql(`create function wait_at_gate() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(7); return new; end'`);
    await database.sql(`create trigger gate before insert on ${table} for each row execute function wait_at_gate()`);
    const keeper = new pg.Client(database.url);
    await keeper.connect();
    await keeper.query("select pg_advisory_lock(7)");
    return async () => await keeper.end();
  };
  const waiting = async (number: number) => {
    for (;;) {
      const [row] = await database.sql<{ count: number }>(
        "select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if ((row?.count ?? 0) >= number) return;
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  const aboutToStorm = async () => {
    world.dns.put(name);
    const seeded = await world.seed();
    await world.roundsOf(4);
    world.prober.say("a.cdn.net", 503);
    return { ...seeded, policyId: seeded.policyIds[0] ?? 0 };
  };
  const deletions = {
    policy: ({ serviceId, policyId }: { serviceId: number; policyId: number }) => removePolicy(serviceId, policyId),
    service: ({ serviceId }: { serviceId: number; policyId: number }) => removeService(serviceId),
  };

  it.each(["policy", "service"] as const)("does not begin where the deletion of the %s came first", async (what) => {
    const target = await aboutToStorm();
    const open = await gate("audit_log");
    const deleting = deletions[what](target);
    await waiting(1);
    const round = world.round();
    await waiting(2);
    await open();
    expect(await deleting).toBe(true);
    expect(await round).toMatchObject({ held: true });
    expect(await world.storms()).toEqual([]);
  });

  it.each(["policy", "service"] as const)("is ended where the deletion of the %s came second", async (what) => {
    const target = await aboutToStorm();
    const open = await gate("storm_events");
    const round = world.round();
    await waiting(1);
    const deleting = deletions[what](target);
    await waiting(2);
    await open();
    expect(await deleting).toBe(true);
    await round;
    expect(await world.storms()).toMatchObject([{ state: "ended", ended_reason: `${what}_deleted` }]);
  });

  it("nor do a round that ends a storm and the deletion of its service wait for each other", async () => {
    const { serviceId } = await stormOn();
    world.prober.say("a.cdn.net", 200);
    await world.roundsOf(9);
    expect(await world.storms()).toMatchObject([{ state: "recovering" }]);
    const open = await gate("routing_changes");
    const round = world.round();
    await waiting(1);
    const deleting = removeService(serviceId);
    await waiting(2);
    await open();
    expect(await deleting).toBe(true);
    expect(await round).toMatchObject({ held: true, stormsChanged: 1 });
    expect(await world.storms()).toMatchObject([{ state: "ended", ended_reason: "recovered" }]);
  });
});

describe("a clock that jumps", () => {
  /** Rounds by a clock that is ahead of, or behind, the one before. */
  const shifted = async (offsetMs: number, number: number) => {
    const clock = { nowMs: () => world.clock.nowMs() + offsetMs, sleep: world.clock.sleep };
    // One process has one clock: DNS goes by it as well.
    const dns: Dns = {
      ...world.dns.dns,
      apply: (changes, budget) => world.dns.dns.apply(changes, { ...budget, untilMs: budget.untilMs - offsetMs }),
    };
    for (let index = 0; index < number; index += 1) {
      const roundAtMs = Math.ceil(clock.nowMs() / intervalMs) * intervalMs;
      await world.clock.advance(roundAtMs - clock.nowMs());
      await world.clock.run(world.run(roundAtMs, { clock, dns }));
      await world.clock.advance(1);
    }
  };

  it.each([3_600_000, 86_400_000])("ahead by %d ms neither ends a storm nor makes a second one", async (offsetMs) => {
    await stormOn();
    await shifted(offsetMs, 6);
    expect(await world.storms()).toMatchObject([{ state: "storm", relapses: 0 }]);
    world.prober.say("a.cdn.net", 200);
    await shifted(offsetMs, 12);
    expect(await world.storms()).toMatchObject([{ state: "ended", ended_reason: "recovered" }]);
    expect(world.dns.weights(name)).toBe("100/0");
  });

  it("back by a little loses no storm and ends it after its cooldown", async () => {
    await stormOn();
    await shifted(-25_000, 4);
    expect(await world.storms()).toMatchObject([{ state: "storm" }]);
    world.prober.say("a.cdn.net", 200);
    await shifted(-25_000, 20);
    expect(await world.storms()).toMatchObject([{ state: "ended", ended_reason: "recovered" }]);
    expect(world.dns.weights(name)).toBe("100/0");
  });

  it.each([-600_000, -3_600_000])("back by %d ms, to before the storm, holds the weights until it is right again", async (offsetMs) => {
    await stormOn();
    await shifted(offsetMs, 4);
    world.prober.say("a.cdn.net", 200);
    await shifted(offsetMs, 12);
    expect(await world.storms(), "it can not end before it began").toMatchObject([{ state: "recovering" }]);
    expect(world.dns.weights(name)).toBe("0/100");
    await shifted(0, 12);
    const [storm, ...others] = await world.storms();
    expect(others).toEqual([]);
    expect(storm).toMatchObject({ state: "ended", ended_reason: "recovered" });
    expect(Number(storm?.ended)).toBeGreaterThan(Number(storm?.started));
    expect(world.dns.weights(name)).toBe("100/0");
  });

  it.each([-3_600_000, -25_000, 25_000, 3_600_000])("by %d ms in a calm makes no storm", async (offsetMs) => {
    world.dns.put(name);
    await world.seed();
    await world.roundsOf(6);
    await shifted(offsetMs, 8);
    expect(await world.storms()).toEqual([]);
    expect(world.dns.changes).toEqual([]);
  });
});
