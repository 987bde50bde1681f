import { beforeEach, describe, expect, it } from "vitest";
import { createCustomerFreezeStore } from "../../src/adapters/db/steering/freeze.ts";
import { createPanicStore } from "../../src/adapters/db/steering/panic.ts";
import type { Change } from "../../src/adapters/ports/tenants/change.ts";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const [one, two] = ["one.example.test", "two.example.test"];
const change: Change = { actor: "admin:alice", requestId: "r-1", idempotency: null };

let ids: readonly [number, number];

beforeEach(async () => {
  const made: number[] = [];
  for (const name of [one, two]) {
    world.dns.put(name, 100, 0, { type: "A" });
    const { serviceId } = await world.seed({ name, domains: [{ name, primary: `a.${name}`, backup: `b.${name}` }] });
    made.push(serviceId);
  }
  ids = [made[0] ?? 0, made[1] ?? 0];
  await world.roundsOf(4);
  await world.sql("delete from notifications");
});

const weights = () => [one, two].map((name) => world.dns.weights(name, "A"));
const standing = async (serviceId: number) => {
  const { state, reason } = (await world.routing(serviceId)) ?? {};
  return [state, reason];
};
const fail = () => {
  for (const name of [one, two]) world.prober.say(`a.${name}`, 503);
};
const told = async (like: string) =>
  await world.sql<{ kind: string; facts: object }>("select kind, facts from notifications where kind like $1 order by id", [like]);

describe("a panic", () => {
  const panic = () => createPanicStore(world.db);

  it("lets no weight be written in a storm, says why, and what is wanted is written once it is lifted", async () => {
    await panic().set("weights nobody wanted", change);
    await world.round();
    expect([await standing(ids[0]), weights()]).toEqual([
      ["held", "panic"],
      ["100/0", "100/0"],
    ]);
    fail();
    await world.roundsOf(4);
    expect((await world.storms()).map(({ state }) => state)).toEqual(["storm", "storm"]);
    expect([await world.history(), weights()]).toEqual([[], ["100/0", "100/0"]]);
    await panic().lift(change);
    await world.round();
    expect(weights()).toEqual(["0/100", "0/100"]);
    expect(await standing(ids[0])).toEqual(["shifted", "storm"]);
  });

  it("that begins in the midst of a round stops the switches of that very round", async () => {
    fail();
    const saveDecisions: typeof world.rounds.saveDecisions = async (...decided) => {
      await panic().set("now", change);
      return await world.rounds.saveDecisions(...decided);
    };
    const { stormsChanged, switches } = await world.round({ rounds: { ...world.rounds, saveDecisions } });
    expect([stormsChanged, switches, await world.history(), weights()]).toEqual([2, 0, [], ["100/0", "100/0"]]);
    await panic().lift(change);
    await world.round();
    expect(weights()).toEqual(["0/100", "0/100"]);
  });

  it("costs a calm round no statement more", async () => {
    const trips = async () => {
      const before = world.count.trips;
      await world.round();
      return world.count.trips - before;
    };
    const calm = await trips();
    await panic().set("x", change);
    await world.round();
    expect(await trips()).toBe(calm);
  });

  it("is told once in calm, whatever the number of services; in a storm that its switch is held", async () => {
    await panic().set("x", change);
    await world.roundsOf(2);
    expect((await told("panic.%")).map(({ kind }) => kind)).toEqual(["panic.set"]);
    expect(await told("switch.%")).toEqual([]);
    await panic().lift(change);
    fail();
    await world.roundsOf(4);
    expect(await told("switch.held")).toEqual([]);
    await panic().set("y", change);
    await world.round();
    expect((await told("switch.held")).map(({ facts }) => facts)).toMatchObject([{ reason: "panic" }, { reason: "panic" }]);
    expect((await told("panic.%")).map(({ kind }) => kind)).toEqual(["panic.set", "panic.lifted", "panic.set"]);
  });
});

describe("a freeze of all services of a customer", () => {
  const all = () => createCustomerFreezeStore(world.db);
  const customerOf = async (serviceId: number): Promise<number> =>
    Number((await world.sql<{ id: string }>("select customer_id as id from services where id = $1", [serviceId]))[0]?.id);

  it("freezes each of them and nobody else's, with one message, and leaves their own orders as they were", async () => {
    const customerId = await customerOf(ids[0]);
    world.dns.put("other.example.test", 100, 0, { type: "A" });
    const other = await world.seed({ customer: "globex", name: "other", domains: [{ name: "other.example.test" }] });
    await world.override(ids[1], "backup");
    await world.roundsOf(4);
    expect(weights()).toEqual(["100/0", "0/100"]);
    await all().set(customerId, { reason: "migration", untilMs: null }, change);
    fail();
    world.prober.say("a.cdn.net", 503);
    await world.roundsOf(4);
    expect([await standing(ids[0]), await standing(ids[1])]).toEqual([
      ["frozen", "frozen"],
      ["frozen", "frozen"],
    ]);
    expect([weights(), await standing(other.serviceId)]).toEqual([
      ["100/0", "0/100"],
      ["shifted", "storm"],
    ]);
    await all().lift(customerId, change);
    await world.round();
    expect([await standing(ids[0]), await standing(ids[1])]).toEqual([
      ["shifted", "storm"],
      ["shifted", "override"],
    ]);
    expect(await told("freeze.%")).toMatchObject([
      { kind: "freeze.set", facts: { scope: "customer", reason: "migration", actor: "admin:alice" } },
      { kind: "freeze.lifted" },
    ]);
    expect(
      await world.sql(
        "select action, object_type, customer_id::int as customer from audit_log where object_type = 'customer_freeze' order by id",
      ),
    ).toEqual([
      { action: "set", object_type: "customer_freeze", customer: customerId },
      { action: "lift", object_type: "customer_freeze", customer: customerId },
    ]);
  });

  it("gives way to what is ordered of one service afterwards, until that ends", async () => {
    const customerId = await customerOf(ids[0]);
    await all().set(customerId, { reason: "migration", untilMs: null }, change);
    await world.override(ids[0], "backup");
    await world.sql("update service_routing set override_set_at = clock_timestamp() where service_id = $1", [ids[0]]);
    await world.round();
    expect(weights()).toEqual(["0/100", "100/0"]);
    await world.sql("update service_routing set override_until = now() where service_id = $1", [ids[0]]);
    await world.round();
    expect([weights(), await standing(ids[0])]).toEqual([
      ["0/100", "100/0"],
      ["frozen", "frozen"],
    ]);
  });

  it("is over when its time is", async () => {
    const customerId = await customerOf(ids[0]);
    await all().set(customerId, { reason: "migration", untilMs: Date.now() - 1 }, change);
    fail();
    await world.roundsOf(4);
    expect(weights()).toEqual(["0/100", "0/100"]);
  });
});
