import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RoundDeps } from "../../src/pipeline/round.ts";
import { runWitness } from "../../src/pipeline/witness.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createWorld, intervalMs, startMs } from "../support/round-world.ts";
import { createScriptedProber } from "../support/scripted-prober.ts";

const name = "app.example.test";
const shard = { index: 0, count: 1 } as const;
let database: TestDatabase;
let stage: Awaited<ReturnType<typeof twoProviders>>;

/** Two providers over one database, each with its own view of the world: "cloudflare" has the lease, "vercel" is its witness. */
const twoProviders = async () => {
  const world = await createWorld(database);
  world.dns.put(name);
  const { serviceId } = await world.seed({ cdns: ["cloudflare", "fastly"], domains: [{ name }], policies: [{ window: 60 }] });
  const away = createScriptedProber(world.clock);
  const witness: RoundDeps = { ...world.deps, vantage: "vercel", prober: away.prober, slowPaths: new Set() };
  world.held.fence = await world.acquire("cloudflare");
  const watch = (atMs: number, over: Partial<RoundDeps> = {}) => world.clock.run(runWitness({ ...witness, ...over }, shard, atMs));
  let roundAtMs = startMs - intervalMs;
  /** Where the next slot begins, at which the clock then is. */
  const nextSlot = async () => {
    roundAtMs = Math.max(roundAtMs, Math.floor(world.clock.nowMs() / intervalMs) * intervalMs) + intervalMs;
    await world.clock.advance(roundAtMs - world.clock.nowMs());
    return roundAtMs;
  };
  /** Slots in which the holder does its round; where that is Cloudflare, its witness looks at the same time. */
  const slots = async (number: number, holder: "cloudflare" | "vercel" = "cloudflare") => {
    for (let index = 0; index < number; index += 1) {
      const atMs = await nextSlot();
      if (holder === "vercel") await world.clock.run(world.run(atMs, witness));
      else await world.clock.run(Promise.all([runWitness(witness, shard, atMs), world.run(atMs, { vantage: "cloudflare" })]));
    }
  };
  return { ...world, serviceId, away, witness, watch, nextSlot, slots };
};

beforeEach(async () => {
  database = await freshDatabase();
  stage = await twoProviders();
});
afterEach(async () => {
  await database.close();
});

describe("a witness' round", () => {
  it("records what it saw as its own vantage and decides nothing, in two round trips", async () => {
    const { sql, count, watch, away, storms } = stage;
    away.say("a.cdn.net", 503);
    const before = count.trips;
    expect(await watch(startMs)).toEqual({ samples: 4, unprobed: 0, unreadable: 0, overBudget: 0 });
    expect(count.trips - before).toBe(2);
    const rows = await sql<{ line: string }>(
      "select format('%s %s %s %s', vantage, path, ok, count(*)) as line from probe_samples group by vantage, path, ok order by path",
    );
    expect(rows.map(({ line }) => line)).toEqual(["vercel backup t 1", "vercel primary f 3"]);
    expect(await storms()).toEqual([]);
    expect(await sql("select name, place from vantages")).toEqual([{ name: "vercel", place: null }]);
    expect(await sql("select name, last_round_at, heartbeat_at is not null as beats from providers")).toEqual([
      { name: "vercel", last_round_at: null, beats: true },
    ]);
  });

  it("counts once, however often it is done", async () => {
    const { sql, watch } = stage;
    await Promise.all([watch(startMs), watch(startMs)]);
    await watch(startMs);
    expect(await sql("select count(*)::int as count from probe_samples")).toEqual([{ count: 2 }]);
  });

  it("needs no lease, and goes on where there is none", async () => {
    const { sql, watch } = stage;
    await sql("delete from leases");
    expect(await watch(startMs)).toMatchObject({ samples: 2 });
  });

  it("reports what it saw of the other provider, once", async () => {
    const { sql, watch } = stage;
    const sightings = [{ provider: "cloudflare", error: "/healthz answered 502" }];
    const peer = { look: async () => undefined, take: () => sightings.shift() ?? null };
    await watch(startMs, { peer });
    await watch(startMs + intervalMs, { peer });
    expect(await sql("select name, public_error, public_ok_since from providers where public_checked_at is not null")).toEqual([
      { name: "cloudflare", public_error: "/healthz answered 502", public_ok_since: null },
    ]);
  });
});

describe("what a witness saw", () => {
  it("begins a storm that the holder on that very CDN does not see, keeps it, and ends it", async () => {
    const { slots, away, storms, dns, sql } = stage;
    await slots(6);
    away.say("a.cdn.net", 503);
    await slots(2);
    expect(await storms()).toMatchObject([{ state: "storm" }]);
    expect(dns.weights(name)).toBe("0/100");
    expect(await sql("select bool_and(ok) as fine from probe_samples where path = 'primary' and vantage = 'cloudflare'")).toEqual([
      { fine: true },
    ]);
    await slots(15);
    expect(await storms(), "the holder's own samples are all good").toMatchObject([{ state: "storm", relapses: 0 }]);
    away.say("a.cdn.net", 200);
    await slots(16);
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "recovered" }]);
    expect(dns.weights(name)).toBe("100/0");
  });

  it("does not begin one that only the CDN's own vantage sees", async () => {
    const { slots, prober, storms, dns } = stage;
    await slots(6);
    prober.say("a.cdn.net", 503);
    await slots(6);
    expect(await storms()).toEqual([]);
    expect(dns.weights(name)).toBe("100/0");
  });

  it("is there when it takes over: the storm begins at once, from its first failed sample", async () => {
    const { slots, watch, away, acquire, held, storms, history, nextSlot } = stage;
    await slots(6);
    // The holder dies with its CDN; the witness goes on looking until the lease has lapsed.
    away.say("a.cdn.net", 503);
    for (let slot = 0; slot < 4; slot += 1) await watch(await nextSlot());
    expect(await storms()).toEqual([]);
    held.fence = await acquire("vercel");
    await slots(1, "vercel");
    const [storm] = await storms();
    expect(storm).toMatchObject({ state: "storm" });
    expect(Number(storm?.started), "when the witness first saw it").toBe(70_000);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
  });

  it("carries a storm over a takeover and back, without a second storm or switch", async () => {
    const { slots, away, prober, acquire, held, storms, history } = stage;
    await slots(6);
    for (const view of [away, prober]) view.say("a.cdn.net", 503);
    await slots(2);
    held.fence = await acquire("vercel");
    await slots(4, "vercel");
    held.fence = await acquire("cloudflare");
    await slots(2);
    expect(await storms()).toMatchObject([{ state: "storm", relapses: 0 }]);
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
    for (const view of [away, prober]) view.say("a.cdn.net", 200);
    await slots(5);
    held.fence = await acquire("vercel");
    await slots(8, "vercel");
    expect(await storms()).toMatchObject([{ state: "ended", ended_reason: "recovered", relapses: 0 }]);
    expect(await history()).toEqual(["100/0>0/100 storm accepted", "0/100>100/0 calm accepted"]);
  });
});
