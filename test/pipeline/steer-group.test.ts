import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { resolvePublicly } from "../../local/route53/doh.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import type { Dns, WeightChange } from "../../src/adapters/ports/steering/dns.ts";
import { createRoute53 } from "../../src/adapters/route53/route53.ts";
import { hastyClock, route53At } from "../adapters/route53/support.ts";
import type { World } from "../support/round-world.ts";
import { realWork } from "../support/real-work.ts";
import { useWorld } from "../support/use-world.ts";

// Fault 7: a name whose visitors are shared out among the pair and records of somebody else. On the real adapter and the local
// Route 53, visitors counted.

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCY" };
const name = "app.example.test";
type Seed = Parameters<Route53Server["seed"]>[1][number];
const set = (setIdentifier: string, weight: number, more: Partial<Seed> = {}): Seed => ({
  name,
  type: "CNAME",
  ttlSeconds: 60,
  setIdentifier,
  weight,
  values: [`${setIdentifier.toLowerCase()}.cdn.net`],
  ...more,
});

const { world } = useWorld();
let server: Route53Server;
let dns: Dns;
/** What is left to happen to the next change: made but its answer lost, or before it is made. */
let mischief: { loseAnswers: number; before: () => void };

beforeEach(async () => {
  mischief = { loseAnswers: 0, before: () => undefined };
  const { counted, countSigning } = realWork(world);
  countSigning();
  server = await startRoute53({
    ...keys,
    zones: [{ name: "example.test" }],
    now: world.clock.nowMs,
    requestsPerSecond: 1e5,
    burst: 1e5,
    insyncAfterMs: 1_000,
  });
  const send = counted(async (...[input, init]: Parameters<typeof fetch>) => {
    const isChange = init?.method === "POST";
    if (isChange) mischief.before();
    const response = await fetch(input, init);
    const text = await response.text();
    if (isChange && mischief.loseAnswers > 0) {
      mischief.loseAnswers -= 1;
      throw new TypeError("connection reset");
    }
    return new Response(text, { status: response.status, headers: response.headers });
  });
  dns = createRoute53({ endpoint: server.url, region: "us-east-1", credentials: keys, clock: world.clock, random: () => 0.5, fetch: send });
  Object.assign(world.deps, { dns, driftCheckMs: 30_000 });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

const zoneId = () => server.zones[0]?.id ?? "";
const put = (...sets: Seed[]) => server.seed(zoneId(), sets);
/** As somebody with a console would. */
const setTo = (setIdentifier: string, weight: number, type = "CNAME") =>
  put(
    ...server
      .records(zoneId())
      .filter((one) => one.name === `${name}.` && one.setIdentifier === setIdentifier && one.type === type)
      .map((one) => ({ ...one, name, weight }) as Seed),
  );
const standing = (type = "CNAME") =>
  server
    .records(zoneId())
    .filter((one) => one.name === `${name}.` && one.type === type)
    .map(({ setIdentifier, weight }) => `${setIdentifier} ${weight}`)
    .toSorted()
    .join(", ");
const visitors = (type = "CNAME") => {
  const counts: Record<string, number> = {};
  for (let index = 0; index < 400; index += 1) {
    const { answers } = resolvePublicly({ zones: server, random: () => (index + 0.5) / 400 }, name, type);
    const [side = "nobody"] = (answers[0]?.data ?? "nobody").split(".");
    counts[side] = (counts[side] ?? 0) + 1;
  }
  return counts;
};
const said = async (serviceId: number) => {
  const routing = await world.routing(serviceId);
  return `${routing?.state} ${routing?.reason}`;
};
const remembered = async () =>
  (await world.sql<{ group_weights: unknown }>("select group_weights from domain_routing"))[0]?.group_weights ?? null;
const steered = async (more: Parameters<World["seed"]>[0] = {}) => {
  const seeded = await world.seed(more);
  await world.sql("update service_domains set steer_group = true");
  await world.roundsOf(4);
  return seeded;
};
const until = async (isSo: () => boolean | Promise<boolean>, most = 30) => {
  for (let count = 0; count < most && !(await isSo()); count += 1) await world.roundsOf(1);
  expect(await isSo()).toBe(true);
};
const three = () => put(set("Primary", 100), set("backup", 0), set("canary", 97), set("old", 3, { ttlSeconds: 60 }));
const outage = async (rounds = 2) => {
  world.prober.say("a.cdn.net", 503);
  await world.roundsOf(rounds);
};
const calm = () => world.prober.say("a.cdn.net", 200);

describe("a name with a weighted group around its pair", () => {
  it("stays partial without the option, as before: half of its visitors do not follow", async () => {
    three();
    const { serviceId } = await world.seed();
    await world.roundsOf(4);
    await outage();
    expect([await said(serviceId), standing(), visitors()]).toEqual([
      "partial neighbour",
      "Primary 0, backup 100, canary 97, old 3",
      { backup: 200, canary: 194, old: 6 },
    ]);
  });

  it("is shifted whole with it, in one change, and gets back exactly what was there", async () => {
    three();
    const { serviceId } = await steered();
    const before = server.requests.filter(({ method }) => method === "POST").length;
    await outage();
    expect([await said(serviceId), standing(), visitors()]).toEqual([
      "shifted storm",
      "Primary 0, backup 100, canary 0, old 0",
      { backup: 400 },
    ]);
    expect(server.requests.filter(({ method }) => method === "POST").length - before).toBe(1);
    expect(await world.sql("select members from routing_changes")).toEqual([
      {
        members: [
          { type: "CNAME", setIdentifier: "canary", weight: 0 },
          { type: "CNAME", setIdentifier: "old", weight: 0 },
        ],
      },
    ]);
    calm();
    await until(() => standing() === "Primary 100, backup 0, canary 97, old 3");
    await world.roundsOf(4);
    expect([await world.history(), await said(serviceId), await remembered()]).toEqual([
      ["100/0>0/100 storm insync", "0/100>100/0 calm insync"],
      "normal calm",
      null,
    ]);
    expect(await world.sql("select * from routing_drifts")).toEqual([]);
  });

  it("comes back by steps that are shares of its visitors, whatever the weights add up to", async () => {
    three();
    await steered({ failbackSteps: [10, 50, 100] });
    await outage();
    calm();
    const seen: string[] = [];
    await until(() => {
      const { backup = 0 } = visitors();
      const line = `${Math.round((400 - backup) / 4)} %`;
      if (seen.at(-1) !== line) seen.push(line);
      return standing() === "Primary 100, backup 0, canary 97, old 3";
    }, 60);
    expect(seen).toEqual(["0 %", "10 %", "50 %", "100 %"]);
  });

  it("is restored by whoever takes over, also where the switch's answer was lost with its maker", async () => {
    three();
    await steered();
    mischief.loseAnswers = 20;
    world.prober.say("a.cdn.net", 503);
    await world.roundsOf(2);
    expect(standing()).toBe("Primary 0, backup 100, canary 0, old 0");
    mischief.loseAnswers = 0;
    world.held.fence = await world.acquire("other");
    await world.roundsOf(3);
    calm();
    await until(() => standing() === "Primary 100, backup 0, canary 97, old 3");
    expect(await world.sql("select * from routing_drifts")).toEqual([]);
  });

  it("keeps the stored weights while a switch with unknown outcome may yet take effect", async () => {
    three();
    await steered();
    const late: WeightChange[] = [];
    const silent: Dns = {
      ...dns,
      apply: async (changes) => {
        late.push(...changes);
        return changes.map(
          ({ domain }) => ({ domain, status: "failed", detail: "no answer", retryable: true, effect: "unknown" }) as const,
        );
      },
    };
    Object.assign(world.deps, { dns: silent });
    await outage(1);
    Object.assign(world.deps, { dns });
    calm();
    world.held.fence = await world.acquire("other");
    await world.override((await world.sql<{ id: string }>("select id from services")).map(({ id }) => Number(id))[0] ?? 0, "primary");
    await world.roundsOf(2);
    expect(
      await route53At(server.url, { credentials: keys, clock: { ...hastyClock, nowMs: world.clock.nowMs } }).apply(late.slice(0, 1)),
    ).toMatchObject([{ status: "accepted" }]);
    expect(standing()).toBe("Primary 0, backup 100, canary 0, old 0");
    await until(() => standing() === "Primary 100, backup 0, canary 97, old 3");
  });

  it("sets a member to 0 that appears in the storm, and gives it its weight afterwards", async () => {
    three();
    const { serviceId } = await steered();
    await outage();
    put(set("new", 40));
    await until(() => standing().includes("new 0"));
    await world.roundsOf(1);
    expect([await said(serviceId), visitors()]).toEqual(["shifted storm", { backup: 400 }]);
    calm();
    await until(() => standing() === "Primary 100, backup 0, canary 97, new 40, old 3");
    await world.roundsOf(8);
    expect([standing(), await remembered()]).toEqual(["Primary 100, backup 0, canary 97, new 40, old 3", null]);
  });

  it("counts a member that somebody sets in the storm as drift, heals it, and takes the weight as its own", async () => {
    three();
    await steered();
    await outage();
    setTo("canary", 30);
    await until(() => standing() === "Primary 0, backup 100, canary 0, old 0");
    await world.roundsOf(4);
    expect(
      await world.sql("select record_type, found_primary, found_backup, previous_others, found_others, left_alone from routing_drifts"),
    ).toEqual([{ record_type: "CNAME", found_primary: 0, found_backup: 100, previous_others: 0, found_others: 30, left_alone: null }]);
    calm();
    await until(() => standing() === "Primary 100, backup 0, canary 30, old 3");
  });

  it("does not fight over a member: what is put back a third time is contested, and said not to be shifted", async () => {
    three();
    const { serviceId } = await steered();
    await outage();
    for (let time = 0; time < 3; time += 1) {
      setTo("canary", 97);
      await world.roundsOf(4);
    }
    expect([standing(), await said(serviceId)]).toEqual(["Primary 0, backup 100, canary 97, old 0", "partial neighbour"]);
    expect((await world.sql("select contested_at from domain_routing where contested_at is not null")).length).toBe(1);
  });

  it("leaves the weights of its members to their owner in calm", async () => {
    three();
    await steered();
    setTo("canary", 10);
    await world.roundsOf(8);
    expect([standing(), await world.sql("select * from routing_drifts"), await world.history()]).toEqual([
      "Primary 100, backup 0, canary 10, old 3",
      [],
      [],
    ]);
  });

  it("is given back at once where the option is taken away in the storm", async () => {
    three();
    const { serviceId } = await steered();
    await outage();
    await world.sql("update service_domains set steer_group = false");
    await world.roundsOf(2);
    expect([standing(), await said(serviceId)]).toEqual(["Primary 0, backup 100, canary 97, old 3", "partial neighbour"]);
    calm();
    await until(() => standing() === "Primary 100, backup 0, canary 97, old 3");
  });

  it("moves the types of a name together, each with its own members", async () => {
    put(
      ...["A", "AAAA"].flatMap((type) =>
        [
          ["Primary", 100, 1],
          ["backup", 0, 2],
          ["canary", type === "A" ? 50 : 20, 3],
        ].map(([side, weight, last]) =>
          set(String(side), Number(weight), { type: type as "A", values: [type === "A" ? `192.0.2.${last}` : `2001:db8::${last}`] }),
        ),
      ),
    );
    const { serviceId } = await steered({ domains: [{ name }], failbackSteps: [50, 100] });
    await outage();
    expect([standing("A"), standing("AAAA"), await said(serviceId)]).toEqual([
      "Primary 0, backup 100, canary 0",
      "Primary 0, backup 100, canary 0",
      "shifted storm",
    ]);
    calm();
    await until(() => standing("A") === "Primary 100, backup 0, canary 50");
    expect(standing("AAAA")).toBe("Primary 100, backup 0, canary 20");
  });

  it("is not touched in shadow mode, and tells nothing of it", async () => {
    three();
    await steered({ steering: "shadow" });
    await outage();
    expect([standing(), await remembered(), await world.sql("select members from routing_changes")]).toEqual([
      "Primary 100, backup 0, canary 97, old 3",
      null,
      [{ members: null }],
    ]);
  });

  it("starts again from what is there where a member changes between the reading and the switch", async () => {
    three();
    const { serviceId } = await steered();
    let once = true;
    mischief.before = () => {
      if (once) setTo("canary", 60);
      once = false;
    };
    await outage(4);
    expect([standing(), await said(serviceId)]).toEqual(["Primary 0, backup 100, canary 0, old 0", "shifted storm"]);
    calm();
    await until(() => standing() === "Primary 100, backup 0, canary 60, old 3");
  });
});
