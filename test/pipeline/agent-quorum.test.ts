import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCorroborationStore } from "../../src/adapters/db/detection/corroboration.ts";
import { createProbeAgentStore } from "../../src/adapters/db/detection/probe-agents.ts";
import type { ProbeAgentStore } from "../../src/adapters/ports/detection/probe-agents.ts";
import type { AgentReading } from "../../src/domain/detection/agent-reading.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createWorld, intervalMs } from "../support/round-world.ts";

const name = "app.example.test";
const change = { actor: "admin", requestId: "r1", idempotency: null };
const key = (of: string): string => of.padEnd(43, "k");

let database: TestDatabase;
let agents: ProbeAgentStore;
let world: Awaited<ReturnType<typeof createWorld>>;
let ids: { serviceId: number; domainIds: number[] };
/** The slot of the next round: the first ones are just past, as an agent's samples are taken by the database's own clock. */
let slotMs: number;

type View = Readonly<Partial<Record<"primary" | "backup", boolean>>>;

const readings = (view: View): AgentReading[] =>
  (["primary", "backup"] as const).flatMap((path) => {
    const ok = view[path];
    if (ok === undefined) return [];
    const probe = (at: number) => ({ probedAtMs: slotMs + at * 1_000, latencyMs: 20, ...(ok ? good : bad) });
    return [{ domainId: ids.domainIds[0] ?? 0, path, setup: 0, slotMs, probes: ok ? [probe(0)] : [probe(0), probe(1), probe(2)] }];
  });
const good = { status: 200, error: null } as const;
const bad = { status: 503, error: "http_status" } as const;

/** A slot: agents tell what they saw of it, then the provider has its round. */
const slot = async (views: Readonly<Record<string, View>>) => {
  for (const [agent, view] of Object.entries(views)) {
    const { agent: found } = await agents.identify(key(agent));
    if (found !== null) await agents.keep(found, readings(view), { clockSkewMs: 3, version: "0.1.0" });
  }
  await world.clock.advance(Math.max(0, slotMs - world.clock.nowMs()));
  const report = await world.clock.run(world.run(slotMs));
  slotMs += intervalMs;
  return report;
};
const slots = async (number: number, views: Readonly<Record<string, View>>) => {
  for (let index = 0; index < number; index += 1) await slot(views);
};

const calm = { primary: true, backup: true } as const;
const primaryDown = { primary: false, backup: true } as const;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  world.dns.put(name);
  agents = createProbeAgentStore(database.db, true);
  ids = await world.seed({ cdns: ["cdn-a", "cdn-b"], domains: [{ name }], policies: [{ window: 30 }] });
  for (const agent of ["fra", "nyc"]) await agents.create({ name: agent, location: agent, publicKey: key(agent) }, change);
  slotMs = (Math.floor(Date.now() / intervalMs) - 5) * intervalMs;
  await world.clock.advance(slotMs - world.clock.nowMs());
  await world.sql("update leases set expires_at = now() + interval '1 hour'");
});
afterEach(async () => {
  await database.close();
});

describe("one provider and one agent", () => {
  it("agree that the primary is down: a storm begins, dated by the provider, and visitors are moved", async () => {
    await slots(3, { fra: calm });
    world.prober.say("a.cdn.net", 503);
    await slot({ fra: primaryDown });
    expect(await world.storms()).toMatchObject([{ state: "storm" }]);
    expect(await world.history()).toEqual(["100/0>0/100 storm accepted"]);
    expect(await world.sql("select distinct vantage from probe_samples order by 1")).toEqual([
      { vantage: "agent:fra" },
      { vantage: "local" },
    ]);
  });

  it.each([
    ["the provider", calm, 503],
    ["the agent", primaryDown, 200],
  ] as const)("do not agree, as only %s sees it down: nothing moves", async (_, view, status) => {
    await slots(3, { fra: calm });
    world.prober.say("a.cdn.net", status);
    await slots(2, { fra: view });
    expect(await world.storms()).toEqual([]);
    expect(await world.history()).toEqual([]);
  });

  it("a deleted agent does not count from the next round on", async () => {
    await slots(3, { fra: calm });
    world.prober.say("a.cdn.net", 503);
    await slot({ fra: calm });
    expect(await world.storms()).toEqual([]);
    const [fra] = await agents.list({ limit: 1, afterId: null });
    expect(await agents.remove(fra?.id ?? 0, change)).toBe(true);
    await slot({ fra: calm });
    expect(await world.storms()).toMatchObject([{ state: "storm" }]);
    expect(await world.sql("select name from vantages")).toEqual([{ name: "local" }]);
  });

  it("nobody waits for an agent that has fallen silent", async () => {
    await slots(3, { fra: calm });
    world.prober.say("a.cdn.net", 503);
    await world.sql("update vantages set last_heard_at = last_heard_at - interval '5 minutes' where name = 'agent:fra'");
    await slot({});
    expect(await world.storms()).toMatchObject([{ state: "storm" }]);
  });

  it("an agent alone decides nothing, not even where the provider has nothing to say", async () => {
    world.prober.say("a.cdn.net", "unreadable");
    await slots(4, { fra: primaryDown });
    expect(await world.storms()).toEqual([]);
    expect(await world.history()).toEqual([]);
  });
});

describe("a discount", () => {
  it("is earned by no agent's word: it is no witness of a CDN's failure", async () => {
    const day = "now() - interval '3 days'";
    await world.sql(`update service_domains set seen_healthy_at = ${day}, trigger_edited_at = ${day}, verified_by = 'proof'`);
    await world.sql(`update service_cdns set from_at = ${day}`);
    const corroboration = createCorroborationStore(database.db);
    const seen = async () => (await corroboration.seen(["cdn-a"], slotMs, 3_600_000)).map(({ name: host, fails }) => [host, fails]);
    await slots(3, { fra: primaryDown, nyc: primaryDown });
    // The provider sees it well, whatever agents say; without the provider nobody is heard.
    expect(await seen()).toEqual([[name, false]]);
    await world.sql("delete from probe_samples where vantage = 'local'");
    expect(await seen()).toEqual([]);
  });
});

describe("two agents", () => {
  it("see the collapse of the CDN on which the only provider runs, which sees none", async () => {
    await world.sql("update services set primary_cdn = 'local'");
    await slots(3, { fra: calm, nyc: calm });
    await slot({ fra: primaryDown, nyc: calm });
    expect(await world.storms()).toEqual([]);
    await slot({ fra: primaryDown, nyc: primaryDown });
    expect(await world.storms()).toEqual([]);
    await slot({ fra: primaryDown, nyc: primaryDown });
    expect(await world.storms()).toMatchObject([{ state: "storm" }]);
  });
});
