import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRoundStore } from "../../src/adapters/db/round/rounds.ts";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import { runRound } from "../../src/pipeline/round.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { countTrips } from "../support/counting-database.ts";
import { createWorld } from "../support/round-world.ts";
import type { World } from "../support/round-world.ts";

let database: TestDatabase;
let world: World;
const shard = { index: 0, count: 1 };
const services = 10_000;
const room = 2_500;

/** Ten small customers, and one that has nearly all of 10,000 services; each with a domain whose records were read before. */
beforeAll(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  await database.sql(
    `with c as (insert into customers (name) select case when i = 0 then 'huge' else 'small ' || i end from generate_series(0, 10) i returning id),
     s as (insert into services (customer_id, name, primary_cdn, backup_cdn)
       select (select min(id) from c) + case when mod(i, 1000) = 0 then i / 1000 else 0 end, 'service ' || i, 'cdn-a', 'cdn-b'
       from generate_series(1, ${services}) i returning id, customer_id),
     p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s returning id),
     v as (insert into storm_policy_versions select id, 1, 0.9, 60, 60, 1.5, 3, 3, null, now() from p),
     d as (insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token)
       select id, customer_id, 'host-' || id || '.example.test', 'a.cdn.net', 'b.cdn.net', 'token' from s returning id, service_id, name)
     insert into domain_routing (domain_id, service_id, status, zone_id, records, read_at)
     select id, service_id, 'found', 'Z0123456789ABCDEF', (
       select jsonb_agg(jsonb_build_object('name', d.name, 'type', type, 'setIdentifier', side, 'weight', 100, 'ttl', 60, 'values', jsonb_build_array('203.0.113.17')))
       from unnest(array['primary', 'backup']) side, unnest(array['A', 'AAAA']) type), now() from d`,
  );
  await database.sql("vacuum analyze");
});
afterAll(() => database.close());

describe("a shard of 10,000 services", () => {
  it("is read by turns: the large customer's in four rounds or five, the others' in each", async () => {
    const rounds = createRoundStore(world.db);
    const smalls = (
      await world.sql<{ id: string }>("select s.id from services s join customers c on c.id = s.customer_id where c.name <> 'huge'")
    ).map(({ id }) => Number(id));
    const seen = new Set<number>();
    for (let round = 100; round < 105; round += 1) {
      const view = await rounds.load(world.held.fence, shard, round, Date.now());
      const ids = view?.services.map(({ serviceId }) => serviceId) ?? [];
      expect(ids.length).toBeLessThanOrEqual(room);
      expect(ids.length).toBeGreaterThan(room - 20);
      expect(view?.domainsLeftOut).toBe(services - ids.length);
      expect(smalls.filter((id) => ids.includes(id))).toHaveLength(10);
      for (const id of ids) seen.add(id);
      if (round > 100) continue;
      const witness = createRoundStore(world.db);
      expect(
        (await witness.survey(shard, round)).map(({ serviceId }) => serviceId),
        "the witness takes the same turns",
      ).toEqual(ids);
    }
    expect(seen.size).toBe(services);
  });

  it("is read by turns that follow on each other where rounds overrun and only every second slot has one", async () => {
    const rounds = createRoundStore(world.db);
    const seen = new Set<number>();
    for (let round = 100; round < 110; round += 2) {
      for (const { serviceId } of (await rounds.load(world.held.fence, shard, round, Date.now()))?.services ?? []) seen.add(serviceId);
    }
    expect(seen.size).toBe(services);
  });

  it("asks for no first page in vain once it is known, and is read whole again when it fits", async () => {
    const { db, count } = countTrips(database.db);
    const rounds = createRoundStore(db);
    const trips = async () => {
      count.trips = 0;
      const view = await rounds.load(world.held.fence, shard, 1, Date.now());
      return [count.trips, view?.services.length, view?.domainsLeftOut];
    };
    const [, taken] = await trips();
    expect(await trips(), "an index and a page").toEqual([2, taken, services - Number(taken)]);
    await world.sql("update services set deleted_at = now() where id > 2000");
    expect((await trips()).slice(1)).toEqual([2_000, 0]);
    expect(await trips()).toEqual([1, 2_000, 0]);
    await world.sql("update services set deleted_at = null");
  });

  it("has its round: it probes and judges those whose turn it is, and says how many have none", async () => {
    world.prober.say("a.cdn.net", 200);
    const report = await world.round();
    expect(report).toMatchObject({ held: true, unprobed: 0, load: { domains: services } });
    expect(report.load?.leftOut).toBeGreaterThanOrEqual(services - room);
    expect(report.samples).toBe(2 * (services - (report.load?.leftOut ?? 0)));
  });

  it("leaves out a service that is too much for any page, and no other", async () => {
    const rounds = createRoundStore(world.db);
    await world.sql("update services set deleted_at = now() where id > 50");
    const [giant] = await world.sql<{ id: string; customer: string }>("select id, customer_id as customer from services where id = 25");
    await world.sql(
      `with d as (insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token)
         select $1, $2, 'giant-' || i || '.example.test', 'a.cdn.net', 'b.cdn.net', 'token' from generate_series(1, 2000) i returning id)
       insert into domain_routing (domain_id, service_id, status, last_error) select id, $1, 'error', repeat('x', 4000) from d`,
      [giant?.id, giant?.customer],
    );
    const view = await rounds.load(world.held.fence, shard, 3, Date.now());
    expect(view?.services.map(({ serviceId }) => serviceId)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1).filter((id) => id !== 25),
    );
    expect(view?.domainsLeftOut).toBe(2_001);
  });
});

describe("an evaluation of more than a page", () => {
  const page = (serviceId: number, domains = room) => ({ serviceId, domains: Array.from({ length: domains }) });
  const presence = { vantage: "local", place: null, nowMs: Date.now(), beat: null };
  /** A database in which the figures of some services can not be read. */
  const failing = (ids: readonly number[], sent: string[][]): Database => ({
    rows: async () => [],
    batch: async (queries) => {
      const texts = queries.map((query) => JSON.stringify(query.queryChunks));
      sent.push(texts.map((text) => (text.includes("commit and chain") ? "commit" : (/"\{(\d+(?:,\d+)*)\}"/.exec(text)?.[1] ?? "say"))));
      if (sent.at(-1)?.some((said) => ids.some((id) => said.split(",").includes(String(id))))) throw new Error("no figures");
      return queries.map(() => []) as never;
    },
  });

  it("goes page by page, the samples with the first, a service never split", async () => {
    const sent: string[][] = [];
    await createRoundStore(failing([], sent)).saveAndEvaluate(
      world.held.fence,
      [],
      [page(1, 1_000), page(2, 1_500), page(3, 1), page(4, 9_000), page(5, 1)],
      presence,
    );
    expect(sent).toEqual([["say", "say", "commit", "1,2"], ["3"], ["4"], ["5"]]);
  });

  it("leaves out the services of a page that fails, and stores the samples once more where that was the first", async () => {
    const sent: string[][] = [];
    const rounds = createRoundStore(failing([1], sent));
    expect(await rounds.saveAndEvaluate(world.held.fence, [], [page(1), page(2), page(3)], presence)).toMatchObject({
      policies: [],
      leftOut: [1],
      error: { message: "no figures" },
    });
    expect(sent).toEqual([["say", "say", "commit", "1"], ["say", "say"], ["2"], ["3"]]);
    expect(
      await createRoundStore(failing([3], [])).saveAndEvaluate(world.held.fence, [], [page(1), page(2), page(3)], presence),
    ).toMatchObject({
      policies: [],
      leftOut: [3],
    });
  });

  it("is reported by the round, which decides nothing of what it left out", async () => {
    const { deps, held, clock, rounds, sql } = world;
    await sql("update services set deleted_at = now() where id <> 1");
    await sql("delete from service_routing");
    const unread = { ...rounds, saveAndEvaluate: async () => ({ policies: [], leftOut: [1], error: new Error("no figures") }) };
    const report = await clock.run(runRound({ ...deps, rounds: unread }, held.fence, shard, clock.nowMs()));
    expect(report).toMatchObject({
      held: true,
      unjudged: { services: 1, error: { message: "no figures" } },
      load: { domains: 1, leftOut: 1 },
    });
    expect(await sql("select from service_routing")).toEqual([]);
  });

  it("fails where all of them fail", async () => {
    await expect(createRoundStore(failing([1, 2], [])).saveAndEvaluate(world.held.fence, [], [page(1), page(2)], presence)).rejects.toThrow(
      "no figures",
    );
  });
});
