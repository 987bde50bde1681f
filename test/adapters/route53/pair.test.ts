import { describe, expect, it } from "vitest";
import type { RecordSet, Zone } from "../../../src/adapters/route53/api/messages.ts";
import { judgePair, sideOf } from "../../../src/adapters/route53/pair.ts";
import { zonesAround } from "../../../src/adapters/route53/zones.ts";
import { cname } from "./support.ts";

const zone: Zone = { id: "Z1", name: "example.com", isPrivate: false };
const name = "www.example.com";
const primary = cname(name, "Primary", 100);
const backup = cname(name, "BACKUP", 0);
const judge = (...sets: RecordSet[]) => judgePair(name, zone, sets);
const detailOf = (...sets: RecordSet[]): string => {
  const reading = judge(...sets);
  return reading.status === "unprovisioned" ? reading.detail : reading.status;
};

it.each([
  ["primary", "primary"],
  ["PRIMARY", "primary"],
  ["Backup", "backup"],
  [" primary", null],
  ["primary-2", null],
  [undefined, null],
])("%s is the %s side", (identifier, side) => expect(sideOf(identifier)).toBe(side));

describe("judgePair", () => {
  it("finds a pair in any case and order, and hands it on as it was read", () => {
    expect(judge(backup, primary)).toEqual({ status: "found", zoneId: "Z1", records: [primary, backup] });
  });

  it("finds several types together", () => {
    const pairs = (["A", "AAAA"] as const).flatMap((type) => [
      { ...primary, type, values: ["192.0.2.1"] },
      { ...backup, type, values: ["192.0.2.2"] },
    ]);
    expect(judge(...pairs)).toMatchObject({ status: "found", records: pairs });
  });

  it("leaves weighted neighbours and other types of the name alone", () => {
    const canary = cname(name, "canary", 5);
    const txt: RecordSet = { name, type: "TXT", ttl: 60, values: [`"v=spf1"`] };
    expect(judge(primary, canary, backup, txt)).toMatchObject({ records: [primary, backup] });
  });

  it.each<[string, RecordSet, RegExp]>([
    [
      "half a pair",
      { ...primary, type: "AAAA" },
      /^create www\.example\.com AAAA, weighted, SetIdentifier "backup" with weight 0 and TTL 60$/,
    ],
    ["a simple record", { name, type: "AAAA", ttl: 60, values: ["2001:db8::1"] }, /AAAA is routed simple, not weighted/],
    ["latency routing", { name, type: "AAAA", setIdentifier: "primary", otherPolicy: "latency" }, /AAAA is routed latency/],
  ])("steers a whole type beside %s, and reports that", (_, broken, problem) => {
    const whole = [
      { ...primary, type: "A" },
      { ...backup, type: "A" },
    ];
    const reading = judge(...whole, broken);
    expect(reading).toMatchObject({ status: "found", records: whole });
    const beside = reading.status === "found" ? reading.surroundings : undefined;
    expect(beside?.leftBehind).toEqual([expect.stringMatching(problem)]);
    expect(beside?.neighbours).toMatchObject([{ type: "AAAA" }]);
  });

  it.each<[string, RecordSet[], RegExp]>([
    ["nothing", [], /no CNAME, A or AAAA .*www\.example\.com.*SetIdentifier "primary" with weight 100.*"backup" with weight 0/],
    ["only other types", [{ name, type: "TXT" }], /no CNAME, A or AAAA record/],
    ["no backup", [primary], /create www\.example\.com CNAME, weighted, SetIdentifier "backup" with weight 0 and TTL 60$/],
    ["no primary", [backup], /create www\.example\.com CNAME, weighted, SetIdentifier "primary" with weight 100 and TTL 60$/],
    ["neither", [cname(name, "blue", 1)], /create .*"primary" with weight 100; create .*"backup" with weight 0/],
    ["a simple record", [{ name, type: "CNAME", ttl: 60, values: ["x"] }], /CNAME is routed simple, not weighted/],
    ["latency routing", [{ name, type: "A", setIdentifier: "primary", otherPolicy: "latency" }], /A is routed latency, not weighted/],
    ["twins", [primary, { ...primary, setIdentifier: "primary" }, backup], /"Primary" and "primary", which both mean primary/],
    ["a traffic policy", [{ ...primary, trafficPolicyInstanceId: "tp-1" }, backup], /traffic policy instance tp-1/],
  ])("%s: unprovisioned, and says what to do", (_, sets, expected) => expect(detailOf(...sets)).toMatch(expected));

  it("does not propose a CNAME at a zone's apex", () => {
    const reading = judgePair("example.com", zone, []);
    expect(reading).toMatchObject({
      status: "unprovisioned",
      detail: expect.stringMatching(/A or AAAA \(alias; an apex/),
    });
  });
});

describe("zonesAround", () => {
  const zones: Zone[] = [
    zone,
    { id: "Z2", name: "eu.example.com", isPrivate: false },
    { id: "Z3", name: "www.example.com", isPrivate: true },
    { id: "Z4", name: "ample.com", isPrivate: false },
    { id: "Z5", name: "twin.org", isPrivate: false },
    { id: "Z6", name: "twin.org", isPrivate: false },
    { id: "Z7", name: "com", isPrivate: false },
  ];
  it.each([
    ["www.example.com", ["Z7", "Z1"]],
    ["example.com", ["Z7", "Z1"]],
    ["www.eu.example.com", ["Z7", "Z1", "Z2"]],
    ["neu.example.com", ["Z7", "Z1"]],
    ["sample.com", ["Z7"]],
    ["www.twin.org", ["Z5+Z6"]],
    ["example.net", []],
  ])("%s lies in %j", (asked, ids) => expect(zonesAround(zones, asked).map((group) => group.map(({ id }) => id).join("+"))).toEqual(ids));
});
