import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import { bill } from "../billing/run.ts";
import { takeLease } from "../billing/worlds.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import type { ServiceSeed, World } from "../support/round-world.ts";
import { createWorld, startMs } from "../support/round-world.ts";

const hourMs = 3_600_000;
const open = async () => {
  const database = await freshDatabase();
  const world = await createWorld(database);
  /** As if everything had been set up a day ago. */
  const age = async () => {
    const day = new Date(startMs - 24 * hourMs);
    await world.sql("update service_domains set created_at = $1, updated_at = $1", [day]);
    await world.sql("update services set created_at = $1, updated_at = $1", [day]);
    await world.sql("update service_cdns set from_at = $1", [day]);
  };
  const edit = (domainId: number | undefined, column: "primary_target" | "probe_path" | "expect_status", value: string) =>
    world.sql(`update service_domains set ${column} = $2, updated_at = $3 where id = $1`, [domainId, value, new Date(world.clock.nowMs())]);
  const seen = async (domainId: number | undefined) =>
    (await world.sql<{ at: Date | null }>("select seen_healthy_at as at from service_domains where id = $1", [domainId]))[0]?.at ?? null;
  const credits = (serviceId: number) =>
    world.sql<{
      kind: string;
      credit: string;
      credit_reason: string | null;
      state: string;
      ended_reason: string | null;
      started: number;
      ended: number | null;
      detected: number;
    }>(
      `select replace(kind, 'http_', '') as kind, credit, credit_reason, state, ended_reason, (extract(epoch from started_at) * 1000 - $2::float8)::int as started,
       (extract(epoch from ended_at) * 1000 - $2::float8)::int as ended, (extract(epoch from detected_at) * 1000 - $2::float8)::int as detected
     from storm_events where service_id = $1 order by id`,
      [serviceId, startMs],
    );
  return { database, ...world, age, edit, seen, credits };
};

/** What an hour of a storm took off, by the name of the service: $38.80 of backup bytes, half of it, times a factor of 1.5. */
const discounts = async (database: TestDatabase, world: Pick<World, "sql">): Promise<Record<string, number>> => {
  await takeLease(database);
  const [from, to] = [new Date(startMs + 2 * hourMs), new Date(startMs + 3 * hourMs)];
  await world.sql(
    "insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes) select id, $1, $2, 0, $3 from services",
    [from, to, Math.round((3_880 / 12) * 2 ** 30)],
  );
  expect(await bill(database.db, startMs + 4 * hourMs)).toMatchObject({ failures: 0 });
  const rows = await world.sql<{ name: string; amount_cents: string; discount_cents: string }>(
    "select s.name, l.amount_cents, l.discount_cents from invoice_line_items l join services s on s.id = l.service_id",
  );
  expect(new Set(rows.map(({ amount_cents: amount }) => Number(amount)))).toEqual(new Set([3_880]));
  return Object.fromEntries(rows.map(({ name, discount_cents: discount }) => [name, Number(discount)]));
};

describe("the credit of a storm", () => {
  const latency = { kind: "http_latency", latencyMs: 500 };
  const on = (host: string) => ({ name: `${host}.example.test`, primary: `${host}.cdn.net` });
  const services: Record<string, ServiceSeed> = {
    typo: { domains: [on("typo")] },
    outage: { domains: [on("outage")] },
    edited: { domains: [on("edited")] },
    repathed: { domains: [on("repathed")] },
    slow: { domains: [on("slow")], policies: [latency] },
    slowed: { domains: [on("slowed")], policies: [{}, latency] },
    "slow, then dead": { domains: [on("dying")], policies: [{}, latency] },
    watched: { domains: [{ name: "watched.example.com", primary: null, backup: null }] },
    "watched, never up": { domains: [{ name: "never.example.com", primary: null, backup: null }] },
    joined: { domains: [on("joined")] },
    unverified: { domains: [{ ...on("unverified"), verified: false }] },
    "one bad of two": { domains: [on("good"), on("bad")] },
  };
  let stage: Awaited<ReturnType<typeof open>>;
  let ids: Record<string, { serviceId: number; domainIds: number[] }>;
  let discount: Record<string, number>;
  const creditOf = async (name: string) =>
    (await stage.credits(ids[name]?.serviceId ?? 0)).map(({ kind, credit, credit_reason: reason, state }) =>
      [kind, state, credit, ...(reason === null ? [] : [reason])].join(" "),
    );

  beforeAll(async () => {
    stage = await open();
    const { seed, age, edit, prober, roundsOf, dns, sql } = stage;
    ids = {};
    for (const [name, service] of Object.entries(services)) {
      ids[name] = await seed({ ...service, name });
      for (const domain of service.domains ?? []) if (domain.primary !== null) dns.put(domain.name);
    }
    await age();
    const dead = (...hosts: string[]) => hosts.forEach((host) => prober.say(host, "refuse"));
    dead("typo.cdn.net", "tpyo.cdn.net", "never.example.com", "bad.cdn.net");
    prober.say("slow.cdn.net", [200, 800]);
    prober.say("dying.cdn.net", [200, 800]);
    await roundsOf(6);
    await edit(ids["edited"]?.domainIds[0], "primary_target", "tpyo.cdn.net");
    await edit(ids["repathed"]?.domainIds[0], "expect_status", "418");
    // Just before its CDN fails a healthy service gets a second name on it.
    await sql(
      `insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
       select service_id, customer_id, 'second.example.test', primary_target, backup_target, 'token', now() from service_domains where id = $1`,
      [ids["joined"]?.domainIds[0]],
    );
    dead("outage.cdn.net", "joined.cdn.net", "watched.example.com", "unverified.cdn.net", "dying.cdn.net");
    prober.say("slowed.cdn.net", [200, 800]);
    await roundsOf(6);
    discount = await discounts(stage.database, stage);
  });
  afterAll(() => stage.database.close());

  it("is refused to a typo'd target that never answered: within 5 s a storm, steered as any, and not $29.10 off", async () => {
    const [storm] = await stage.credits(ids["typo"]?.serviceId ?? 0);
    expect(storm).toMatchObject({ started: 0, credit: "refused", credit_reason: "never_healthy", state: "storm" });
    expect(storm?.detected).toBeLessThanOrEqual(5_000);
    expect(stage.dns.weights("typo.example.test")).toBe("0/100");
    expect(discount["typo"]).toBe(0);
  });

  it.each([
    ["outage", ["availability storm earned"], 2_910],
    ["edited", ["availability storm refused never_healthy"], 0],
    ["repathed", ["availability storm refused never_healthy"], 0],
    ["slow", ["latency storm refused never_healthy"], 0],
    ["slowed", ["latency storm earned"], 2_910],
    ["slow, then dead", ["latency storm refused never_healthy", "availability storm refused never_healthy"], 0],
    ["watched", ["availability storm earned"], 2_910],
    ["watched, never up", ["availability storm refused never_healthy"], 0],
    ["joined", ["availability storm refused never_healthy"], 0],
    ["unverified", ["availability storm earned"], 2_910],
    ["one bad of two", ["availability storm refused never_healthy"], 0],
  ] as [string, string[], number][])("%s: %j, %d cents off", async (name, storms, cents) => {
    expect(await creditOf(name)).toEqual(storms);
    expect(discount[name]).toBe(cents);
  });

  it("stands in the evidence of its beginning with what it was refused for", async () => {
    const begun = await stage.sql<{ service_id: string; down: { domain_id: number; never_healthy: boolean }[] }>(
      "select service_id, body::jsonb->'credit'->'down'->'entries' as down from evidence where kind = 'begin' order by storm_id",
    );
    const never = (name: string) =>
      begun
        .filter(({ service_id: id }) => Number(id) === ids[name]?.serviceId)
        .map(({ down }) => down.filter((one) => one.never_healthy).map((one) => one.domain_id));
    expect(never("typo")).toEqual([ids["typo"]?.domainIds]);
    expect(never("one bad of two")).toEqual([[ids["one bad of two"]?.domainIds[1]]]);
    expect(never("outage")).toEqual([[]]);
  });
});

describe("a domain", () => {
  let stage: Awaited<ReturnType<typeof open>>;
  const name = "app.example.test";
  beforeEach(async () => {
    stage = await open();
    stage.dns.put(name);
  });
  afterEach(() => stage.database.close());

  it("is noted as healthy once, in a trip that the round makes anyway, and nothing is sent in the rounds after", async () => {
    const { seed, round, seen, rounds, deps } = stage;
    const { domainIds } = await seed();
    const sent: number[] = [];
    const counting: RoundStore = {
      ...rounds,
      saveDecisions: async (fence, decisions, nowMs) => {
        sent.push(decisions.healthy.length);
        return await rounds.saveDecisions(fence, decisions, nowMs);
      },
    };
    const noted: (Date | null)[] = [];
    const trips: number[] = [];
    for (let number = 0; number < 5; number += 1) {
      const before = stage.count.trips;
      await round({ ...deps, rounds: counting });
      trips.push(stage.count.trips - before);
      noted.push(await seen(domainIds[0]));
    }
    const third = new Date(startMs + 20_000);
    expect(noted).toEqual([null, null, third, third, third]);
    expect(sent).toEqual([0, 0, 1, 0, 0]);
    expect(trips.slice(3)).toEqual([2, 2]);
    expect(Math.max(...trips)).toBeLessThanOrEqual(4);
  });

  it("has to be seen healthy again after each edit of its set-up, by samples of which none is older", async () => {
    const { seed, age, edit, roundsOf, seen, sql, clock } = stage;
    const {
      serviceId,
      domainIds: [id],
    } = await seed({ policies: [{ window: 60 }] });
    await age();
    await roundsOf(4);
    for (const [column, value] of [
      ["primary_target", "c.cdn.net"],
      ["probe_path", "/up"],
      ["expect_status", "200"],
    ] as const) {
      expect(await seen(id)).not.toBeNull();
      await edit(id, column, value);
      // The window of 60 s is full of samples of what stood there before, and a round may have been under way.
      await roundsOf(11);
      expect(await seen(id), `not yet after ${column}`).toBeNull();
      await roundsOf(2);
    }
    expect(await seen(id)).not.toBeNull();
    const cdn = new Date(clock.nowMs());
    await sql("update services set primary_cdn = 'cdn-c', updated_at = $2 where id = $1", [serviceId, cdn]);
    await roundsOf(11);
    expect(await seen(id)).toBeNull();
    await roundsOf(2);
    expect(await seen(id)).not.toBeNull();
    await sql("update service_domains set normal_backup_weight = 10, backup_target = 'd.cdn.net', updated_at = $2 where id = $1", [
      id,
      cdn,
    ]);
    await sql("update services set name = 'other', backup_cdn = 'cdn-d', updated_at = $2 where id = $1", [serviceId, cdn]);
    expect(await seen(id), "nothing of this is about the primary").not.toBeNull();
  });

  it("that is edited while a round is under way is not noted for what stood there before", async () => {
    const { seed, age, edit, roundsOf, round, rounds, deps, seen } = stage;
    const {
      domainIds: [id],
    } = await seed();
    await age();
    await roundsOf(2);
    const racing: RoundStore = {
      ...rounds,
      saveDecisions: async (fence, decisions, nowMs) => {
        expect(decisions.healthy).toMatchObject([{ domainId: id, primaryTarget: "a.cdn.net" }]);
        await edit(id, "primary_target", "tpyo.cdn.net");
        return await rounds.saveDecisions(fence, decisions, nowMs);
      },
    };
    await round({ ...deps, rounds: racing });
    expect(await seen(id)).toBeNull();
  });

  it("that is being edited is left for another round, which does not wait", async () => {
    const { seed, roundsOf, round, seen, sql, clock } = stage;
    const {
      domainIds: [id],
      serviceId,
    } = await seed();
    await roundsOf(2);
    for (const locked of ["service_domains where id = $1 for no key update", "services where id = $2 for no key update"]) {
      const pg = await import("pg");
      const client = new pg.default.Client({ connectionString: stage.database.url });
      await client.connect();
      await client.query("begin");
      await client.query(`select 1 from ${locked.replace("$1", String(id)).replace("$2", String(serviceId))}`);
      const before = clock.nowMs();
      await round();
      expect(clock.nowMs() - before).toBeLessThanOrEqual(10_000);
      expect(await seen(id)).toBeNull();
      await client.query("rollback");
      await client.end();
    }
    await round();
    expect(await seen(id)).not.toBeNull();
    expect(await sql("select from storm_events")).toEqual([]);
  });

  it("whose set-up changes while a storm is being declared earns nothing by it", async () => {
    const { seed, age, edit, roundsOf, round, rounds, deps, credits, prober } = stage;
    const {
      serviceId,
      domainIds: [id],
    } = await seed();
    await age();
    await roundsOf(4);
    prober.say("a.cdn.net", 503);
    const racing: RoundStore = {
      ...rounds,
      saveDecisions: async (fence, decisions, nowMs) => {
        expect(decisions.storms).toMatchObject([{ credit: { credit: "earned", down: [{ domainId: id, neverHealthy: false }] } }]);
        await edit(id, "primary_target", "tpyo.cdn.net");
        return await rounds.saveDecisions(fence, decisions, nowMs);
      },
    };
    await round({ ...deps, rounds: racing });
    expect(await credits(serviceId)).toMatchObject([{ credit: "refused", credit_reason: "never_healthy" }]);
  });

  it("is not shown to be healthy by its own CDN alone, once another vantage has been heard", async () => {
    const { seed, roundsOf, seen, sql } = stage;
    const {
      domainIds: [id],
    } = await seed({ cdns: ["local", "cdn-b"] });
    await sql("insert into vantages (name, last_heard_at) values ('vercel', $1)", [new Date(startMs - hourMs)]);
    await roundsOf(6);
    expect(await seen(id)).toBeNull();
    await sql("delete from vantages where name = 'vercel'");
    await roundsOf(1);
    expect(await seen(id), "nobody else was ever there").not.toBeNull();
  });

  it("whose primary was found in the records and never answered does not earn by its name", async () => {
    const { seed, roundsOf, credits, prober, dns, sql, seen } = stage;
    const host = "app.example.com";
    dns.put(host);
    const {
      serviceId,
      domainIds: [id],
    } = await seed({ domains: [{ name: host, primary: null, backup: null }] });
    await roundsOf(6);
    expect(await seen(id), "by its primary, found in the records").not.toBeNull();
    await sql("update domain_routing set discovered_primary_target = 'tpyo.cdn.net', discovered_primary_ok = false");
    prober.say("tpyo.cdn.net", "refuse");
    prober.say(host, 503);
    await roundsOf(4);
    expect(await credits(serviceId)).toMatchObject([{ credit: "refused", credit_reason: "never_healthy" }]);
  });
});

describe("a storm whose credit would be decided otherwise by now", () => {
  let stage: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    stage = await open();
    for (const name of ["old.example.test", "new.example.test"]) stage.dns.put(name);
  });
  afterEach(() => stage.database.close());
  const two: ServiceSeed = {
    domains: [
      { name: "old.example.test", primary: "old.cdn.net" },
      { name: "new.example.test", primary: "new.cdn.net" },
    ],
  };

  it("is replaced by one that earns, once the domain that never answered is gone and the others are down", async () => {
    const { seed, roundsOf, prober, sql, credits, dns } = stage;
    const { serviceId, domainIds } = await seed(two);
    prober.say("new.cdn.net", "refuse");
    await roundsOf(6);
    prober.say("old.cdn.net", 503);
    await roundsOf(6);
    expect(await credits(serviceId), "as long as both fail it stays what it is").toMatchObject([{ credit: "refused", state: "storm" }]);
    await sql("update service_domains set deleted_at = now() where id = $1", [domainIds[1]]);
    await roundsOf(3);
    const [refused, earned, ...more] = await credits(serviceId);
    expect(more).toEqual([]);
    expect(refused).toMatchObject({ credit: "refused", state: "ended", ended_reason: "credit_changed" });
    expect(earned).toMatchObject({ credit: "earned", credit_reason: null, state: "storm", started: refused?.ended });
    expect(dns.weights("old.example.test"), "protected all the time").toBe("0/100");
    expect(await stage.history()).toEqual(["100/0>0/100 storm accepted", "100/0>0/100 storm accepted"]);
  });

  it("is replaced at a relapse, too: what was corrected, seen healthy and then fails earns from there on", async () => {
    const { seed, age, edit, roundsOf, prober, credits, dns, history } = stage;
    const {
      serviceId,
      domainIds: [id],
    } = await seed({ domains: [{ name: "old.example.test", primary: "tpyo.cdn.net" }], policies: [{ cooldown: 600 }] });
    await age();
    prober.say("tpyo.cdn.net", "refuse");
    await roundsOf(6);
    await edit(id, "primary_target", "typo.cdn.net");
    await roundsOf(15);
    expect(await credits(serviceId)).toMatchObject([{ credit: "refused", state: "recovering" }]);
    prober.say("typo.cdn.net", 503);
    await roundsOf(3);
    const [refused, earned] = await credits(serviceId);
    expect(refused).toMatchObject({ credit: "refused", state: "ended", ended_reason: "credit_changed" });
    expect(earned).toMatchObject({ credit: "earned", state: "storm", started: 210_000 });
    expect(dns.weights("old.example.test")).toBe("0/100");
    expect(await history()).toEqual(["100/0>0/100 storm accepted"]);
  });

  it("is replaced by one that earns nothing: a real outage is not prolonged by a target that never answers", async () => {
    const { seed, age, edit, roundsOf, prober, credits } = stage;
    const { serviceId, domainIds } = await seed({ ...two, policies: [{ cooldown: 600 }] });
    await age();
    await roundsOf(6);
    prober.say("old.cdn.net", 503);
    await roundsOf(2);
    await edit(domainIds[1], "primary_target", "tpyo.cdn.net");
    prober.say("tpyo.cdn.net", "refuse");
    await roundsOf(3);
    expect(await credits(serviceId), "the outage is as real as before").toMatchObject([{ credit: "earned", state: "storm" }]);
    prober.say("old.cdn.net", 200);
    await roundsOf(5);
    const [earned, refused, ...more] = await credits(serviceId);
    expect(more).toEqual([]);
    expect(earned).toMatchObject({ credit: "earned", state: "ended", ended_reason: "credit_changed" });
    expect(refused).toMatchObject({ credit: "refused", credit_reason: "never_healthy", state: "storm", started: earned?.ended });
  });
});
