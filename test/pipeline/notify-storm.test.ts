import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Dns } from "../../src/adapters/ports/steering/dns.ts";
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

const name = "app.example.test";

describe("a storm of one service", () => {
  it("is one thread: it begins, is moved, and ends once traffic is back", async () => {
    const { roundsOf, round, dns, prober, seed } = world;
    dns.put(name);
    const { serviceId } = await seed();
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: await notify.customerOf(serviceId) });
    await roundsOf(6);
    await notify.deliver();
    expect(notify.told()).toEqual([]);

    prober.say("a.cdn.net", 503);
    await round();
    await notify.deliver();
    expect(notify.told()).toEqual(["trigger storm.started cdn-a is failing: web"]);
    expect(notify.received[0]?.message.services).toEqual([{ id: serviceId, name: "web", state: "on cdn-b" }]);

    // Nothing that happens within a minute makes a message of its own.
    prober.say("a.cdn.net", 200);
    await roundsOf(4);
    prober.say("a.cdn.net", 503);
    await roundsOf(1);
    await notify.deliver();
    expect(notify.told().slice(1)).toEqual(["update storm.relapsed cdn-a: web, 1 on backup"]);
    expect((notify.received[1]?.atMs ?? 0) - (notify.received[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(60_000);

    prober.say("a.cdn.net", 200);
    await roundsOf(14);
    await notify.deliver();
    expect(notify.told().slice(2)).toEqual(["resolve storm.ended cdn-a is well again: web"]);
    expect(new Set(notify.received.map(({ message }) => message.thread)).size).toBe(1);
    expect(new Set(notify.received.map(({ id }) => id)).size).toBe(3);
    expect(await world.sql("select count(*)::int as open from incidents where ended_at is null")).toEqual([{ open: 0 }]);
    expect(await world.sql("select count(*)::int as new from notifications where expanded_at is null")).toEqual([{ new: 0 }]);
  });

  it("ends once Route 53 has taken the switch back, which is told within it", async () => {
    const { roundsOf, round, dns, prober, seed, sql } = world;
    dns.put(name);
    const { serviceId } = await seed();
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: await notify.customerOf(serviceId) });
    await roundsOf(6);
    prober.say("a.cdn.net", 503);
    await round();
    await notify.deliver();
    prober.say("a.cdn.net", 200);
    await roundsOf(14);
    // As whoever decides messages sees it between the round's transitions and the answer of Route 53.
    const [last] = await sql<{ id: string }>("select max(id) as id from routing_changes");
    await sql("delete from notifications where kind = 'switch.done' and (facts->>'changeId')::bigint = $1", [last?.id]);
    await sql("update routing_changes set result = 'intent' where id = $1", [last?.id]);
    await notify.deliver();
    expect(notify.told().filter((one) => !one.startsWith("update "))).toEqual(["trigger storm.started cdn-a is failing: web"]);
    await sql("update routing_changes set result = 'accepted' where id = $1", [last?.id]);
    await notify.deliver();
    expect(notify.told().filter((one) => !one.startsWith("update "))).toEqual([
      "trigger storm.started cdn-a is failing: web",
      "resolve storm.ended cdn-a is well again: web",
    ]);
  });

  it.each(["AccessDenied", "unsent"])(
    "does not end while Route 53 refuses the switch back (%s), nor is it said to be back",
    async (why) => {
      const { roundsOf, round, dns, prober, seed, sql } = world;
      dns.put(name);
      const { serviceId } = await seed();
      const notify = createNotifyWorld(world);
      await notify.channel({ customerId: await notify.customerOf(serviceId) });
      await roundsOf(6);
      prober.say("a.cdn.net", 503);
      await round();
      await notify.deliver();
      prober.say("a.cdn.net", 200);
      const refusing: Dns = {
        ...dns.dns,
        apply: async (changes) =>
          changes.map(({ domain }) => ({
            domain,
            status: "failed",
            detail: why,
            retryable: why === "unsent",
            effect: why === "unsent" ? "unsent" : "none",
          })),
      };
      const kinds = async () => (await sql<{ kind: string }>("select kind from notifications order by id")).map(({ kind }) => kind);
      // Whoever decides messages may look after each round, and does.
      for (let count = 0; count < 30; count += 1) {
        await round({ dns: refusing });
        await notify.deliver();
      }
      expect(dns.weights(name)).toBe("0/100");
      expect(await kinds()).toEqual(expect.arrayContaining(["storm.ended", "switch.failed"]));
      expect(await kinds()).not.toContain("failback.done");
      expect(notify.told().filter((one) => one.startsWith("resolve "))).toEqual([]);
      for (let count = 0; count < 40 && !(await kinds()).includes("failback.done"); count += 1) await round();
      expect(dns.weights(name)).toBe("100/0");
      const after = (await kinds()).slice((await kinds()).lastIndexOf("storm.ended"));
      expect(after.filter((kind) => kind === "failback.done" || kind === "switch.released")).toEqual(["failback.done"]);
      expect((await kinds()).slice(-2)).toEqual(["switch.done", "failback.done"]);
      await notify.deliver();
      expect(notify.told().filter((one) => one.startsWith("resolve "))).toEqual(["resolve storm.ended cdn-a is well again: web"]);
    },
  );

  it("tells the operator as well, once for all customers", async () => {
    const { roundsOf, round, dns, prober, seed } = world;
    for (const host of ["a.example.test", "b.example.test"]) dns.put(host);
    await seed({ customer: "acme", domains: [{ name: "a.example.test" }] });
    await seed({ customer: "umbrella", domains: [{ name: "b.example.test" }] });
    const notify = createNotifyWorld(world);
    await notify.channel();
    await roundsOf(6);
    prober.say("a.cdn.net", 503);
    await round();
    await notify.deliver();
    expect(notify.told()).toEqual(["trigger storm.started cdn-a is failing: 2 services"]);
    expect(notify.received[0]?.message.facts).toContainEqual({ label: "Customers", value: "2" });
    expect((await world.sql<{ n: string }>("select count(*) as n from incidents"))[0]?.n).toBe("3");
  });
});

describe("a service that somebody has put on its backup", () => {
  it("is back once Route 53 has taken the switch back, not when the override is cleared", async () => {
    const { roundsOf, round, dns, seed, override } = world;
    dns.put(name);
    const { serviceId } = await seed();
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: await notify.customerOf(serviceId) });
    await roundsOf(6);
    await override(serviceId, "backup");
    await roundsOf(2);
    expect(dns.weights(name)).toBe("0/100");
    await notify.deliver();
    dns.hooks.refuse = () => "AccessDenied";
    await override(serviceId, null);
    for (let count = 0; count < 12; count += 1) {
      await round();
      await notify.deliver();
    }
    expect(notify.told().filter((one) => one.includes("could not be switched"))).toHaveLength(1);
    expect(notify.told().filter((one) => one.includes("back to normal"))).toEqual([]);
    dns.hooks.refuse = () => null;
    for (let count = 0; count < 4; count += 1) {
      await roundsOf(10);
      await notify.deliver();
    }
    expect(dns.weights(name)).toBe("100/0");
    expect(notify.told().filter((one) => one.includes("back to normal"))).toEqual(["event failback.done web is back to normal"]);
  });
});
