import { describe, expect, it } from "vitest";
import type { DnsAccess } from "../../src/adapters/ports/dns-access.ts";
import { providerChangeId, routedDns } from "../../src/pipeline/route-dns.ts";
import { createScriptedAccess } from "../support/dns-access.ts";
import { roundDomain, roundService } from "../support/round-fixtures.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const clock = { nowMs: () => 7, sleep: async () => undefined };

const world = async () => {
  const [ours, theirs] = [createStrictDns(clock), createStrictDns(clock)];
  const operator: DnsAccess = createScriptedAccess(ours).access;
  const own: DnsAccess = createScriptedAccess(theirs).access;
  ours.put("a.example.test");
  ours.put("theirs.example.test", 1, 2);
  theirs.put("theirs.example.test");
  const asked: number[] = [];
  const directory = { operator, of: async (customerId: number) => (asked.push(customerId), customerId === 2 ? own : operator) };
  const services = [
    roundService({ serviceId: 1, customerId: 1, domains: [roundDomain({ domainId: 1, name: "a.example.test" }), roundDomain({ domainId: 3, name: "theirs.example.test", verified: false })] }),
    roundService({ serviceId: 2, customerId: 2, domains: [roundDomain({ domainId: 2, name: "theirs.example.test" })] }),
  ];
  return { ours, theirs, asked, directory, dns: await routedDns(directory, services) };
};

describe("the DNS of a round", () => {
  it("asks for each name with its owner's account, once per customer", async () => {
    const { dns, ours, theirs, asked } = await world();
    const readings = await dns.read(["a.example.test", "theirs.example.test"]);
    expect([...readings].map(([name, reading]) => [name, reading.status])).toEqual([["a.example.test", "found"], ["theirs.example.test", "found"]]);
    expect([ours.reads, theirs.reads, asked]).toEqual([[["a.example.test"]], [["theirs.example.test"]], [1, 2]]);
  });

  it("switches each name there, in the order asked for, and asks after each change where it was made", async () => {
    const { dns, ours, theirs } = await world();
    const names = ["theirs.example.test", "a.example.test"];
    const readings = await dns.read(names);
    const changes = names.map((domain) => {
      const reading = readings.get(domain);
      if (reading?.status !== "found") throw new Error(domain);
      return { domain, zoneId: reading.zoneId, records: reading.records, to: { primary: 0, backup: 100 } };
    });
    const results = await dns.apply(changes);
    expect(results).toMatchObject([
      { domain: "theirs.example.test", status: "accepted", changeId: "c2:C1" }, { domain: "a.example.test", status: "accepted", changeId: "C1" },
    ]);
    expect([ours.weights("a.example.test"), ours.weights("theirs.example.test"), theirs.weights("theirs.example.test")]).toEqual(["0/100", "1/2", "0/100"]);
    ours.settle();
    expect(await dns.status(["C1", "c2:C1"])).toEqual(new Map([["C1", "insync"], ["c2:C1", "pending"]]));
  });

  it("asks after a change of a customer whose services are no longer of this round", async () => {
    const { directory, dns: first, theirs } = await world();
    const reading = (await first.read(["theirs.example.test"])).get("theirs.example.test");
    if (reading?.status !== "found") throw new Error("not found");
    await first.apply([{ domain: "theirs.example.test", ...reading, to: { primary: 0, backup: 1 } }]);
    theirs.settle();
    expect(await (await routedDns(directory, [])).status(["c2:C1"])).toEqual(new Map([["c2:C1", "insync"]]));
  });

  it("leaves an unverified claim to the operator, who does not read it either", async () => {
    const { dns, theirs } = await world();
    await dns.read(["nobody.example.test"]);
    expect(theirs.reads).toEqual([]);
  });
});

it.each([["C123", "C123"], ["c12:C123", "C123"], ["c:C1", "c:C1"]])("shows %s as %s", (stored, shown) => {
  expect(providerChangeId(stored)).toBe(shown);
});
