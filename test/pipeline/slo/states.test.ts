import { describe, expect, it } from "vitest";
import { createServiceStore } from "../../../src/adapters/db/tenants/services.ts";
import { runRound } from "../../../src/pipeline/round.ts";
import { intervalMs, startMs } from "../../support/round-world.ts";
import type { ServiceSeed } from "../../support/round-world.ts";
import { statesOf } from "../../support/states.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

const name = "app.example.test";
const change = { actor: "sre@acme", requestId: "request-1", idempotency: null };
const states = (serviceId: number) => statesOf(world.sql, serviceId, startMs);

/** Four rounds in calm: at 0, 10, 20, 30 s. A path is known with three samples. */
const calm = async (seed: ServiceSeed = {}, isProvisioned = true) => {
  if (isProvisioned) world.dns.put(name);
  const seeded = await world.seed(seed);
  await world.roundsOf(4);
  return seeded;
};

/** Another vantage has seen what this one has, or of all paths this status. */
const witnessed = async (status: number | null = null, [from, to] = ["local", "vercel"]) => {
  const { sql, clock } = world;
  await sql("insert into vantages values ($1, $2) on conflict (name) do update set last_heard_at = $2", [to, new Date(clock.nowMs())]);
  await sql(
    `insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
     select service_id, domain_id, path, $3, round_at, attempt, probed_at, $1::int is not null or ok, coalesce($1::int, status), latency_ms,
       case when $1::int is null then error end
     from probe_samples where vantage = $2 on conflict do nothing`,
    [status, from, to],
  );
};

const begun = ["0-20 unknown primary", "20- up primary"] as const;
const first = ["0-20 unknown primary", "20-40 up primary"] as const;

describe("what visitors get is recorded", () => {
  it("once in calm", async () => {
    const { serviceId } = await calm();
    await world.roundsOf(3);
    expect(await states(serviceId)).toEqual(begun);
  });

  it("through a storm, the switch and the failback", async () => {
    const { prober, dns, roundsOf } = world;
    const { serviceId } = await calm();
    prober.say("a.cdn.net", 503);
    dns.hooks.latencyMs = () => 700;
    await roundsOf(3);
    dns.hooks.latencyMs = () => 0;
    const failed = [...first, "40-43.4 down primary cdn-a @40 storm"];
    expect(await states(serviceId)).toEqual([...failed, "43.4- up backup avoided storm"]);
    prober.say("a.cdn.net", 200);
    await roundsOf(12);
    expect(dns.weights(name)).toBe("100/0");
    // The last failure was in the slot of 60 s.
    const [back] = await world.sql<{ at: Date }>("select accepted_at as at from routing_changes where reason = 'calm'");
    const backAt = ((back?.at.getTime() ?? 0) - startMs) / 1_000;
    expect(await states(serviceId)).toEqual([
      ...failed,
      "43.4-70 up backup avoided storm",
      `70-${backAt} up backup storm`,
      `${backAt}- up primary`,
    ]);
  });

  it("with the blame that is true at each instant: while on the backup that fails, too, it is the service's own", async () => {
    const { prober, roundsOf } = world;
    const { serviceId } = await calm();
    prober.say("a.cdn.net", 503);
    await roundsOf(2);
    prober.say("b.cdn.net", 503);
    await roundsOf(2);
    const before = [...first, "40-42 down primary cdn-a @40 storm", "42-60 up backup avoided storm"];
    expect(await states(serviceId)).toEqual([...before, "60- down backup self @60 storm"]);
    // The primary recovers: the backup's CDN is to blame from then on, and visitors are moved back.
    prober.say("a.cdn.net", 200);
    await roundsOf(6);
    expect(await states(serviceId)).toEqual([
      ...before,
      "60-80 down backup self @60 storm",
      "80-102 down backup cdn-b @60 storm",
      "102- up primary storm",
    ]);
  });

  it("of a service that is only watched: there is nobody to blame but itself", async () => {
    const { prober, roundsOf } = world;
    const { serviceId } = await calm({ domains: [{ name: "app.example.com", primary: null, backup: null }] }, false);
    prober.say("app.example.com", 503);
    await roundsOf(2);
    prober.say("app.example.com", 200);
    await roundsOf(5);
    const direct = ["0-20 unknown direct", "20-40 up direct", "40-60 down direct self @40 storm", "60- up direct storm"];
    expect((await states(serviceId)).filter((line) => !/^(\d+)-\1 /.test(line))).toEqual(direct);
  });

  it("as the worst of its domains, wherever each of them is served from", async () => {
    const { prober, dns, roundsOf, domain } = world;
    const other = { name: "www.example.test", primary: "c.cdn.net", backup: "d.cdn.net", verified: false };
    const { serviceId, domainIds } = await calm({ domains: [{ name }, other] });
    prober.say("c.cdn.net", 503);
    await roundsOf(20);
    // Nobody steers the second one, whose owner has not proven it; the first one moves with its service.
    expect(dns.weights(name)).toBe("0/100");
    expect((await domain(domainIds[1] ?? 0))?.primary_weight).toBeUndefined();
    expect((await states(serviceId)).at(-1)).toMatch(/^\d+- down mixed cdn-a @\d+ storm$/);
  });

  it("by the live weights, whoever has set them: an override, a freeze", async () => {
    const { override, roundsOf, prober, sql } = world;
    const { serviceId } = await calm();
    await override(serviceId, "backup");
    await roundsOf(2);
    expect(await states(serviceId)).toEqual([...first, "40- up backup"]);
    await override(serviceId, "frozen");
    prober.say("a.cdn.net", 503);
    await roundsOf(1);
    expect((await states(serviceId)).slice(2)).toEqual(["40-60 up backup", "60- up backup avoided storm"]);
    await sql("update settings set freeze_set_at = now(), freeze_reason = 'a test', freeze_actor = 'admin'");
    prober.say("b.cdn.net", 503);
    await roundsOf(1);
    expect((await states(serviceId)).at(-1)).toBe("70- down backup self @70 storm");
  });

  it("as it is, not as a shadow would have it", async () => {
    const { prober, roundsOf } = world;
    const { serviceId } = await calm({ steering: "shadow" });
    prober.say("a.cdn.net", 503);
    await roundsOf(5);
    expect(await states(serviceId)).toEqual([...first, "40- down primary cdn-a @40 storm"]);
  });

  it("by latency where that is the only policy", async () => {
    const { prober, roundsOf } = world;
    const { serviceId } = await calm({ policies: [{ kind: "http_latency", latencyMs: 500 }], steering: "shadow" });
    prober.say("a.cdn.net", [200, 800]);
    await roundsOf(5);
    expect((await states(serviceId)).at(-1)).toMatch(/^40.* down primary cdn-a @40.* storm$/);
  });

  it("as unknown where no policy says what is good", async () => {
    const { serviceId } = await calm({ policies: [] });
    expect(await states(serviceId)).toEqual(["0- unknown primary"]);
  });
});

describe("what nobody knows", () => {
  it("is unknown where vantages disagree, and the outage goes on until it is known to be over", async () => {
    const { prober, roundsOf } = world;
    const { serviceId } = await calm({ steering: "shadow", policies: [{ window: 40 }] });
    prober.say("a.cdn.net", 503);
    await roundsOf(3);
    await witnessed(200);
    await roundsOf(1);
    expect((await states(serviceId)).at(-1)).toMatch(/^7\d- unknown primary @40 storm$/);
    prober.say("a.cdn.net", 200);
    for (let round = 0; round < 6; round += 1) {
      await witnessed(200);
      await roundsOf(1);
    }
    expect((await states(serviceId)).at(-1)).toBe("80- up primary storm");
  });

  it("twenty minutes of it, in an outage, are neither good nor bad, and no recovery", async () => {
    const { prober, roundsOf } = world;
    const { serviceId } = await calm({ steering: "shadow" });
    prober.say("a.cdn.net", 503);
    await roundsOf(2);
    prober.say("a.cdn.net", "unreadable");
    await roundsOf(120);
    const known = await states(serviceId);
    expect(known.slice(0, 3)).toEqual([...first, "40-60 down primary cdn-a @40 storm"]);
    expect(known).toHaveLength(4);
    expect(known[3]).toMatch(/^60- unknown primary @40/);
    prober.say("a.cdn.net", 503);
    await roundsOf(3);
    expect((await states(serviceId)).slice(3)).toEqual([
      expect.stringMatching(/^60-1260 unknown/),
      expect.stringMatching(/^1260- down primary cdn-a @40/),
    ]);
  });

  it("after two minutes without a round the time since the last one is unknown", async () => {
    const { clock, roundsOf } = world;
    const { serviceId } = await calm();
    await clock.advance(105_000);
    await roundsOf(3);
    // Known until the round that comes in time; it takes three samples to know again.
    expect((await states(serviceId)).slice(1)).toEqual(["20-140 up primary", "140-160 unknown primary", "160- up primary"]);
    const before = await states(serviceId);
    const [lastMs] = (await world.sql<{ at: Date }>("select judged_at as at from leases")).map(({ at }) => at.getTime() - startMs);
    await clock.advance(125_000);
    await roundsOf(4);
    const after = (await states(serviceId)).slice(before.length);
    expect(after[0]).toMatch(new RegExp(`^${(lastMs ?? 0) / 1_000}-\\d+ unknown primary$`));
    expect(after.at(-1)).toMatch(/^\d+- up primary$/);
  });

  it("is what a CDN says in its own favour while all others are silent; when it says that it is down, it is believed", async () => {
    const { prober, roundsOf, sql } = world;
    await sql("insert into vantages values ('vercel', $1)", [new Date(startMs - 3_600_000)]);
    const { serviceId } = await calm({ cdns: ["local", "cdn-b"] });
    expect(await states(serviceId)).toEqual(["0- unknown primary"]);
    prober.say("a.cdn.net", 503);
    await roundsOf(1);
    // Nor is its CDN excused by what it says of the other side.
    expect(await states(serviceId)).toEqual(["0-40 unknown primary", "40- down primary self @40 storm"]);
  });

  it("is what could not be evaluated", async () => {
    const { round, rounds } = world;
    const { serviceId } = await calm();
    const unread = { ...rounds, saveAndEvaluate: async () => ({ policies: [], leftOut: [serviceId], error: new Error("no figures") }) };
    await round({ rounds: unread });
    expect(await states(serviceId)).toEqual([...first, "40- unknown primary"]);
  });
});

describe("whoever runs the rounds", () => {
  const outage = async () => {
    const seeded = await calm({ steering: "shadow", policies: [{ window: 60 }] });
    world.prober.say("a.cdn.net", 503);
    await world.roundsOf(2);
    return seeded;
  };

  it("goes on where the other provider stopped, within one outage", async () => {
    const { held, acquire, round, prober } = world;
    const { serviceId } = await outage();
    await witnessed();
    held.fence = await acquire("vercel");
    for (let nth = 0; nth < 3; nth += 1) {
      await round({ vantage: "vercel" });
      await witnessed(null, ["vercel", "local"]);
    }
    expect(await states(serviceId)).toEqual([...first, "40- down primary cdn-a @40 storm"]);
    prober.say("a.cdn.net", 200);
    for (let nth = 0; nth < 10; nth += 1) {
      await round({ vantage: "vercel" });
      await witnessed(null, ["vercel", "local"]);
    }
    expect((await states(serviceId)).at(-1)).toMatch(/^90- up primary/);
  });

  it("writes nothing without the lease", async () => {
    const { acquire, round, rounds, prober } = world;
    const { serviceId } = await calm();
    prober.say("a.cdn.net", 503);
    const losing = {
      ...rounds,
      saveDecisions: async (...given: Parameters<typeof rounds.saveDecisions>) => {
        await acquire("vercel");
        return await rounds.saveDecisions(...given);
      },
    };
    await round({ rounds: losing });
    expect(await states(serviceId)).toEqual(begun);
  });

  it("may die between evaluation and storing: the next round writes the same", async () => {
    const { prober, round, rounds } = world;
    const { serviceId } = await calm();
    prober.say("a.cdn.net", 503);
    const dying = { ...rounds, saveDecisions: () => Promise.reject(new Error("killed")) };
    await expect(round({ rounds: dying })).rejects.toThrow("killed");
    expect(await states(serviceId)).toEqual(begun);
    await round();
    expect(await states(serviceId)).toEqual([...first, "40- down primary cdn-a @40 storm"]);
  });

  it("twice at once writes it once", async () => {
    const { prober, clock, run, slot } = world;
    const { serviceId } = await calm({ steering: "shadow" });
    prober.say("a.cdn.net", 503);
    const atMs = slot() + intervalMs;
    await clock.advance(atMs - clock.nowMs());
    await clock.run(Promise.all([run(atMs), run(atMs)]));
    expect(await states(serviceId)).toEqual([...first, "40- down primary cdn-a @40 storm"]);
  });

  it("knows when others judged its services, after a change of the number of shards", async () => {
    const { sql, clock, deps, leases, round } = world;
    const { serviceId } = await calm();
    // From when there were two shards before: of this one nothing was heard since, as it was not in use.
    await sql(
      `insert into leases (name, holder, provider, acquired_at, expires_at, judged_at) values ('shard:${serviceId % 2}', 'x', 'local', $1, $1, $1)
       on conflict (name) do nothing`,
      [new Date(startMs - 86_400_000)],
    );
    await sql("update settings set shards = 2");
    const fence = await leases.acquire(`shard:${serviceId % 2}`, "local", "local:two");
    if (fence === null) throw new Error("the lease is taken");
    for (let nth = 0; nth < 3; nth += 1) {
      await clock.advance(intervalMs);
      await clock.run(runRound(deps, fence, { index: serviceId % 2, count: 2 }, clock.nowMs()));
    }
    expect(await states(serviceId)).toEqual(begun);
    expect(await sql("select from leases where name = $1 and judged_at = $2", [fence.name, new Date(clock.nowMs())])).toHaveLength(1);
    await expect(round()).resolves.toMatchObject({ held: false });
  });
});

describe("a service that is deleted", () => {
  const remove = async (serviceId: number) => {
    const [owner] = await world.sql<{ id: string }>("select customer_id as id from services where id = $1", [serviceId]);
    await createServiceStore(world.db).remove(Number(owner?.id), serviceId, change);
  };

  it("during an outage has no open span any more", async () => {
    const { prober, roundsOf, sql } = world;
    const { serviceId } = await calm({ steering: "shadow" });
    prober.say("a.cdn.net", 503);
    await roundsOf(2);
    await remove(serviceId);
    await roundsOf(2);
    expect(await states(serviceId)).toHaveLength(3);
    expect(await sql("select from service_states where ended_at is null")).toEqual([]);
  });

  it("while a round decides gets none", async () => {
    const { prober, round, rounds, sql } = world;
    const { serviceId } = await calm({ steering: "shadow" });
    prober.say("a.cdn.net", 503);
    const late = {
      ...rounds,
      saveDecisions: async (...given: Parameters<typeof rounds.saveDecisions>) => {
        await remove(serviceId);
        return await rounds.saveDecisions(...given);
      },
    };
    await round({ rounds: late });
    expect(await states(serviceId)).toHaveLength(2);
    expect(await sql("select from service_states where ended_at is null")).toEqual([]);
  });
});

describe("what it costs", () => {
  it("is nothing in calm, and one statement where something changes", async () => {
    const { prober, round, rounds, count } = world;
    await calm({ steering: "shadow" });
    const tripsOf = async () => {
      const before = count.trips;
      await round();
      return count.trips - before;
    };
    expect(await tripsOf()).toBe(2);
    expect(await tripsOf()).toBe(2);
    // Nothing but the state changes: it is a round trip of its own; else it goes with what is stored anyway.
    prober.say("a.cdn.net", "unreadable");
    expect([await tripsOf(), await tripsOf(), await tripsOf()].reduce((sum, trips) => sum + trips)).toBe(2 + 2 + 3);
    const changes: number[] = [];
    const counting = {
      ...rounds,
      saveDecisions: async (...given: Parameters<typeof rounds.saveDecisions>) => {
        changes.push(given[1].states.length);
        return await rounds.saveDecisions(...given);
      },
    };
    prober.say("a.cdn.net", 503);
    const before = count.trips;
    await round({ rounds: counting });
    // The samples around the storm's edge are read as well.
    expect([count.trips - before, changes]).toEqual([4, [1]]);
  });
});
