import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Route53Server } from "../../local/route53/server.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import type { DnsAccess, DnsDirectory } from "../../src/adapters/ports/steering/dns-access.ts";
import { createRoute53 } from "../../src/adapters/route53/route53.ts";
import { createDnsTalk } from "../../src/pipeline/round.ts";
import { createConnections } from "../../src/pipeline/connection-slots.ts";
import { intervalMs, startMs } from "../support/round-world.ts";
import { realWork } from "../support/real-work.ts";
import { useWorld } from "../support/use-world.ts";

// One customer has 24 names, each in a zone of its own, in an account of theirs that is in trouble; another one has a single
// name in theirs.

const keys = { accessKeyId: "AKIANEIGHBOUR0000000", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" };
const sickNames = Array.from({ length: 24 }, (_, index) => `app.sick${index}.test`);
const wellName = "app.well.test";

const { world } = useWorld();
let sick: Route53Server;
let well: Route53Server;
let directory: DnsDirectory;
/** How long the sick account's endpoint takes for anything, on the test's clock; null: as long as it takes. */
let silent = false;

beforeEach(async () => {
  silent = false;
  const { countSigning, send } = realWork(world);
  countSigning();
  const account = async (customer: string, names: readonly string[]) => {
    const zones = names.map((name) => ({ name: name.replace("app.", "") }));
    const server = await startRoute53({ ...keys, zones, now: world.clock.nowMs, requestsPerSecond: 1e5, burst: 1e5, insyncAfterMs: 1_000 });
    for (const [index, name] of names.entries()) {
      server.seed(
        server.zones[index]?.id ?? "",
        [
          ["primary", 100],
          ["backup", 0],
        ].map(([side, weight]) => ({
          name,
          type: "CNAME" as const,
          ttlSeconds: 60,
          setIdentifier: String(side),
          weight: Number(weight),
          values: [`${side}.cdn.net`],
        })),
      );
    }
    await world.seed({ customer, domains: names.map((name) => ({ name, primary: `a.${customer}.net`, backup: `b.${customer}.net` })) });
    return server;
  };
  sick = await account("sick", sickNames);
  well = await account("well", [wellName]);
  const hanging: typeof fetch = (_, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });
  const accessTo = (server: Route53Server): DnsAccess =>
    createRoute53({
      endpoint: server.url,
      region: "us-east-1",
      credentials: keys,
      clock: world.clock,
      random: () => 0.5,
      fetch: (input, init) => (server === sick && silent ? hanging(input, init) : send(input, init)),
    });
  const ids = await world.sql<{ id: string; name: string }>("select id, name from customers");
  const own = new Map(ids.map(({ id, name }) => [Number(id), accessTo(name === "sick" ? sick : well)]));
  const operator = accessTo(well);
  directory = {
    operator,
    of: async (customerId) => own.get(customerId) ?? operator,
    ofAll: async (customerIds) => new Map([...own].filter(([id]) => customerIds.includes(id))),
  };
});
afterEach(async () => {
  vi.restoreAllMocks();
  await sick.close();
  await well.close();
});

const weights = (server: Route53Server, name: string) =>
  server.zones
    .flatMap(({ id }) => server.records(id))
    .filter((set) => set.name === `${name}.` && set.setIdentifier !== undefined)
    .toSorted((a, b) => (b.setIdentifier ?? "").localeCompare(a.setIdentifier ?? ""))
    .map((set) => set.weight)
    .join("/");
const readAt = async (name: string) =>
  (
    await world.sql<{ at: string | null }>(
      "select extract(epoch from r.read_at) * 1000 as at from service_domains d left join domain_routing r on r.domain_id = d.id where d.name = $1",
      [name],
    )
  )[0]?.at ?? null;

/** Rounds of one lease; how long each took. */
const play = async () => {
  const connections = createConnections(world.clock);
  const over = { dnsDirectory: directory, driftCheckMs: 60_000, connections, dnsTalk: createDnsTalk(world.clock, connections) };
  const tookMs: number[] = [];
  const round = async () => {
    await world.clock.advance((intervalMs - (world.clock.nowMs() % intervalMs)) % intervalMs);
    const beganMs = world.clock.nowMs();
    await world.clock.run(world.run(beganMs, over));
    if (world.clock.nowMs() === beganMs) await world.clock.advance(1);
    tookMs.push(world.clock.nowMs() - beganMs);
  };
  const until = async (isSo: () => boolean | Promise<boolean>, most: number) => {
    for (let count = 1; count <= most; count += 1) {
      await round();
      if (await isSo()) return count;
    }
    return null;
  };
  return { tookMs, until };
};
const troubles: Readonly<Record<string, () => void>> = {
  "nothing is wrong": () => undefined,
  "is throttled": () => sick.setFault({ kind: "throttle", operations: ["ListResourceRecordSets"] }),
  "is throttled whatever is asked": () => sick.setFault({ kind: "throttle" }),
  "denies everything": () => sick.setFault({ kind: "access-denied" }),
  "does not answer at all": () => void (silent = true),
};

describe("a customer whose neighbour's account is in trouble", () => {
  it.each(Object.keys(troubles))("is read and switched as if alone: %s", async (trouble) => {
    troubles[trouble]?.();
    const { tookMs, until } = await play();
    expect(await until(async () => (await readAt(wellName)) !== null, 12), "read in the first round").toBe(1);
    await until(() => false, 5);
    for (const cdn of ["sick", "well"]) world.prober.say(`a.${cdn}.net`, 503);
    expect(await until(() => weights(well, wellName) === "0/100", 12), "switched in the round of the storm").toBe(1);
    expect(Math.max(...tookMs), "no round lasts").toBeLessThan(intervalMs);
    const [change] = await world.sql<{ accepted: number }>(
      "select extract(epoch from h.accepted_at) * 1000 as accepted from routing_changes h join service_domains d on d.id = h.domain_id where d.name = $1",
      [wellName],
    );
    expect(Number(change?.accepted) - startMs, "and that in its slot").toBeLessThan(7 * intervalMs);
    // And the neighbour is no worse off for it once the trouble is over.
    silent = false;
    sick.setFault(null);
    expect(await until(() => sickNames.every((name) => weights(sick, name) === "0/100"), 40)).not.toBeNull();
  });
});
