import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FaultKind } from "../../local/route53/faults.ts";
import type { RecordSet } from "../../local/route53/record-set.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { createMetricsStore } from "../../src/adapters/db/coordination/metrics.ts";
import { createRoutingStore } from "../../src/adapters/db/steering/routing.ts";
import type { Clock } from "../../src/adapters/ports/platform/clock.ts";
import type { Dns, DnsBudget } from "../../src/adapters/ports/steering/dns.ts";
import { createRoute53 } from "../../src/adapters/route53/route53.ts";
import { realWork } from "../support/real-work.ts";
import { useWorld } from "../support/use-world.ts";

const credentials = { accessKeyId: "AKIATRANCHEBADDAY000", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" };
const names = { bad: "app.bad.test", good: "app.good.test" } as const;
type Name = keyof typeof names;

const { world } = useWorld();
let server: Route53Server;
let services: Record<Name, { serviceId: number; customerId: number }>;
let calls: string[];
/** What happens to an answer of Route 53 on its way. */
let meddle: (path: string, text: string) => string;

const zoneOf = (name: Name) => server.zones.find((zone) => zone.name === `${name}.test.`)?.id ?? "";
const pair = (name: string, sides: readonly string[] = ["primary", "backup"]) =>
  sides.map((side): RecordSet => ({
    name,
    type: "CNAME",
    ttlSeconds: 60,
    setIdentifier: side,
    weight: side === "primary" ? 100 : 0,
    values: [side === "primary" ? "a.cdn.net" : "b.cdn.net"],
  }));

/** The real adapter at the local server. While it waits for an answer the test's time stands. */
const adapter = (clock: Clock): Dns =>
  createRoute53({
    endpoint: server.url,
    region: "us-east-1",
    credentials,
    clock,
    random: () => 0.5,
    timeoutMs: 150,
    onCall: (result) => calls.push(result),
    fetch: realWork(world).counted(async (...request: Parameters<typeof fetch>) => {
      const response = await fetch(...request);
      const text = meddle(new URL(response.url).pathname, await response.text());
      return new Response(text, { status: response.status, headers: response.headers });
    }),
  });

beforeEach(async () => {
  realWork(world).countSigning();
  calls = [];
  meddle = (_, text) => text;
  server = await startRoute53({
    ...credentials,
    zones: [{ name: "bad.test" }, { name: "good.test" }],
    now: world.clock.nowMs,
    requestsPerSecond: 5,
    burst: 5,
    insyncAfterMs: 5_000,
  });
  const seeded = async (name: Name) => {
    const { serviceId } = await world.seed({
      customer: name,
      domains: [{ name: names[name], primary: `a.${name}.net`, backup: `b.${name}.net` }],
    });
    const [row] = await world.sql<{ customer_id: string }>("select customer_id from services where id = $1", [serviceId]);
    return { serviceId, customerId: Number(row?.customer_id) };
  };
  services = { bad: await seeded("bad"), good: await seeded("good") };
  server.seed(zoneOf("good"), pair(names.good));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

let dns: Dns;
const rounds = async (number: number) => {
  for (let index = 0; index < number; index += 1) await world.round({ dns, driftCheckMs: 60_000 });
};
const die = () => {
  for (const name of ["bad", "good"]) world.prober.say(`a.${name}.net`, 503);
};
const weights = (name: Name) =>
  server
    .records(zoneOf(name))
    .filter((set) => set.type === "CNAME")
    .toSorted((a, b) => (b.setIdentifier ?? "").localeCompare(a.setIdentifier ?? ""))
    .map((set) => set.weight)
    .join("/");
/** What the API shows of a domain. */
const shown = async (name: Name) => {
  const { customerId, serviceId } = services[name];
  const view = await createRoutingStore(world.db).get(customerId, serviceId, { limit: 100, afterId: null });
  const { status, lastError } = view?.domains[0] ?? { status: "none", lastError: null };
  return { status, lastError, results: (view?.changes ?? []).map(({ result }) => result).toReversed() };
};
const statusMetric = async () =>
  Object.fromEntries((await createMetricsStore(world.db).read()).domains.map(({ status, count }) => [status, count]));
const made = (name: Name) => server.changes.filter((change) => change.zoneId === zoneOf(name)).length;

type Day = {
  readonly name: string;
  readonly begins: () => void;
  readonly ends: () => void;
  readonly status: string;
  readonly says: RegExp;
  readonly call: string;
};

const change = ["ChangeResourceRecordSets"] as const;
const fault = (kind: FaultKind, all = false) => ({
  begins: () => server.setFault({ kind, zoneId: zoneOf("bad"), ...(!all && { operations: change }) }),
  ends: () => server.setFault(null),
});

describe("a bad day at Route 53", () => {
  const days: readonly Day[] = [
    { name: "access denied", ...fault("access-denied"), status: "error", says: /does not permit.*AccessDenied/, call: "refused" },
    {
      name: "an expired token",
      ...fault("expired-token", true),
      status: "error",
      says: /refused the configured credentials.*ExpiredToken/,
      call: "refused",
    },
    { name: "throttled for five minutes", ...fault("throttle"), status: "error", says: /Throttling/, call: "throttled" },
    { name: "500 with HTML", ...fault("server-error"), status: "error", says: /http_500/, call: "unanswered" },
    { name: "connections reset", ...fault("reset", true), status: "error", says: /network/, call: "unanswered" },
  ];

  it.each(days)(
    "$name: is shown and counted, hurts nobody else, and is over when it is over",
    async ({ begins, ends, status, says, call }) => {
      server.seed(zoneOf("bad"), pair(names.bad));
      dns = adapter(world.clock);
      await rounds(4);
      expect(await statusMetric()).toEqual({ found: 2 });
      begins();
      die();
      await rounds(2);
      expect(weights("good"), "the others").toBe("0/100");
      expect(await shown("good")).toMatchObject({ status: "found", lastError: null });
      await rounds(28);
      expect(await shown("bad")).toMatchObject({ status, lastError: expect.stringMatching(says) as string });
      expect(await statusMetric()).toEqual({ [status]: 1, found: 1 });
      expect(calls).toContain(call);
      expect([weights("bad"), made("bad"), made("good")]).toEqual(["100/0", 0, 1]);
      ends();
      await rounds(2);
      expect(weights("bad")).toBe("0/100");
      await rounds(10);
      expect(await shown("bad")).toMatchObject({ status: "found", lastError: null });
      const { results } = await shown("bad");
      expect([made("bad"), results.filter((result) => result === "accepted" || result === "insync").length]).toEqual([1, 1]);
      expect(results).not.toContain("intent");
      expect(results.length, "one row a lease at most, however often it was tried").toBeLessThanOrEqual(2);
    },
  );

  it("a clock that is off: is shown and counted, hurts nobody else, and is over when it is over", async () => {
    server.seed(zoneOf("bad"), pair(names.bad));
    let offMs = 0;
    const [off, right] = [adapter({ ...world.clock, nowMs: () => world.clock.nowMs() - offMs }), adapter(world.clock)];
    const of = (name: string) => (name === names.bad ? off : right);
    // Its deadlines are those of a clock that is right.
    const asSeen = (name: string, budget: DnsBudget): DnsBudget =>
      name !== names.bad
        ? budget
        : { ...budget, connection: (times, request) => budget.connection({ ...times, untilMs: times.untilMs + offMs }, request) };
    // One account each: a clock that is off is one provider's, and another's is right.
    dns = {
      ...right,
      read: async (all, budget) =>
        new Map((await Promise.all(all.map(async (name) => [...(await of(name).read([name], asSeen(name, budget)))]))).flat()),
      apply: async (all, budget) =>
        (await Promise.all(all.map(async (one) => await of(one.domain).apply([one], asSeen(one.domain, budget))))).flat(),
    };
    await rounds(4);
    offMs = 3_600_000;
    die();
    await rounds(4);
    expect([weights("good"), weights("bad")]).toEqual(["0/100", "100/0"]);
    expect(await shown("bad")).toMatchObject({ status: "error", lastError: expect.stringMatching(/our clock is off/) as string });
    expect(await statusMetric()).toEqual({ error: 1, found: 1 });
    expect(calls).toContain("refused");
    offMs = 0;
    // A refused switch of a storm is tried again once a minute at least.
    await rounds(7);
    expect(weights("bad")).toBe("0/100");
  });

  it.each([
    ["truncated XML", "truncated-xml", 1, "unanswered"],
    ["a response after the time-out", "hang-after-apply", 1, "unanswered"],
    ["a connection reset after the change", "reset-after-apply", 1, "unanswered"],
    ["truncated XML, every time", "truncated-xml", 99, "unanswered"],
  ] as const)("%s, whose change did happen: is found to be made, and not made twice", async (_, kind, times, call) => {
    server.seed(zoneOf("bad"), pair(names.bad));
    dns = adapter(world.clock);
    await rounds(4);
    server.setFault({ kind, zoneId: zoneOf("bad"), operations: change, times });
    die();
    await rounds(1);
    while (weights("bad") !== "0/100") await rounds(1);
    expect(await shown("bad")).toMatchObject({
      status: "error",
      lastError: expect.stringMatching(/lost|unreadable|timeout|network/) as string,
    });
    expect(await statusMetric()).toEqual({ error: 1, found: 1 });
    expect(calls).toContain(call);
    await rounds(1);
    expect(await shown("bad")).toMatchObject({ status: "found", lastError: null, results: ["accepted"] });
    expect([weights("good"), made("bad"), made("good")]).toEqual(["0/100", 1, 1]);
    await rounds(3);
    expect(made("bad")).toBe(1);
  });

  it("half a pair: says what to create, and hurts nobody else", async () => {
    server.seed(zoneOf("bad"), pair(names.bad, ["primary"]));
    dns = adapter(world.clock);
    await rounds(4);
    die();
    await rounds(2);
    expect(await shown("bad")).toMatchObject({
      status: "unprovisioned",
      lastError: expect.stringMatching(/create app\.bad\.test CNAME, weighted, SetIdentifier "backup"/) as string,
      results: [],
    });
    expect(await statusMetric()).toEqual({ unprovisioned: 1, found: 1 });
    expect([weights("good"), made("bad")]).toEqual(["0/100", 0]);
    server.seed(zoneOf("bad"), pair(names.bad));
    await rounds(8);
    expect(weights("bad")).toBe("0/100");
  });

  it("an unknown zone: says so, and hurts nobody else", async () => {
    server.deleteZone(zoneOf("bad"));
    dns = adapter(world.clock);
    await rounds(4);
    die();
    await rounds(2);
    expect(await shown("bad")).toMatchObject({
      status: "unprovisioned",
      lastError: expect.stringMatching(/no public hosted zone/) as string,
      results: [],
    });
    expect(await statusMetric()).toEqual({ unprovisioned: 1, found: 1 });
    expect(weights("good")).toBe("0/100");
  });

  it("a zone deleted in the middle of a storm: is noticed at the next reading at the latest, and hurts nobody else", async () => {
    server.seed(zoneOf("bad"), pair(names.bad));
    dns = adapter(world.clock);
    await rounds(4);
    die();
    await rounds(2);
    expect([weights("good"), weights("bad")]).toEqual(["0/100", "0/100"]);
    server.deleteZone(zoneOf("bad"));
    for (const name of ["bad", "good"]) world.prober.say(`a.${name}.net`, 200);
    await rounds(14);
    expect(weights("good")).toBe("100/0");
    expect(await shown("bad")).toMatchObject({
      status: "unprovisioned",
      lastError: expect.stringMatching(/no public hosted zone/) as string,
    });
    expect(await statusMetric()).toEqual({ unprovisioned: 1, found: 1 });
    const before = (await shown("bad")).results.length;
    await rounds(5);
    expect((await shown("bad")).results, "nothing is tried any more").toHaveLength(before);
  });

  it("two TTLs in one pair: Route 53 refuses the switch, which is shown, and hurts nobody else", async () => {
    server.seed(zoneOf("bad"), pair(names.bad));
    // Route 53 takes no such pair any more; one from before is read as it is.
    meddle = (path, text) => (path.includes(zoneOf("bad")) ? text.replace("<TTL>60</TTL>", "<TTL>300</TTL>") : text);
    dns = adapter(world.clock);
    await rounds(4);
    die();
    await rounds(3);
    expect(await shown("bad")).toMatchObject({ status: "error", lastError: expect.stringMatching(/InvalidChangeBatch/) as string });
    expect(await statusMetric()).toEqual({ error: 1, found: 1 });
    expect([weights("good"), weights("bad"), made("bad")]).toEqual(["0/100", "100/0", 0]);
    meddle = (_, text) => text;
    await rounds(2);
    expect(weights("bad")).toBe("0/100");
  });
});

describe("the account's budget", () => {
  it("is kept even where everything is to be read and asked after at once", async () => {
    server.seed(zoneOf("bad"), pair(names.bad));
    dns = adapter(world.clock);
    await rounds(4);
    die();
    await rounds(6);
    const times = server.requests.map(({ atMs }) => atMs);
    const crowded = times.filter((atMs, index) => index >= 5 && atMs - (times[index - 5] ?? 0) < 1_000);
    expect(crowded, "never more than five within a second").toEqual([]);
    expect(server.requests.filter(({ status }) => status === 400)).toEqual([]);
  });
});
