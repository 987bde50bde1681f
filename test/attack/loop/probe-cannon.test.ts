import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { createTargetStore } from "../../../src/adapters/db/detection/targets.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import type { AnswerReading, Lookup, Resolver } from "../../../src/adapters/ports/steering/resolver.ts";
import type { ConsentReader } from "../../../src/adapters/ports/detection/targets.ts";
import { checkTargets } from "../../../src/cron/check-targets.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** Hole 8: whoever registers names has the operator send 54 requests a minute for each of them to whatever host it likes. */

let database: TestDatabase;
let world: World;
let fence: Fence;
/** What the public DNS says; a name that is not in it leads to a public address. */
const zone = new Map<string, readonly string[] | null>();
const texts = new Map<string, readonly string[]>();
const pages = new Map<string, string>();
const asked: string[] = [];

const said = (answers: readonly string[] | null): AnswerReading =>
  answers === null ? { resolver: "one", status: "silent" } : { resolver: "one", status: "answered", answers };
const lookup: Lookup = {
  lookup: async (name, type) => {
    const answers = zone.get(name) === undefined ? ["93.184.215.14"] : (zone.get(name) ?? null);
    return [said(type === "A" || answers === null ? answers : [])];
  },
};
const resolver: Resolver = { txt: async (name) => [{ resolver: "one", status: "answered", texts: texts.get(name) ?? [] }] };
const consent: ConsentReader = {
  read: async (host) => {
    asked.push(host);
    return { status: "sent", value: pages.get(host) ?? null };
  },
};

const look = async (over: { checksTargets?: boolean; laterMs?: number } = {}) => {
  const { log } = createMemoryLog();
  const clock = { nowMs: () => Date.now() + (over.laterMs ?? 0), sleep: async () => undefined };
  return await checkTargets(
    { targets: createTargetStore(database.db), lookup, resolver, consent, clock, log, checksTargets: over.checksTargets ?? true },
    fence,
  );
};

/** Rounds of a deployment for strangers, by the host that was probed. */
const hostsOf = async (rounds: number): Promise<string[][]> => {
  const perRound: string[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = world.prober.calls.length;
    await world.round({ probe: { ...world.deps.probe, restrainsUnverified: true } });
    perRound.push(world.prober.calls.slice(before).map(({ url }) => new URL(url).hostname));
  }
  return perRound;
};
const mostOf = (perRound: readonly string[][], host: string): number =>
  Math.max(...perRound.map((hosts) => hosts.filter((one) => one === host).length));
const countOf = (perRound: readonly string[][], host: string): number => perRound.flat().filter((one) => one === host).length;

beforeAll(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  const taken = await createLeaseStore(database.db).acquire("job:check-targets", "local", "local:test");
  if (taken === null) throw new Error("no lease");
  fence = taken;
});
beforeEach(async () => {
  for (const known of [zone, texts, pages]) known.clear();
  asked.splice(0);
  await world.sql("delete from probe_claims");
  await world.sql("delete from probe_targets");
  await world.sql("update services set deleted_at = now()");
  await world.sql("update service_domains set deleted_at = now()");
});
afterAll(() => database.close());

let names = 0;
const claim = (customer: string, target: string | null, over: { verified?: boolean; cdn?: string; name?: string } = {}) => {
  names += 1;
  const name = over.name ?? `claim-${names}.example.com`;
  return world.seed({
    customer,
    name: `service ${names}`,
    cdns: [over.cdn ?? "cdn-a", "cdn-b"],
    domains: [{ name, primary: target, backup: null, verified: over.verified ?? false }],
    policies: [],
  });
};

describe("strangers who name a host as their target", () => {
  it("have nothing sent to it, nor to the name they claim, as long as it has not agreed", async () => {
    for (const customer of ["one", "two", "three"]) await claim(customer, "victim.com", { name: `www.victim-${customer}.com` });
    expect((await hostsOf(3)).flat(), "before anybody has looked").toEqual([]);
    expect(await look()).toMatchObject({ due: 4, checked: 4, claims: 0 });
    expect((await hostsOf(25)).flat()).toEqual([]);
    expect(asked.toSorted(), "each is asked once, whoever claims it").toEqual([
      "victim.com",
      "www.victim-one.com",
      "www.victim-three.com",
      "www.victim-two.com",
    ]);
  });

  it("get one probe a round out of it at most, all together, unconfirmed, though there are forty of them and it is down", async () => {
    texts.set("_tranche-probe.agreeing.com", ["allow"]);
    for (let at = 0; at < 40; at += 1) await claim(`crowd ${at % 8}`, "agreeing.com");
    await look();
    world.prober.say("agreeing.com", "hang");
    const perRound = await hostsOf(80);
    expect(mostOf(perRound, "agreeing.com")).toBe(1);
    expect(countOf(perRound, "agreeing.com"), "each had its two turns").toBe(80);
    const turns = await world.sql(
      "select domain_id, count(*) as n from probe_samples where path = 'primary' and probed_at > now() - interval '100 years' group by 1",
    );
    expect(new Set(turns.map(({ n }) => Number(n)))).toEqual(new Set([2]));
  });

  it("have it probed at a tenth of the cadence where one of them does", async () => {
    pages.set("alone.com", "allow\n");
    await claim("one", "alone.com");
    await look();
    const perRound = await hostsOf(40);
    expect(countOf(perRound, "alone.com")).toBe(4);
    const at = perRound.flatMap((hosts, round) => (hosts.includes("alone.com") ? [round] : []));
    expect(at.map((round) => round - (at[0] ?? 0))).toEqual([0, 10, 20, 30]);
  });

  it("do not starve the owner: a verified domain has each of its rounds, confirmed, whoever else names its target", async () => {
    texts.set("_tranche-probe.shared.com", ["allow"]);
    const { domainIds } = await claim("owner", "shared.com", { verified: true });
    for (let at = 0; at < 30; at += 1) await claim(`crowd ${at % 6}`, "shared.com");
    await look();
    world.prober.say("shared.com", 503);
    await hostsOf(10);
    const own = await world.sql<{ attempt: number; n: string }>(
      "select attempt, count(*) as n from probe_samples where domain_id = $1 and path = 'primary' group by 1 order by 1",
      [domainIds[0]],
    );
    expect(own.map(({ attempt, n }) => [attempt, Number(n)])).toEqual([
      [0, 10],
      [1, 10],
      [2, 10],
    ]);
  });
});

describe("a host that agrees", () => {
  it.each([
    ["by a TXT record", () => texts.set("_tranche-probe.host.com", ["something", " Allow "])],
    ["by its page", () => pages.set("host.com", "allow")],
  ])("%s", async (_, agree) => {
    agree();
    await claim("one", "host.com");
    expect(await look()).toMatchObject({ claims: 1 });
    expect(countOf(await hostsOf(10), "host.com")).toBe(1);
  });

  it.each([
    ["a page that answers everything with something", () => pages.set("host.com", "<!doctype html><p>allow")],
    ["a record that says more", () => texts.set("_tranche-probe.host.com", ["allowed-not"])],
    ["one resolver of two that was lied to", () => texts.set("_tranche-probe.host.com", [])],
  ])("is not %s", async (_, say) => {
    say();
    await claim("one", "host.com");
    expect(await look()).toMatchObject({ claims: 0 });
  });

  it("is one in the zone of the CDN that the service names, and of no other", async () => {
    await claim("one", "app.cdn.cloudflare.net", { cdn: "cloudflare" });
    await claim("two", "other.cdn.cloudflare.net", { cdn: "fastly" });
    await claim("three", "evilcdn.cloudflare.net.attacker.com", { cdn: "cloudflare" });
    expect(await look()).toMatchObject({ claims: 1 });
    const perRound = await hostsOf(10);
    expect([...new Set(perRound.flat())]).toEqual(["app.cdn.cloudflare.net"]);
    expect(asked, "whose zone it is says enough").not.toContain("app.cdn.cloudflare.net");
  });

  it("may think again, and is another one once the target is", async () => {
    texts.set("_tranche-probe.host.com", ["allow"]);
    const { domainIds } = await claim("one", "host.com");
    await look();
    await world.sql("update service_domains set primary_target = 'victim.com' where id = $1", [domainIds[0]]);
    expect((await hostsOf(20)).flat()).toEqual([]);
    await world.sql("update service_domains set primary_target = 'host.com' where id = $1", [domainIds[0]]);
    expect(countOf(await hostsOf(10), "host.com")).toBe(1);
    texts.clear();
    expect(await look({ laterMs: 2 * 3_600_000 })).toMatchObject({ checked: 2, claims: 0 });
    expect((await hostsOf(20)).flat()).toEqual([]);
  });
});

describe("a host that leads to a private address", () => {
  it("is not probed, not even for who has proven the name, and is again once it leads elsewhere", async () => {
    zone.set("rebound.com", ["93.184.215.14", "169.254.169.254"]);
    await claim("owner", "rebound.com", { verified: true, name: "app.example.org" });
    expect(countOf(await hostsOf(1), "rebound.com"), "nobody has looked").toBe(1);
    expect(await look()).toMatchObject({ private: 1 });
    const held = await hostsOf(5);
    expect([countOf(held, "rebound.com"), countOf(held, "app.example.org")]).toEqual([0, 5]);
    zone.set("rebound.com", ["93.184.215.14"]);
    await look({ laterMs: 2 * 3_600_000 });
    expect(countOf(await hostsOf(2), "rebound.com")).toBe(2);
  });

  it.each(["10.0.0.1", "wiki.corp", "metadata.google.internal", "http://10.0.0.1:8080"])(
    "was given before such were refused: %s",
    async (target) => {
      zone.set(target, []);
      await claim("owner", target, { verified: true, name: "app.example.org" });
      expect(await look()).toMatchObject({ private: 1 });
      const probed = (await hostsOf(5)).flat();
      expect([...new Set(probed)]).toEqual(["app.example.org"]);
    },
  );

  it("stays what it was while no resolver answers", async () => {
    zone.set("rebound.com", ["10.0.0.1"]);
    await claim("owner", "rebound.com", { verified: true, name: "app.example.org" });
    await look();
    zone.set("rebound.com", null);
    expect(await look({ laterMs: 2 * 3_600_000 })).toMatchObject({ unanswered: 1 });
    expect(countOf(await hostsOf(2), "rebound.com")).toBe(0);
  });

  it("is nobody's business where private targets are allowed", async () => {
    zone.set("rebound.com", ["10.0.0.1"]);
    await claim("owner", "rebound.com", { verified: true });
    await look();
    expect(await look({ checksTargets: false })).toEqual({ checked: 0 });
    expect(countOf(await hostsOf(2), "rebound.com")).toBe(2);
  });
});

it("looks at the hosts of each customer in turn: one with very many keeps nobody else waiting", async () => {
  const { serviceId } = await claim("flood", null);
  await world.sql(
    `insert into service_domains (service_id, customer_id, name, primary_target, challenge_token)
     select s.id, s.customer_id, 'f' || i || '.example.com', 'f' || i || '.victim.com', 'token' from services s, generate_series(1, 2000) i where s.id = $1`,
    [serviceId],
  );
  texts.set("_tranche-probe.small.com", ["allow"]);
  await claim("small", "small.com");
  expect(await look()).toMatchObject({ due: 400, checked: 400, claims: 1 });
});

describe("a customer who names new hosts without end", () => {
  /** As many as two runs take, none of which was ever looked at. */
  const flood = async (customer: string, round: number): Promise<void> => {
    const { serviceId } = await claim(customer, null);
    await world.sql(
      `insert into service_domains (service_id, customer_id, name, primary_target, challenge_token)
       select s.id, s.customer_id, 'n' || i || '-${round}.example.com', 'n' || i || '-${round}.victim.com', 'token' from services s, generate_series(1, 400) i where s.id = $1`,
      [serviceId],
    );
  };
  const hourLater = 2 * 3_600_000;

  it("keeps no host of others from being looked at again: not one that leads to a private address by now", async () => {
    await claim("owner", "moved.com", { verified: true, name: "app.example.org" });
    await look();
    zone.set("moved.com", ["10.0.0.1"]);
    await flood("flood", 1);
    expect(await look({ laterMs: hourLater })).toMatchObject({ due: 400, private: 1 });
  });

  it("nor one of its own, nor one that he names as well", async () => {
    await flood("flood", 2);
    await claim("flood", "own.com", { verified: true, name: "own.example.org" });
    await claim("owner", "moved.com", { verified: true, name: "app.example.org" });
    await claim("flood", "moved.com", { verified: true, name: "too.example.org" });
    await world.sql(
      "insert into probe_targets (host, addresses, checked_at) values ('own.com', 'public', now()), ('moved.com', 'public', now())",
    );
    for (const host of ["own.com", "moved.com"]) zone.set(host, ["10.0.0.1"]);
    expect(await look({ laterMs: hourLater })).toMatchObject({ due: 400, private: 2 });
  });

  it("nor by hosts for which nobody ever answers", async () => {
    await flood("flood", 3);
    for (let at = 1; at <= 400; at += 1) for (const host of [`n${at}-3.example.com`, `n${at}-3.victim.com`]) zone.set(host, null);
    await claim("flood", "zz-last.com", { verified: true, name: "zz-last.example.org" });
    const seen = async (): Promise<number> =>
      Number((await world.sql<{ n: string }>("select count(*) as n from probe_targets where host like 'zz-last.%'"))[0]?.n);
    for (let run = 0; run < 20 && (await seen()) < 2; run += 1) await look({ laterMs: run * 300_000 });
    expect(await seen()).toBe(2);
  });
});
