import { describe, expect, it } from "vitest";
import { createRoundStore } from "../../src/adapters/db/round/rounds.ts";
import { intervalMs, startMs } from "../support/round-world.ts";
import { useWorld } from "../support/use-world.ts";

const { database, world } = useWorld();

const name = "app.example.test";
const calmThenDead = async () => {
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
};

describe("the lease", () => {
  const tables = ["probe_samples", "vantages", "storm_events", "service_routing", "domain_routing", "routing_changes"];
  const everything = async () =>
    await Promise.all(tables.map(async (table) => await world.sql(`select to_jsonb(t) as row from ${table} t order by to_jsonb(t)::text`)));

  it("once lost stops a round before it does anything", async () => {
    const { roundsOf, round, dns, seed, acquire } = world;
    dns.put(name);
    await seed();
    await calmThenDead();
    await acquire("vercel");
    const before = await everything();
    expect(await round()).toEqual({
      held: false,
      samples: 0,
      failedSamples: 0,
      unprobed: 0,
      unreadable: 0,
      overBudget: 0,
      stormsChanged: 0,
      switches: 0,
      failedSwitches: 0,
      drifts: 0,
      contested: [],
      unreached: [],
      thrown: [],
    });
    expect(await everything()).toEqual(before);
    expect(dns.changes).toEqual([]);
    await roundsOf(1);
  });

  it("lost while probing: what was seen is kept, nothing is decided", async () => {
    const { round, dns, seed, storms, history, sql, acquire, rounds, routing } = world;
    dns.put(name);
    const { serviceId } = await seed();
    await calmThenDead();
    const before = await routing(serviceId);
    const losing = {
      ...rounds,
      saveAndEvaluate: async (...given: Parameters<typeof rounds.saveAndEvaluate>) => {
        await acquire("vercel");
        return await rounds.saveAndEvaluate(...given);
      },
    };
    await round({ rounds: losing });
    expect(await sql("select from probe_samples where not ok")).toHaveLength(3);
    expect(await storms()).toEqual([]);
    expect(await history()).toEqual([]);
    expect(await routing(serviceId)).toEqual(before);
    expect(dns.changes).toEqual([]);
  });

  it("lost between call and outcome: the next holder finds what was done", async () => {
    const { round, roundsOf, dns, seed, history, held, acquire } = world;
    dns.put(name);
    await seed();
    await calmThenDead();
    dns.hooks.after = async () => {
      held.fence = await acquire("vercel");
    };
    const stale = held.fence;
    await round();
    expect(held.fence.epoch).toBe(stale.epoch + 1);
    expect(await history()).toEqual(["100/0>0/100 storm intent"]);
    dns.hooks.after = () => undefined;
    await roundsOf(2);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    expect(dns.changes).toHaveLength(1);
  });

  it("is renewed by every round", async () => {
    const { round, seed, sql } = world;
    await seed();
    await sql("update leases set expires_at = now() + interval '2 seconds'");
    await round();
    expect(await sql("select from leases where expires_at > now() + interval '40 seconds'")).toHaveLength(1);
  });
});

describe("a doubled round", () => {
  it("counts no sample twice and makes one storm and one switch", async () => {
    const { run, clock, dns, seed, storms, history, sql, slot, roundsOf, domain } = world;
    dns.put(name);
    const { domainIds } = await seed();
    await calmThenDead();
    const atMs = slot() + intervalMs;
    await clock.advance(atMs - clock.nowMs());
    await clock.run(Promise.all([run(atMs), run(atMs)]));
    expect(await sql("select from probe_samples where round_at = $1", [new Date(atMs)])).toHaveLength(4);
    expect(await storms()).toHaveLength(1);
    expect(dns.weights(name)).toBe("0/100");
    await roundsOf(2);
    expect((await history()).filter((line) => line.endsWith("accepted"))).toHaveLength(1);
    expect((await history()).filter((line) => line.endsWith("intent"))).toEqual([]);
    expect((await domain(domainIds[0] ?? 0))?.moved_at).not.toBeNull();
  });

  it("from another vantage counts separately, and both have to agree", async () => {
    const { round, dns, prober, seed, storms, sql, roundsOf } = world;
    dns.put(name);
    await seed();
    await roundsOf(4);
    // Only from where we are does the primary look dead.
    await sql(`insert into vantages values ('vercel', $1)`, [new Date(startMs + 41_000)]);
    await sql(
      `insert into probe_samples select service_id, domain_id, path, 'vercel', round_at, attempt, probed_at, ok, status, latency_ms, error from probe_samples`,
    );
    prober.say("a.cdn.net", 503);
    await round();
    expect(await storms()).toEqual([]);
  });
});

describe("customers", () => {
  it("do not feel what is broken elsewhere", async () => {
    const { roundsOf, dns, prober, seed, storms, history, sql } = world;
    dns.put(name);
    dns.put("bad.example.test");
    const { serviceId } = await seed();
    await seed({
      customer: "broken",
      name: "broken",
      failbackSteps: ["x"],
      domains: [
        { name: "bad.example.test", primary: "http://[", backup: "not a host at all", expectStatus: "nonsense", probePath: "\\ // ? #" },
        { name: "worse.example.test", primary: "", backup: "://", expectStatus: "" },
      ],
    });
    await seed({ customer: "empty", name: "empty", domains: [], policies: [] });
    await seed({ customer: "no policy", name: "no policy", domains: [{ name: "np.example.test" }], policies: [] });
    prober.say("a.cdn.net", 200);
    await roundsOf(4);
    prober.say("a.cdn.net", 503);
    const [report] = await roundsOf(1);
    expect(report?.held).toBe(true);
    expect((await storms()).filter(({ service_id }) => Number(service_id) === serviceId)).toHaveLength(1);
    expect(await history()).toContain("100/0>0/100 storm accepted");
    expect(await sql("select from routing_changes where service_id = $1 and result = 'accepted'", [serviceId])).toHaveLength(1);
  });

  it("are each steered by their own figures", async () => {
    const { roundsOf, dns, prober, seed, storms } = world;
    for (const host of ["one.test", "two.test"]) dns.put(host);
    const one = await seed({ customer: "one", domains: [{ name: "one.test", primary: "one-a.net" }] });
    await seed({ customer: "two", domains: [{ name: "two.test", primary: "two-a.net" }] });
    await roundsOf(4);
    prober.say("one-a.net", 503);
    await roundsOf(2);
    expect((await storms()).map(({ service_id }) => Number(service_id))).toEqual([one.serviceId]);
    expect([dns.weights("one.test"), dns.weights("two.test")]).toEqual(["0/100", "100/0"]);
  });
});

describe("the database", () => {
  const many = async (services: number) => {
    await database.sql(
      `with c as (insert into customers (name) select 'c' || i from generate_series(1, $1::int) i returning id),
       s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 'web', 'cdn-a', 'cdn-b' from c returning id, customer_id),
       p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s returning id),
       v as (insert into storm_policy_versions select id, 1, 0.9, 30, 60, 1.5, 3, 3, null, now() from p)
       insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
       select id, customer_id, 'd' || id || '.test', 'a.cdn.net', 'b.cdn.net', 'token', now() from s`,
      [services],
    );
    for (const { name: host } of await database.sql<{ name: string }>("select name from service_domains")) world.dns.put(host);
  };

  it.each([1, 300])("is asked at most six times a round, with %d domains, in calm and in the round of a mass switch", async (services) => {
    const { round, roundsOf, prober, count } = world;
    await many(services);
    await roundsOf(3);
    const trips = async () => {
      count.trips = 0;
      const report = await round();
      return { trips: count.trips, switches: report.switches, unprobed: report.unprobed };
    };
    expect(await trips()).toEqual({ trips: 2, switches: 0, unprobed: 0 });
    prober.say("a.cdn.net", 503);
    expect(await trips()).toEqual({ trips: 5, switches: services, unprobed: 0 });
    const later = await trips();
    expect(later.trips).toBeLessThanOrEqual(4);
  });

  it("takes a shard's services and no others", async () => {
    const { clock, deps, held, sql } = world;
    await many(5);
    const { runRound } = await import("../../src/pipeline/round.ts");
    const probed = async (index: number) => {
      await clock.run(runRound({ ...deps, rounds: createRoundStore(world.db) }, held.fence, { index, count: 2 }, startMs + index));
      return (
        await sql<{ id: string }>("select distinct service_id as id from probe_samples where round_at = $1", [new Date(startMs + index)])
      ).map(({ id }) => Number(id) % 2);
    };
    expect(await probed(0)).toEqual([0, 0]);
    expect(await probed(1)).toEqual([1, 1, 1]);
  });
});
