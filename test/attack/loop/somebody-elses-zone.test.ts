import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Route53Server } from "../../../local/route53/server.ts";
import { startRoute53 } from "../../../local/route53/server.ts";
import { createZoneGrantStore } from "../../../src/adapters/db/steering/zone-grants.ts";
import { createDnsDirectory } from "../../../src/adapters/route53/dns-directory.ts";
import type { DnsDirectory } from "../../../src/adapters/ports/steering/dns-access.ts";
import { createRoute53 } from "../../../src/adapters/route53/route53.ts";
import { boundToZones, createZoneBindings } from "../../../src/adapters/route53/zone-bindings.ts";
import { requestBudget } from "../../../src/pipeline/request-budget.ts";
import { createConnections } from "../../../src/pipeline/connection-slots.ts";
import { realWork } from "../../support/real-work.ts";
import { useWorld } from "../../support/use-world.ts";

// The operator's account has the zones of two customers. One of them gets a name of the other's zone verified for a moment (a
// subdomain that was delegated once, a TXT record that a form let them create) and has it steered with the operator's credentials.

const keys = { accessKeyId: "AKIAOPERATOR00000000", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" };
const { world } = useWorld();
let server: Route53Server;
let directory: DnsDirectory;
const ids: Record<string, number> = {};

const zoneOf = (name: string) => server.zones.find((zone) => zone.name === `${name}.test.`)?.id ?? "";
const weights = (zone: string, name: string) =>
  server
    .records(zoneOf(zone))
    .filter((set) => set.name === `${name}.`)
    .toSorted((a, b) => (b.setIdentifier ?? "").localeCompare(a.setIdentifier ?? ""))
    .map((set) => set.weight)
    .join("/");
const pair = (zone: string, name: string) =>
  server.seed(
    zoneOf(zone),
    [
      ["primary", 100, "a"],
      ["backup", 0, "b"],
    ].map(([side, weight, cdn]) => ({
      name,
      type: "CNAME" as const,
      ttlSeconds: 60,
      setIdentifier: String(side),
      weight: Number(weight),
      values: [`${cdn}.cdn.net`],
    })),
  );
const rounds = async (number: number) => {
  for (let at = 0; at < number; at += 1) await world.round({ dnsDirectory: directory });
};

beforeEach(async () => {
  server = await startRoute53({
    ...keys,
    zones: [{ name: "bank.test" }, { name: "shop.test" }],
    now: world.clock.nowMs,
    requestsPerSecond: 100,
    burst: 100,
  });
  const { countSigning, send } = realWork(world);
  countSigning();
  const connect = () =>
    createRoute53({ endpoint: server.url, region: "us-east-1", credentials: keys, fetch: send, clock: world.clock, random: () => 0.5 });
  directory = createDnsDirectory({
    operator: connect(),
    accounts: async () => [],
    secrets: null,
    clock: world.clock,
    endpoint: server.url,
    connect,
    assume: null,
    bindings: createZoneBindings(createZoneGrantStore(world.db), world.clock),
  });
  for (const [customer, name] of [
    ["bank", "www.bank.test"],
    ["mallory", "old.bank.test"],
  ] as const) {
    await world.seed({ customer, domains: [{ name }] });
    pair("bank", name);
  }
  for (const { id, name } of await world.sql<{ id: string; name: string }>("select id, name from customers")) ids[name] = Number(id);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

const grant = async (customer: string) =>
  await createZoneGrantStore(world.db).create(
    { zoneId: zoneOf("bank"), customerId: ids[customer] ?? 0 },
    { actor: "admin", requestId: "r", idempotency: null },
  );

it("is not steered for who it does not serve, from its first grant on", async () => {
  await rounds(2);
  await grant("bank");
  await world.clock.advance(30_000);
  await rounds(1);
  world.prober.say("a.cdn.net", 503);
  await rounds(5);
  expect([weights("bank", "www.bank.test"), weights("bank", "old.bank.test")]).toEqual(["0/100", "100/0"]);
  const [row] = await world.sql<{ status: string; last_error: string }>(
    "select status, last_error from domain_routing r join service_domains d on d.id = r.domain_id where d.name = 'old.bank.test'",
  );
  expect([row?.status, row?.last_error]).toEqual(["unprovisioned", expect.stringContaining("serves other customers")]);
});

it("serves everybody who has proven a name in it, as before, while it is bound to nobody", async () => {
  await rounds(2);
  world.prober.say("a.cdn.net", 503);
  await rounds(4);
  expect([weights("bank", "www.bank.test"), weights("bank", "old.bank.test")]).toEqual(["0/100", "0/100"]);
});

it("is nobody's while the database has not said whom it serves, and loses nothing of what was known", async () => {
  await rounds(2);
  const away = createZoneBindings({ all: async () => await Promise.reject(new Error("away")) }, world.clock);
  await away.refresh();
  const bound = boundToZones(directory.operator, away, () => ids["bank"] ?? 0);
  const budget = requestBudget(world.clock, createConnections(world.clock));
  expect((await world.clock.run(bound.read(["www.bank.test"], budget))).get("www.bank.test")).toMatchObject({
    status: "error",
    retryable: true,
  });
  const change = { domain: "www.bank.test", zoneId: zoneOf("bank"), records: [], to: { primary: 0, backup: 100 } };
  expect(await world.clock.run(bound.apply([change], budget))).toMatchObject([{ status: "failed", retryable: true, effect: "unsent" }]);
});

it("has no records created, changed or read in it for others by the API", async () => {
  await grant("bank");
  const dns = await directory.of(ids["mallory"] ?? 0);
  const budget = requestBudget(world.clock, createConnections(world.clock));
  const wish = {
    domain: "new.bank.test",
    targets: { primary: "a.cdn.net", backup: "b.cdn.net" },
    weights: { primary: 100, backup: 0 },
    ttlSeconds: 60,
  };
  expect(await world.clock.run(dns.provision(wish, budget))).toMatchObject({
    status: "refused",
    detail: expect.stringContaining("serves other customers"),
  });
  expect((await world.clock.run(dns.read(["old.bank.test"], budget))).get("old.bank.test")).toMatchObject({
    status: "unprovisioned",
    zoneId: null,
  });
  const change = { domain: "old.bank.test", zoneId: zoneOf("bank"), records: [], to: { primary: 0, backup: 100 } };
  expect(await world.clock.run(dns.apply([change], budget))).toMatchObject([{ status: "failed", retryable: false, effect: "none" }]);
  expect(await world.clock.run(dns.rewrite([{ ...change, after: [] }], budget))).toMatchObject([{ status: "failed" }]);
  const own = await directory.of(ids["bank"] ?? 0);
  expect((await world.clock.run(own.read(["www.bank.test"], budget))).get("www.bank.test")).toMatchObject({ status: "found" });
});
