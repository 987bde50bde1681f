import { beforeEach, describe, expect, it } from "vitest";
import { createCustomerFreezeStore } from "../../src/adapters/db/steering/freeze.ts";
import { createPanicStore } from "../../src/adapters/db/steering/panic.ts";
import type { Dns } from "../../src/adapters/ports/steering/dns.ts";
import type { Change } from "../../src/adapters/ports/tenants/change.ts";
import { useWorld } from "../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";
const change: Change = { actor: "admin:alice", requestId: "r-1", idempotency: null };
let serviceId: number;

beforeEach(async () => {
  world.dns.put(name, 100, 0, { type: "A" });
  ({ serviceId } = await world.seed({ domains: [{ name, primary: `a.${name}`, backup: `b.${name}` }] }));
  await world.roundsOf(4);
});

const panic = () => createPanicStore(world.db);
const weights = () => world.dns.weights(name, "A");
const fail = () => world.prober.say(`a.${name}`, 503);
const takeOver = async (provider: string) => {
  world.held.fence = await world.acquire(provider);
};

/** The account, with each of its writes noted. */
const noting = () => {
  const sent: string[] = [];
  const dns: Dns = {
    ...world.dns.dns,
    apply: async (changes, budget) => {
      sent.push(...changes.map(({ to }) => `${to.primary}/${to.backup}`));
      return await world.dns.dns.apply(changes, budget);
    },
  };
  return { sent, dns };
};

describe("a panic", () => {
  it("is obeyed by both providers, whichever leads, and ended by either with one switch", async () => {
    const { sent, dns } = noting();
    await panic().set("now", change);
    fail();
    for (const provider of ["vercel", "cloudflare", "vercel"]) {
      await takeOver(provider);
      for (let round = 0; round < 4; round += 1) await world.round({ dns, vantage: provider });
      expect([provider, sent, weights(), (await world.routing(serviceId))?.reason]).toEqual([provider, [], "100/0", "panic"]);
    }
    await panic().lift(change);
    await takeOver("cloudflare");
    for (let round = 0; round < 3; round += 1) await world.round({ dns, vantage: "cloudflare" });
    expect([sent, weights()]).toEqual([["0/100"], "0/100"]);
    expect(await world.history()).toEqual(["100/0>0/100 storm accepted"]);
  });

  it("that begins while the other provider takes over in the midst of a round stops both of them", async () => {
    const { sent, dns } = noting();
    fail();
    const saveDecisions: typeof world.rounds.saveDecisions = async (...decided) => {
      await panic().set("now", change);
      await takeOver("vercel");
      return await world.rounds.saveDecisions(...decided);
    };
    await world.round({ dns, rounds: { ...world.rounds, saveDecisions } });
    for (let round = 0; round < 4; round += 1) await world.round({ dns, vantage: "vercel" });
    expect([sent, await world.history(), weights()]).toEqual([[], [], "100/0"]);
    await panic().lift(change);
    await world.round({ dns, vantage: "vercel" });
    expect([sent, weights()]).toEqual([["0/100"], "0/100"]);
  });

  it("does not repeat a switch whose answer was lost before it, whoever finds it; once it is over that is made", async () => {
    const { sent, dns } = noting();
    fail();
    const lost: Dns = {
      ...world.dns.dns,
      apply: async (changes) =>
        changes.map(({ domain }) => ({ domain, status: "failed", detail: "no answer", retryable: true, effect: "unknown" })),
    };
    await world.round({ dns: lost });
    expect(await world.history()).toEqual(["100/0>0/100 storm intent"]);
    await panic().set("now", change);
    for (const provider of ["local", "vercel"]) {
      await takeOver(provider);
      for (let round = 0; round < 20; round += 1) await world.round({ dns, vantage: provider });
    }
    expect([sent, weights()]).toEqual([[], "100/0"]);
    await panic().lift(change);
    for (let round = 0; round < 3; round += 1) await world.round({ dns, vantage: "vercel" });
    expect([sent, weights()]).toEqual([["0/100"], "0/100"]);
  });

  it("heals no drift, which is healed once it is over", async () => {
    const { sent, dns } = noting();
    await panic().set("now", change);
    world.dns.put(name, 60, 40, { type: "A" });
    await world.sql("update domain_routing set read_at = null");
    for (let round = 0; round < 6; round += 1) await world.round({ dns });
    expect([sent, weights()]).toEqual([[], "60/40"]);
    await panic().lift(change);
    for (let round = 0; round < 3; round += 1) await world.round({ dns });
    expect([sent, weights()]).toEqual([["100/0"], "100/0"]);
  });
});

describe("a freeze of all services", () => {
  const all = () => createCustomerFreezeStore(world.db);
  const owner = async () =>
    Number((await world.sql<{ id: string }>("select customer_id as id from services where id = $1", [serviceId]))[0]?.id);

  it("is obeyed by the other provider, too, and outlives neither its end nor a service that is deleted", async () => {
    const { sent, dns } = noting();
    const customerId = await owner();
    const gone = await world.seed({ name: "gone", domains: [{ name: "gone.example.test" }] });
    await all().set(customerId, { reason: "x", untilMs: null }, change);
    await world.sql("update services set deleted_at = now() where id = $1", [gone.serviceId]);
    fail();
    await takeOver("vercel");
    for (let round = 0; round < 4; round += 1) await world.round({ dns, vantage: "vercel" });
    expect([sent, (await world.routing(serviceId))?.reason]).toEqual([[], "frozen"]);
    await world.sql("update customer_freezes set until = now() - interval '1 second'");
    await world.round({ dns, vantage: "vercel" });
    expect([sent, weights()]).toEqual([["0/100"], "0/100"]);
  });
});
