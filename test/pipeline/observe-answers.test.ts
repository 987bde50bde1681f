import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDoh } from "../../local/route53/doh.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import { createObservationStore } from "../../src/adapters/db/observations.ts";
import { createLeaseStore } from "../../src/adapters/db/leases.ts";
import type { Fence } from "../../src/adapters/ports/lease.ts";
import { createResolver } from "../../src/adapters/resolver.ts";
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
});
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

const records = (primary: number, backup: number) =>
  [["primary", primary, "a.cdn.net"], ["backup", backup, "b.cdn.net"]].map(([setIdentifier, weight, value]) => ({
    name: "app.example.test", type: "CNAME", setIdentifier, weight, ttl: 60, values: [`${String(value)}.`],
  }));
const publish = (primary: number, backup: number) =>
  route53.seed(route53.zones[0]?.id ?? "", records(primary, backup).map(({ setIdentifier, weight, values }) => ({
    name: "app.example.test", type: "CNAME", setIdentifier: String(setIdentifier), weight: Number(weight), ttlSeconds: 60, values,
  })));

const switched = async (result = "insync", atMs = insyncMs): Promise<number> => {
  const [row] = await database.sql<{ id: string }>(
    `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at, insync_at)
     select service_id, id, 100, 0, 0, 100, 'storm', 'tranche', 1, $2, $3, $3 from service_domains where id = $1 returning id`,
    [domainId, result, new Date(atMs)]);
  return Number(row?.id);
};
const observedOf = async (id: number) =>
  (await database.sql<{ observed: Record<string, unknown> | null }>("select observed from routing_changes where id = $1", [id]))[0]?.observed ?? null;

beforeEach(async () => {
  nowMs = insyncMs + 61_000;
  await database.sql("delete from routing_changes");
  await database.sql(
    `insert into domain_routing (domain_id, service_id, status, records) select id, service_id, 'found', $2::jsonb from service_domains where id = $1
     on conflict (domain_id) do update set records = excluded.records`, [domainId, JSON.stringify(records(0, 100))]);
});

const run = async (over: { endpoints?: string[]; fence?: Fence } = {}) => {
  const { log, lines } = createMemoryLog();
  const clock = { nowMs: () => nowMs, sleep: async () => undefined };
  const deps = { observations: createObservationStore(database.db), lookup: createResolver(over.endpoints ?? endpoints, fetch), clock, log };
  return { report: await observeAnswers(deps, over.fence ?? fence), lines };
};

describe("the proof of a switch", () => {
  it("is what two resolvers answer, stored once beside it", async () => {
    publish(0, 100);
    const id = await switched();
    expect((await run()).report).toEqual({ due: 1, stored: 1, unexpected: 0 });
    expect(await observedOf(id)).toEqual({
      atMs: nowMs, verdict: "confirmed", type: "CNAME", expected: ["b.cdn.net"],
      resolvers: endpoints.map((endpoint) => ({ resolver: new URL(endpoint).host, answers: ["b.cdn.net"] })),
    });
    expect((await run()).report).toEqual({ due: 0, stored: 0, unexpected: 0 });
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

  it("says where visitors are answered something else, and is heard of", async () => {
    publish(100, 0);
    const id = await switched();
    const { report, lines } = await run();
    expect(report).toMatchObject({ unexpected: 1 });
    expect(await observedOf(id)).toMatchObject({ verdict: "other", expected: ["b.cdn.net"] });
    expect(JSON.stringify(lines)).toContain("answer_unexpected");
  });

  it("is silent where no resolver can be asked, and that is kept too", async () => {
    const id = await switched();
    await run({ endpoints: ["http://127.0.0.1:9/dns-query"] });
    expect(await observedOf(id)).toMatchObject({ verdict: "silent", resolvers: [{ answers: null }] });
  });

  it.each([
    ["was not made", "failed", 0],
    ["is not on all servers", "accepted", 0],
    ["is too long ago", "insync", 3_600_000],
  ])("is not sought for a switch that %s", async (_, result, agoMs) => {
    publish(0, 100);
    await switched(result, insyncMs - agoMs);
    expect((await run()).report).toMatchObject({ due: 0 });
  });

  it("is not sought for a switch that another one has followed", async () => {
    publish(0, 100);
    const first = await switched();
    await switched("accepted");
    expect((await run()).report).toMatchObject({ due: 0 });
    expect(await observedOf(first)).toBeNull();
  });

  it("writes nothing without its lease", async () => {
    publish(0, 100);
    const id = await switched();
    expect((await run({ fence: { ...fence, epoch: fence.epoch + 1 } })).report).toMatchObject({ stored: 0 });
    expect(await observedOf(id)).toBeNull();
  });
});
