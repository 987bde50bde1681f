import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChoiceContext, Origin } from "../../local/route53/choose.ts";
import { choose, isRecordHealthy } from "../../local/route53/choose.ts";
import { resolvePublicly, startDoh } from "../../local/route53/doh.ts";
import type { RecordSet } from "../../local/route53/record-set.ts";
import { startTestServer } from "./route53-client.ts";

const set = (setIdentifier: string, more: Partial<RecordSet> = {}): RecordSet => ({
  name: "app.example.com.",
  type: "A",
  setIdentifier,
  ttlSeconds: 60,
  values: ["192.0.2.1"],
  ...more,
});
const alias = (setIdentifier: string, dnsName: string, more: Partial<RecordSet> = {}): RecordSet => ({
  name: "app.example.com.",
  type: "A",
  setIdentifier,
  values: [],
  aliasTarget: { hostedZoneId: "Z1", dnsName, evaluateTargetHealth: true },
  ...more,
});
const context = (records: readonly RecordSet[], sick: readonly string[] = [], more: Partial<ChoiceContext> = {}): ChoiceContext => ({
  at: (name) => records.filter((record) => record.name === name),
  isHealthy: (id) => !sick.includes(id),
  isTargetHealthy: (dnsName) => !sick.includes(dnsName),
  random: () => 0,
  origin: {},
  ...more,
});
/** Who can be drawn, whatever the dice. */
const answering = (group: readonly RecordSet[], records: readonly RecordSet[] = [], sick: readonly string[] = [], origin: Origin = {}) =>
  new Set(
    Array.from({ length: 64 }, (_, draw) => choose(group, context([...group, ...records], sick, { random: () => draw / 64, origin })))
      .flat()
      .map(({ setIdentifier }) => setIdentifier),
  );

describe("health of records", () => {
  const farm = (id: string, weight: number, healthCheckId?: string) =>
    set(id, { name: "farm.example.com.", weight, ...(healthCheckId !== undefined && { healthCheckId }) });

  it("of an alias is that of its target where it is evaluated, and of its own check as well", () => {
    const target = [farm("a", 1, "a"), farm("b", 1, "b")];
    const health = (sick: string[], more: Partial<RecordSet> = {}) =>
      isRecordHealthy(alias("x", "farm.example.com.", more), context(target, sick));
    expect([health([]), health(["a"]), health(["a", "b"])]).toEqual([true, true, false]);
    expect([health(["own"], { healthCheckId: "own" }), health(["a", "b"], { healthCheckId: "own" })]).toEqual([false, false]);
    const blind = alias("x", "farm.example.com.", {
      aliasTarget: { hostedZoneId: "Z1", dnsName: "farm.example.com.", evaluateTargetHealth: false },
    });
    expect(isRecordHealthy(blind, context(target, ["a", "b"]))).toBe(true);
    const balancer = alias("x", "lb.elb.amazonaws.com.");
    expect([isRecordHealthy(balancer, context([])), isRecordHealthy(balancer, context([], ["lb.elb.amazonaws.com."]))]).toEqual([
      true,
      false,
    ]);
    const tree = [set("m", { ...alias("m", "farm.example.com."), name: "middle.example.com." }), farm("a", 1, "a")];
    expect([[], ["a"]].map((sick) => isRecordHealthy(alias("x", "middle.example.com."), context(tree, sick)))).toEqual([true, false]);
  });

  it("sends everybody to the dead primary at 0/100 where the backup's check or target fails", () => {
    const pair = [set("primary", { weight: 0 }), set("backup", { weight: 100, healthCheckId: "b" })];
    expect(answering(pair)).toEqual(new Set(["backup"]));
    expect(answering(pair, [], ["b"])).toEqual(new Set(["primary"]));
    const aliases = [alias("primary", "p.example.com.", { weight: 0 }), alias("backup", "farm.example.com.", { weight: 100 })];
    const records = [set("p", { name: "p.example.com." }), farm("a", 1, "a")];
    expect(answering(aliases, records)).toEqual(new Set(["backup"]));
    expect(answering(aliases, records, ["a"])).toEqual(new Set(["primary"]));
  });

  it.each<[string, RecordSet[], string[], Origin, string[]]>([
    ["failover: the primary", [set("p", { failover: "PRIMARY", healthCheckId: "p" }), set("s", { failover: "SECONDARY" })], [], {}, ["p"]],
    [
      "failover: the secondary",
      [set("p", { failover: "PRIMARY", healthCheckId: "p" }), set("s", { failover: "SECONDARY" })],
      ["p"],
      {},
      ["s"],
    ],
    [
      "failover, both sick: the primary",
      [set("p", { failover: "PRIMARY", healthCheckId: "p" }), set("s", { failover: "SECONDARY", healthCheckId: "s" })],
      ["p", "s"],
      {},
      ["p"],
    ],
    [
      "multivalue: the healthy ones",
      [
        set("a", { multiValueAnswer: true, healthCheckId: "a" }),
        set("b", { multiValueAnswer: true, healthCheckId: "b" }),
        set("c", { multiValueAnswer: true }),
      ],
      ["a"],
      {},
      ["b", "c"],
    ],
    [
      "multivalue, all sick: all",
      [set("a", { multiValueAnswer: true, healthCheckId: "a" }), set("b", { multiValueAnswer: true, healthCheckId: "b" })],
      ["a", "b"],
      {},
      ["a", "b"],
    ],
    ["latency: the region", [set("eu", { region: "eu-west-1" }), set("us", { region: "us-east-1" })], [], { region: "us-east-1" }, ["us"]],
    [
      "latency: another where it is sick",
      [set("eu", { region: "eu-west-1" }), set("us", { region: "us-east-1", healthCheckId: "us" })],
      ["us"],
      { region: "us-east-1" },
      ["eu"],
    ],
    [
      "geolocation: the country before the continent",
      [set("eu", { geoLocation: { continentCode: "EU" } }), set("fr", { geoLocation: { countryCode: "FR" } })],
      [],
      { continentCode: "EU", countryCode: "FR" },
      ["fr"],
    ],
    [
      "geolocation: the continent where the country is sick",
      [set("eu", { geoLocation: { continentCode: "EU" } }), set("fr", { geoLocation: { countryCode: "FR" }, healthCheckId: "fr" })],
      ["fr"],
      { continentCode: "EU", countryCode: "FR" },
      ["eu"],
    ],
    [
      "geolocation: the default elsewhere",
      [set("fr", { geoLocation: { countryCode: "FR" } }), set("*", { geoLocation: { countryCode: "*" } })],
      [],
      { countryCode: "JP" },
      ["*"],
    ],
    ["geolocation: nothing without a default", [set("fr", { geoLocation: { countryCode: "FR" } })], [], { countryCode: "JP" }, []],
    [
      "IP-based: its location",
      [
        set("a", { cidrRoutingConfig: { collectionId: "c", locationName: "office" } }),
        set("*", { cidrRoutingConfig: { collectionId: "c", locationName: "*" } }),
      ],
      [],
      { cidrLocation: "office" },
      ["a"],
    ],
    [
      "IP-based: the default",
      [
        set("a", { cidrRoutingConfig: { collectionId: "c", locationName: "office" } }),
        set("*", { cidrRoutingConfig: { collectionId: "c", locationName: "*" } }),
      ],
      [],
      {},
      ["*"],
    ],
  ])("%s", (_, group, sick, origin, expected) => {
    expect(answering(group, [], sick, origin)).toEqual(new Set(expected));
  });

  it("of weighted groups is what the guide says, in its own words", () => {
    const member = fc.record({ weight: fc.constantFrom(0, 0, 1, 50, 100), checked: fc.boolean(), sick: fc.boolean() });
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 5 }), (members) => {
        const group = members.map(({ weight, checked }, index) =>
          set(String(index), { weight, ...(checked && { healthCheckId: String(index) }) }),
        );
        const sick = members.flatMap((one, index) => (one.sick ? [String(index)] : []));
        // "Initially considers only the nonzero weighted records, if any"; "if all of these are unhealthy, the zero-weighted"; "if none is healthy, all are".
        const isWell = ({ healthCheckId }: RecordSet) => healthCheckId === undefined || !sick.includes(healthCheckId);
        const heavy = group.filter(({ weight = 0 }) => weight > 0);
        const zero = group.filter(({ weight }) => weight === 0);
        const considered = [heavy.filter(isWell), zero.filter(isWell), heavy, zero].find(({ length }) => length > 0) ?? [];
        expect(answering(group, [], sick)).toEqual(
          new Set(considered.map(({ setIdentifier }) => setIdentifier).filter((id) => answering(considered).has(id))),
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("delegation", () => {
  const a = (name: string, value: string): RecordSet => ({ name, type: "A", ttlSeconds: 60, values: [value] });

  it("decides which zone answers, not the longest match", async () => {
    const server = await startTestServer({
      zones: [{ name: "example.com" }, { name: "app.example.com" }, { name: "app.example.com" }, { name: "example.com" }],
    });
    const [parent = "", child = "", twin = "", spare = ""] = server.zones.map(({ id }) => id);
    try {
      server.seed(parent, [
        a("app.example.com", "192.0.2.1"),
        a("x.app.example.com", "192.0.2.2"),
        { name: "www.example.com", type: "CNAME", ttlSeconds: 60, values: ["app.example.com"] },
      ]);
      server.seed(child, [a("app.example.com", "192.0.2.11")]);
      server.seed(twin, [a("app.example.com", "192.0.2.21")]);
      server.seed(spare, [a("app.example.com", "192.0.2.31")]);
      const ask = (name: string, type = "A") => {
        const { status, answers } = resolvePublicly({ zones: server }, name, type);
        return [status, ...answers.map(({ data }) => data)];
      };
      expect([ask("app.example.com"), ask("x.app.example.com"), ask("www.example.com")]).toEqual([
        [0, "192.0.2.1"],
        [0, "192.0.2.2"],
        [0, "app.example.com.", "192.0.2.1"],
      ]);
      server.delegate(child);
      expect([ask("app.example.com"), ask("x.app.example.com"), ask("www.example.com")]).toEqual([
        [0, "192.0.2.11"],
        [3],
        [0, "app.example.com.", "192.0.2.11"],
      ]);
      server.delegate(twin);
      expect(ask("app.example.com")).toEqual([0, "192.0.2.21"]);
      server.seed(parent, [{ name: "app.example.com", type: "NS", ttlSeconds: 60, values: ["ns.elsewhere.example."] }]);
      expect([ask("app.example.com"), ask("x.app.example.com")]).toEqual([[2], [2]]);
      server.delegate(spare);
      expect([ask("app.example.com"), ask("www.example.com"), ask("nobody.test")]).toEqual([[0, "192.0.2.31"], [3], [3]]);
      const doh = await startDoh({ zones: server });
      const answer = await fetch(`${doh.url}?name=app.example.com&type=A`, { headers: { accept: "application/dns-json" } });
      expect(await answer.json()).toMatchObject({ Status: 0, Answer: [{ data: "192.0.2.31" }] });
      await doh.close();
    } finally {
      await server.close();
    }
  });
});
