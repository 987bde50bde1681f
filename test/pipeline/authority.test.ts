import { expect, it } from "vitest";
import type { NameServers } from "../../src/adapters/ports/steering/name-servers.ts";
import type { Lookup } from "../../src/adapters/ports/steering/resolver.ts";
import { createAuthority } from "../../src/pipeline/steering/authority.ts";
import { freely } from "../support/budget.ts";

const clock = { nowMs: () => 0, sleep: async () => undefined };

const askedOf = async (...sets: readonly (readonly string[])[]): Promise<readonly string[]> => {
  const lookup: Lookup = {
    lookup: async (name) =>
      sets.map((answers, index) => ({ resolver: `r${index}`, status: "answered", answers: name === "example.com" ? answers : [] })),
  };
  let asked: readonly string[] = [];
  const nameServers: NameServers = { ask: async (_name, _type, servers) => ((asked = servers.slice(0, 2)), []) };
  await createAuthority(lookup, nameServers, clock).ask("app.example.com", "CNAME", freely);
  return asked;
};

const aws = ["ns-1.awsdns-00.com.", "ns-2.awsdns-01.net.", "ns-3.awsdns-02.org.", "ns-4.awsdns-03.co.uk."];

it("asks one server of each operator where a zone has two of them", async () => {
  expect(await askedOf([...aws, "pdns1.ultradns.net.", "pdns2.ultradns.net."])).toEqual(["ns-1.awsdns-00.com", "pdns1.ultradns.net"]);
  expect(await askedOf(aws)).toEqual(["ns-1.awsdns-00.com", "ns-2.awsdns-01.net"]);
});

it("asks both where resolvers have two sets of a zone, which moves", async () => {
  expect(await askedOf(aws, ["pdns1.ultradns.net.", "pdns2.ultradns.net."])).toEqual(["ns-1.awsdns-00.com", "pdns1.ultradns.net"]);
});

it("reads a zone after six whose servers hang", async () => {
  let nowMs = 0;
  const zoneOf = (name: string): string => name.split(".").slice(1).join(".");
  const lookup: Lookup = { lookup: async (name) => [{ resolver: "r", status: "answered", answers: [`ns.${name}`] }] };
  const nameServers: NameServers = {
    ask: async (name, _type, servers, { untilMs }) => {
      const takesMs = zoneOf(name) === "honest.example" ? 200 : 5_000;
      const isHeard = nowMs + takesMs <= untilMs;
      nowMs = Math.max(nowMs, Math.min(nowMs + takesMs, untilMs));
      return servers.map((resolver) =>
        isHeard && takesMs < 5_000 ? { resolver, status: "answered", answers: ["b.cdn.net"] } : { resolver, status: "silent" },
      );
    },
  };
  const authority = createAuthority(lookup, nameServers, { ...clock, nowMs: () => nowMs });
  const until = () => ({ ...freely, untilMs: nowMs + 12_000 });
  for (let index = 0; index < 6; index += 1) await authority.ask(`app.hangs${index}.example`, "CNAME", until());
  expect(nowMs).toBeLessThan(15_000);
  expect(await authority.ask("app.honest.example", "CNAME", until())).toMatchObject([{ answers: ["b.cdn.net"] }]);
});

it("does not take the parent zone for a name's where it is unknown whether it has one of its own, and retries", async () => {
  const said = new Map<string, number>();
  const lookup: Lookup = {
    lookup: async (name) => {
      said.set(name, (said.get(name) ?? 0) + 1);
      return name === "sub.example.com" && said.get(name) === 1
        ? [{ resolver: "r", status: "silent" }]
        : [{ resolver: "r", status: "answered", answers: [`ns.${name}`] }];
    },
  };
  const nameServers: NameServers = {
    ask: async (_name, _type, servers) => servers.map((resolver) => ({ resolver, status: "answered", answers: [] })),
  };
  const authority = createAuthority(lookup, nameServers, clock);
  expect(await authority.ask("app.sub.example.com", "CNAME", freely)).toEqual([]);
  expect(await authority.ask("app.sub.example.com", "CNAME", freely)).toMatchObject([{ resolver: "ns.sub.example.com (authoritative)" }]);
});
