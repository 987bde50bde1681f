import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDoh } from "../../local/route53/doh.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import { createObservationStore } from "../../src/adapters/db/steering/observations.ts";
import { createLeaseStore } from "../../src/adapters/db/coordination/leases.ts";
import type { Fence } from "../../src/adapters/ports/coordination/lease.ts";
import type { NameServers } from "../../src/adapters/ports/steering/name-servers.ts";
import type { Lookup } from "../../src/adapters/ports/steering/resolver.ts";
import { systemClock } from "../../src/adapters/platform/clock.ts";
import { createResolver } from "../../src/adapters/dns/resolver.ts";
import { observeAnswers } from "../../src/cron/observe-answers.ts";
import type { TestDatabase } from "../support/database.ts";
import { freshDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";

let database: TestDatabase;
let route53: Route53Server;
const closers: (() => Promise<void>)[] = [];
let endpoints: string[];
let fence: Fence;
let nowMs: number;
let domainId: number;
let stormId: number;
const insyncMs = Date.parse("2026-11-18T11:21:00Z");

beforeAll(async () => {
  database = await freshDatabase();
  closers.push(() => database.close());
  route53 = await startRoute53({ accessKeyId: "AKIATEST", secretAccessKey: "secret", zones: [{ name: "example.test" }] });
  closers.push(() => route53.close());
  for (const count of [1, 2]) {
    const doh = await startDoh({ zones: route53, random: () => 0.1 * count });
    closers.push(() => doh.close());
    endpoints = [...(endpoints ?? []), doh.url];
  }
  const taken = await createLeaseStore(database.db).acquire("job:observe-answers", "local", "local:test");
  if (taken === null) throw new Error("the lease is taken");
  fence = taken;
  const [row] = await database.sql<{ id: string }>(`
    with c as (insert into customers (name) values ('acme') returning id),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 'web', 'a', 'b' from c returning id, customer_id)
    insert into service_domains (service_id, customer_id, name, challenge_token) select id, customer_id, 'app.example.test', 't' from s returning id`);
  domainId = Number(row?.id);
  const [storm] = await database.sql<{ id: string }>(
    `
    with p as (insert into storm_policies (service_id, kind) select service_id, 'http_availability' from service_domains where id = $1 returning *)
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
    select service_id, id, 1, kind, 'storm', $2, $2, 1.5 from p returning id`,
    [domainId, new Date(insyncMs - 60_000)],
  );
  stormId = Number(storm?.id);
});
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

const records = (primary: number, backup: number) =>
  [
    ["primary", primary, "a.cdn.net"],
    ["backup", backup, "b.cdn.net"],
  ].map(([setIdentifier, weight, value]) => ({
    name: "app.example.test",
    type: "CNAME",
    setIdentifier,
    weight,
    ttl: 60,
    values: [`${String(value)}.`],
  }));
const publish = (primary: number, backup: number) =>
  route53.seed(
    route53.zones[0]?.id ?? "",
    records(primary, backup).map(({ setIdentifier, weight, values }) => ({
      name: "app.example.test",
      type: "CNAME",
      setIdentifier: String(setIdentifier),
      weight: Number(weight),
      ttlSeconds: 60,
      values,
    })),
  );

const switched = async (result = "insync", atMs = insyncMs, storm: number | null = null): Promise<number> => {
  const [row] = await database.sql<{ id: string }>(
    `insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at, insync_at)
     select service_id, id, $4, 100, 0, 0, 100, 'storm', 'tranche', 1, $2, $3, $3 from service_domains where id = $1 returning id`,
    [domainId, result, new Date(atMs), storm],
  );
  return Number(row?.id);
};
const observedOf = async (id: number) =>
  (await database.sql<{ observed: Record<string, unknown> | null }>("select observed from routing_changes where id = $1", [id]))[0]
    ?.observed ?? null;

beforeEach(async () => {
  nowMs = insyncMs + 61_000;
  await database.sql("delete from routing_changes");
  await database.sql(
    `insert into domain_routing (domain_id, service_id, status, records) select id, service_id, 'found', $2::jsonb from service_domains where id = $1
     on conflict (domain_id) do update set records = excluded.records, surroundings = null`,
    [domainId, JSON.stringify(records(0, 100))],
  );
});

/** What the evidence of the storm says was observed of one switch. */
const provenOf = async (id: number) =>
  (await database.sql<{ body: string }>("select body from evidence where storm_id = $1 and kind = 'observed' order by seq", [stormId]))
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>)
    .filter(({ change }) => change === id);

const run = async (over: { endpoints?: string[]; fence?: Fence; lookup?: Lookup; nameServers?: NameServers } = {}) => {
  const { log, lines } = createMemoryLog();
  const clock = { nowMs: () => nowMs, sleep: systemClock.sleep };
  const deps = {
    observations: createObservationStore(database.db),
    lookup: over.lookup ?? createResolver(over.endpoints ?? endpoints, fetch),
    clock,
    log,
    nameServers: over.nameServers ?? null,
  };
  return { report: await observeAnswers(deps, over.fence ?? fence), lines };
};

describe("the proof of a switch", () => {
  it("is what two resolvers answer, stored once beside it", async () => {
    publish(0, 100);
    const id = await switched();
    expect((await run()).report).toEqual({ due: 1, stored: 1, unexpected: 0, missed: 0 });
    expect(await observedOf(id)).toEqual({
      atMs: nowMs,
      verdict: "confirmed",
      type: "CNAME",
      expected: ["b.cdn.net"],
      resolvers: endpoints.map((endpoint) => ({ resolver: new URL(endpoint).host, answers: ["b.cdn.net"] })),
      visitors: { proof: "observed", reason: null, detail: null, expectedShare: { least: 1, most: 1 } },
    });
    expect((await run()).report).toEqual({ due: 0, stored: 0, unexpected: 0, missed: 0 });
  });

  it("waits until no cache may hold the old answer", async () => {
    publish(0, 100);
    const id = await switched();
    nowMs = insyncMs + 59_999;
    expect((await run()).report).toMatchObject({ due: 0 });
    nowMs += 1;
    expect((await run()).report).toMatchObject({ stored: 1 });
    expect(await observedOf(id)).not.toBeNull();
  });

  it("records where visitors get another answer, and logs it", async () => {
    publish(100, 0);
    const id = await switched();
    const { report, lines } = await run();
    expect(report).toMatchObject({ unexpected: 1 });
    expect(await observedOf(id)).toMatchObject({ verdict: "other", expected: ["b.cdn.net"] });
    expect(JSON.stringify(lines)).toContain("answer_unexpected");
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "error",
        event: "switch_diverged",
        fields: expect.objectContaining({ name: "app.example.test", reason: "answers" }),
      }),
    );
    expect(await observedOf(id)).toMatchObject({ visitors: { proof: "diverged", reason: "answers" } });
  });

  describe("with the zone's own name servers", () => {
    const servers = ["ns-1.awsdns-00.com", "ns-2.awsdns-00.net"];
    /** Resolvers that know the zone, but do not follow it. */
    const resolvers = (answer: string | null): Lookup => ({
      lookup: async (name, type) => {
        const answers = type === "NS" ? (name === "example.test" ? servers : []) : [`${answer}.`];
        return [answer === null && type !== "NS" ? { resolver: "r", status: "silent" } : { resolver: "r", status: "answered", answers }];
      },
    });
    const zoneSays = (...given: (string | null)[]): NameServers => ({
      ask: async (_, type, asked) => {
        expect([type, asked]).toEqual(["CNAME", servers]);
        return asked.map((resolver, index) => {
          const answer = given[index] ?? null;
          return answer === null ? { resolver, status: "silent" } : { resolver, status: "answered", answers: [`${answer}.`] };
        });
      },
    });

    it.each([
      ["all follow", "b.cdn.net", ["b.cdn.net", "b.cdn.net"], "confirmed", "observed"],
      ["resolvers have the old answer", "a.cdn.net", ["b.cdn.net", "b.cdn.net"], "other", "unknown"],
      ["resolvers have the old answer, and one server is silent", "a.cdn.net", [null, "b.cdn.net"], "other", "unknown"],
      ["resolvers have the old answer, and no server is heard", "a.cdn.net", [null, null], "other", "diverged"],
      ["the zone has the old answer", "b.cdn.net", ["a.cdn.net", "a.cdn.net"], "other", "diverged"],
      ["one of its servers has", "b.cdn.net", ["b.cdn.net", "a.cdn.net"], "other", "diverged"],
      ["no server is heard", "b.cdn.net", [null, null], "confirmed", "observed"],
      ["no resolver is heard", null, ["b.cdn.net", "b.cdn.net"], "silent", "unknown"],
    ] as const)("where %s", async (_, resolver, zone, verdict, proof) => {
      const id = await switched("insync", insyncMs, stormId);
      const { lines } = await run({ lookup: resolvers(resolver), nameServers: zoneSays(...zone) });
      expect(await observedOf(id)).toMatchObject({
        verdict,
        resolvers: [
          { resolver: "r", answers: resolver === null ? null : [resolver] },
          ...servers.map((server, index) => ({
            resolver: `${server} (authoritative)`,
            source: "authoritative",
            answers: zone[index] == null ? null : [zone[index]],
          })),
        ],
        visitors: {
          proof,
          detail:
            proof === "unknown" && verdict === "other"
              ? expect.stringContaining("caches")
              : proof === "diverged"
                ? expect.stringMatching(zone.some((answer) => answer === "a.cdn.net") ? /^the zone/ : /^resolvers/)
                : null,
        },
      });
      expect(lines.some(({ event }) => event === "switch_diverged")).toBe(proof === "diverged");
      expect(await provenOf(id)).toMatchObject([
        { verdict, resolvers: [{ resolver: "r" }, { resolver: "ns-1.awsdns-00.com (authoritative)" }, {}] },
      ]);
    });
  });

  const around = async (surroundings: unknown) =>
    void (await database.sql("update domain_routing set surroundings = $2::jsonb where domain_id = $1", [
      domainId,
      JSON.stringify(surroundings),
    ]));

  it("fault 7: says that a third set answers beside the backup, though every answer is one that it expects", async () => {
    publish(0, 100);
    await around({ neighbours: [{ type: "CNAME", setIdentifier: "canary", weight: 100, values: ["a.cdn.net."] }], health: {} });
    const id = await switched();
    const { lines } = await run();
    expect(await observedOf(id)).toMatchObject({
      verdict: "confirmed",
      expected: ["a.cdn.net", "b.cdn.net"],
      visitors: { proof: "diverged", reason: "neighbour", expectedShare: { least: 0.5, most: 0.5 } },
    });
    expect(lines).toContainEqual(
      expect.objectContaining({
        event: "switch_diverged",
        fields: expect.objectContaining({ detail: expect.stringContaining('"canary"') }),
      }),
    );
  });

  it("fault 5: says that a failing check keeps visitors on the primary", async () => {
    publish(100, 0);
    await database.sql("update domain_routing set records = $2::jsonb where domain_id = $1", [
      domainId,
      JSON.stringify(records(0, 100).map((record) => (record.setIdentifier === "backup" ? { ...record, healthCheckId: "h1" } : record))),
    ]);
    await around({ neighbours: [], health: { h1: "unhealthy" } });
    const id = await switched();
    await run();
    expect(await observedOf(id)).toMatchObject({
      verdict: "confirmed",
      expected: ["a.cdn.net"],
      visitors: { proof: "diverged", reason: "health_check" },
    });
  });

  it("is silent where no resolver can be asked, and that is kept too", async () => {
    const id = await switched();
    await run({ endpoints: ["http://127.0.0.1:9/dns-query"] });
    expect(await observedOf(id)).toMatchObject({ verdict: "silent", resolvers: [{ answers: null }] });
  });

  it.each([
    ["was not made", "failed"],
    ["is not on all servers", "accepted"],
  ])("is not sought for a switch that %s", async (_, result) => {
    publish(0, 100);
    const id = await switched(result, insyncMs - 7_200_000);
    expect((await run()).report).toMatchObject({ due: 0 });
    expect(await observedOf(id)).toBeNull();
  });

  it("is not sought for a switch that another one has followed; after an hour that is said", async () => {
    publish(0, 100);
    const first = await switched("insync", insyncMs, stormId);
    const second = await switched("accepted");
    expect((await run()).report).toMatchObject({ due: 0 });
    expect(await observedOf(first)).toBeNull();
    nowMs = insyncMs + 60_000 + 3_599_999;
    expect((await run()).report).toMatchObject({ due: 0 });
    nowMs += 1;
    expect((await run()).report).toEqual({ due: 1, stored: 1, unexpected: 0, missed: 1 });
    expect(await observedOf(first)).toEqual({ atMs: nowMs, verdict: "missed", type: "CNAME", expected: [], resolvers: [] });
    expect(await provenOf(first)).toMatchObject([{ verdict: "missed", expected: [], resolvers: [] }]);
    expect([await observedOf(second), (await run()).report["due"]]).toEqual([null, 0]);
  });

  it("is given up for a name that is gone, without asking for it", async () => {
    const id = await switched("insync", insyncMs - 3_700_000, stormId);
    await database.sql("delete from domain_routing");
    expect((await run({ endpoints: ["http://127.0.0.1:9/dns-query"] })).report).toMatchObject({ missed: 1 });
    expect([await observedOf(id), await provenOf(id)]).toMatchObject([
      { verdict: "missed", type: "A" },
      [{ verdict: "missed", record_type: "A" }],
    ]);
  });

  it("goes to what can still be seen before it gives anything up", async () => {
    const late = [await switched("insync", insyncMs - 7_200_000), await switched("insync", insyncMs - 7_100_000)];
    const fresh = await switched();
    const due = await createObservationStore(database.db).due(nowMs, 3_600_000, 2);
    expect(due.map(({ changeRowId, late: isLate }) => [changeRowId, isLate])).toEqual([
      [fresh, false],
      [late[0], true],
    ]);
  });

  /** Domains with switches of one customer, all on all servers at that moment. */
  const switchedMany = async (customer: string, count: number, ttl: number, atMs: number) =>
    void (
      await database.sql(
        `with c as (insert into customers (name) values ($1) returning id),
     s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 'web', 'a', 'b' from c returning id, customer_id),
     d as (insert into service_domains (service_id, customer_id, name, challenge_token) select id, customer_id, $1 || i || '.example.test', 't' from s, generate_series(1, $2::int) i returning *),
     r as (insert into domain_routing (domain_id, service_id, status, records) select id, service_id, 'found', $3::jsonb from d returning domain_id)
     select id from d join r on r.domain_id = d.id`,
        [customer, count, JSON.stringify(records(0, 100).map((record) => ({ ...record, ttl })))],
      ),
      await database.sql(
        `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at, insync_at)
       select d.service_id, d.id, 100, 0, 0, 100, 'storm', 'tranche', 1, 'insync', $2, $2 from service_domains d join customers c on c.id = d.customer_id where c.name = $1`,
        [customer, new Date(atMs)],
      )
    );
  const verdicts = async (customer: string) =>
    (
      await database.sql<{ verdict: string; count: string }>(
        `select observed->>'verdict' as verdict, count(*) from routing_changes h join service_domains d on d.id = h.domain_id join customers c on c.id = d.customer_id
     where c.name = $1 group by 1 order by 1`,
        [customer],
      )
    ).map(({ verdict, count }) => `${count} ${verdict}`);
  const answersAll: Lookup = { lookup: async () => [{ resolver: "one", status: "answered", answers: ["b.cdn.net."] }] };

  it("comes when its own time has come, however many others have longer to wait", async () => {
    await switchedMany("slow", 200, 3_600, insyncMs);
    await switchedMany("quick", 1, 60, insyncMs + 1_000);
    nowMs = insyncMs + 62_000;
    expect((await run({ lookup: answersAll })).report).toMatchObject({ due: 1, stored: 1 });
    expect(await verdicts("quick")).toEqual(["1 confirmed"]);
    // And theirs does come, an hour later: they are not given up for having waited.
    nowMs = insyncMs + 3_601_000;
    for (let minute = 0; minute < 2; minute += 1) await run({ lookup: answersAll });
    expect(await verdicts("slow")).toEqual(["200 confirmed"]);
  });

  it("goes by turns among customers, not by who has most", async () => {
    await switchedMany("many", 300, 60, insyncMs);
    await switchedMany("one", 1, 60, insyncMs + 30_000);
    nowMs = insyncMs + 100_000;
    await run({ lookup: answersAll });
    expect(await verdicts("one")).toEqual(["1 confirmed"]);
    await database.sql("delete from routing_changes");
  });

  it("is not that of the next switch, which came while it was looked for", async () => {
    publish(0, 100);
    const id = await switched("insync", insyncMs, stormId);
    const real = createResolver(endpoints, fetch);
    const lookup: Lookup = {
      lookup: async (name, type, budget) => {
        await switched("intent");
        return await real.lookup(name, type, budget);
      },
    };
    expect((await run({ lookup })).report).toMatchObject({ due: 1, stored: 0 });
    expect([await observedOf(id), await provenOf(id)]).toEqual([null, []]);
  });

  it("stands in the storm's evidence, once, whoever looks", async () => {
    publish(0, 100);
    const own = await switched("insync", insyncMs, stormId);
    const reports = await Promise.all([run(), run(), run()]);
    expect(reports.map(({ report }) => Number(report["stored"])).toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
    expect(await provenOf(own)).toEqual([
      {
        change: own,
        change_id: null,
        domain: "app.example.test",
        expected: ["b.cdn.net"],
        insync_at: new Date(insyncMs).toISOString(),
        observed_at: new Date(nowMs).toISOString(),
        record_type: "CNAME",
        verdict: "confirmed",
        resolvers: endpoints.map((endpoint) => ({ answers: ["b.cdn.net"], resolver: new URL(endpoint).host })),
      },
    ]);
  });

  it("is proven as what it is, be it nothing", async () => {
    const id = await switched("insync", insyncMs, stormId);
    await run({ endpoints: ["http://127.0.0.1:9/dns-query"] });
    expect(await provenOf(id)).toMatchObject([{ verdict: "silent", resolvers: [{ answers: null, resolver: "127.0.0.1:9" }] }]);
  });

  it("survives answers that no database can hold", async () => {
    const id = await switched("insync", insyncMs, stormId);
    const lookup: Lookup = { lookup: async () => [{ resolver: "odd", status: "answered", answers: ["a\0b\uD800.", '"\\\u2028😀'] }] };
    expect((await run({ lookup })).report).toMatchObject({ stored: 1, unexpected: 1 });
    expect(await provenOf(id)).toMatchObject([
      { verdict: "other", resolvers: [{ answers: ['"\\\u2028😀', "a\uFFFDb\uFFFD"], resolver: "odd" }] },
    ]);
  });

  it("writes nothing without its lease", async () => {
    publish(0, 100);
    const id = await switched();
    expect((await run({ fence: { ...fence, epoch: fence.epoch + 1 } })).report).toMatchObject({ stored: 0 });
    expect(await observedOf(id)).toBeNull();
  });
});
