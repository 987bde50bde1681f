import { describe, expect, it } from "vitest";
import type { IamRequest } from "../../../local/route53/iam.ts";
import { evaluate } from "../../../local/route53/iam.ts";
import { checkPolicies } from "../../../local/route53/iam-document.ts";
import type { BatchItem } from "../../../src/adapters/route53/api/batches.ts";
import { groupBatches, recordChanges } from "../../../src/adapters/route53/api/batches.ts";
import type { PermittedDomain } from "../../../src/domain/steering/iam-policy.ts";
import { attachedPolicies, iamPolicyFor, normalizedRecordName } from "../../../src/domain/steering/iam-policy.ts";
import { managedPolicyCharacters } from "../../../src/domain/steering/iam-statements.ts";

const siteOf = (name: string) => name.split(".").slice(-2).join(".");
const advise = (domains: readonly PermittedDomain[], partition = "aws") => iamPolicyFor(partition, domains, siteOf);

type Change = { zone?: string; names?: string[]; types?: string[]; actions?: string[] };
const change = ({ zone = "Z1", names = ["app.example.com"], types = ["CNAME"], actions = ["DELETE", "CREATE"] }: Change): IamRequest => ({
  action: "route53:ChangeResourceRecordSets",
  resource: `arn:aws:route53:::hostedzone/${zone}`,
  context: {
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": names,
    "route53:ChangeResourceRecordSetsRecordTypes": types,
    "route53:ChangeResourceRecordSetsActions": actions,
  },
});
const simple = (action: string, resource: string): IamRequest => ({ action: `route53:${action}`, resource, context: {} });

describe("the policy of an account", () => {
  const { policies } = advise([
    { name: "app.example.com", zoneId: "Z1" },
    { name: "*.example.com", zoneId: "Z1" },
    { name: "www.example.org", zoneId: "Z2" },
    { name: "new.example.com", zoneId: null },
    { name: "new.example.net", zoneId: null },
  ]);
  const zone = (id: string) => `arn:aws:route53:::hostedzone/${id}`;

  it.each<[string, IamRequest]>([
    ["a switch", change({})],
    ["a switch of several names and types", change({ names: ["app.example.com", "\\052.example.com"], types: ["A", "AAAA"] })],
    ["a switch in another zone", change({ zone: "Z2", names: ["www.example.org"] })],
    ["a name whose zone turns out to be a known one, beside its names", change({ names: ["app.example.com", "new.example.com"] })],
    ["a name whose zone turns out to be a new one", change({ zone: "Z9", names: ["new.example.net"] })],
    ["reading records", simple("ListResourceRecordSets", zone("Z2"))],
    ["finding zones", simple("ListHostedZonesByName", "*")],
    ["following a change", simple("GetChange", "arn:aws:route53:::change/C1")],
    ["the status of a health check", simple("GetHealthCheckStatus", "arn:aws:route53:::healthcheck/abc")],
    ["a health check", simple("UpdateHealthCheck", "arn:aws:route53:::healthcheck/abc")],
    ["a new health check", simple("CreateHealthCheck", "*")],
  ])("permits %s", (_, request) => {
    expect(evaluate(policies, request)).toBe("allowed");
  });

  it.each<[string, IamRequest]>([
    ["another name beside a permitted one", change({ names: ["app.example.com", "mail.example.com"] })],
    ["a name of another zone", change({ names: ["www.example.org"] })],
    ["a name below a permitted one", change({ names: ["x.app.example.com"] })],
    ["another type", change({ types: ["CNAME", "MX"] })],
    ["overwriting unseen", change({ actions: ["UPSERT"] })],
    ["a request that names nothing", simple("ChangeResourceRecordSets", zone("Z1"))],
    ["another zone", change({ zone: "Z3" })],
    ["deleting a zone", simple("DeleteHostedZone", zone("Z1"))],
    ["deleting all", { action: "iam:CreateUser", resource: "*", context: {} }],
  ])("does not permit %s", (_, request) => {
    expect(evaluate(policies, request)).toBe("implicit-deny");
  });

  it("reads no other zone once all are known", () => {
    const known = advise([{ name: "app.example.com", zoneId: "Z1" }]).policies;
    expect(evaluate(known, simple("ListResourceRecordSets", zone("Z3")))).toBe("implicit-deny");
  });

  it("is the same whatever the order of the domains, in the partition asked for", () => {
    const domains = [
      { name: "b.example.com", zoneId: "Z2" },
      { name: "a.example.com", zoneId: "Z1" },
    ];
    expect(advise(domains, "aws-cn")).toEqual(advise(domains.toReversed(), "aws-cn"));
    expect(JSON.stringify(advise(domains, "aws-cn").policies)).not.toContain("arn:aws:");
  });

  it("says what it does not know", () => {
    const unknown = advise([{ name: "app.example.com", zoneId: null }]);
    expect(unknown.notes.join()).toContain("app.example.com is not known yet");
    expect(evaluate(unknown.policies, change({ names: ["other.example.com"] }))).toBe("implicit-deny");
    expect(advise([]).notes.join()).toContain("no domains yet");
    expect(evaluate(advise([]).policies, change({}))).toBe("implicit-deny");
  });
});

describe("every batch that is formed is permitted, and nothing else", () => {
  type Owned = { readonly name: string; readonly zoneId: string; readonly zoneName: string };
  const layouts = {
    "one zone": (service: number, domain: number) => ["Z0", "example.com", `host-${domain}.service-${service}.example.com`],
    "one flat zone": (service: number, domain: number) => ["Z0", "example.com", `host-${service}-${domain}.example.com`],
    "a zone for each service": (service: number, domain: number) => [
      `ZONE${service}`,
      `service-${service}.example.net`,
      `host-${domain}.service-${service}.example.net`,
    ],
    "a zone for each domain": (service: number, domain: number) => [
      `ZONE${service}X${domain}`,
      `shop-${service}-${domain}.test`,
      `www.shop-${service}-${domain}.test`,
    ],
  } as const;
  const domainsOf = (layout: keyof typeof layouts, services: number, each: number): Owned[] =>
    Array.from({ length: services * each }, (_, index) => {
      const [zoneId = "", zoneName = "", name = ""] = layouts[layout](index % services, Math.floor(index / services));
      return { name, zoneId, zoneName };
    });
  const batchesOf = (domains: readonly Owned[]) =>
    groupBatches(
      domains.map(({ name, zoneId }, index): BatchItem => {
        const record = (setIdentifier: string, weight: number) => ({
          name,
          type: "CNAME",
          setIdentifier,
          weight,
          ttl: 60,
          values: [`${setIdentifier}.cdn.example.net`],
        });
        const records = [record("primary", 100), record("backup", 0)];
        return { index, zoneId, name, changes: recordChanges({ domain: name, zoneId, records, to: { primary: 0, backup: 100 } }) };
      }),
    );

  const cases = (Object.keys(layouts) as (keyof typeof layouts)[]).flatMap((layout) =>
    [1, 2, 100].flatMap((services) => [1, 20, 200].map((each) => [layout, services, each] as const)),
  );

  it.each(cases)("%s, %i services of %i domains", (layout, services, each) => {
    const domains = domainsOf(layout, services, each);
    const { policies, notes } = advise(domains);
    for (const document of policies) expect(JSON.stringify(document).length).toBeLessThanOrEqual(managedPolicyCharacters);
    const several = notes.some((note) => note.startsWith(`There are ${policies.length} documents`));
    expect(several).toBe(policies.length > 1);
    const tooMany = notes.some((note) => note.includes("have the quota raised"));
    expect(tooMany).toBe(policies.length > attachedPolicies);
    if (!tooMany) checkPolicies(policies);
    const widened = notes.some((note) => note.startsWith("Not every name fits"));

    const batches = batchesOf(domains);
    const sampled = batches.filter((_, index) => index % Math.ceil(batches.length / 200) === 0);
    const refused = sampled.filter(
      ({ zoneId, items }) => evaluate(policies, change({ zone: zoneId, names: items.map(({ name }) => name) })) !== "allowed",
    );
    expect(refused).toEqual([]);

    const [first] = domains;
    if (first === undefined) throw new Error("no domains");
    const own = { zone: first.zoneId, names: [first.name] };
    const outside: IamRequest[] = [
      change({ ...own, names: [first.name, "mail.elsewhere.test"] }),
      change({ ...own, types: ["CNAME", "TXT"] }),
      change({ ...own, actions: ["UPSERT"] }),
      simple("ChangeResourceRecordSets", `arn:aws:route53:::hostedzone/${first.zoneId}`),
      simple("DeleteHostedZone", `arn:aws:route53:::hostedzone/${first.zoneId}`),
      ...(widened ? [] : [`mail.${first.zoneName}`, `x.${first.name}`, first.zoneName].map((name) => change({ ...own, names: [name] }))),
    ];
    expect(outside.filter((request) => evaluate(policies, request) !== "implicit-deny")).toEqual([]);
  });

  it.each<[keyof typeof layouts, number, number, number, boolean]>([
    ["one zone", 1, 1, 1, false],
    ["one zone", 1, 20, 1, false],
    ["one flat zone", 1, 200, 2, false],
    ["one zone", 2, 200, 1, true],
    ["one zone", 100, 200, 1, true],
    ["a zone for each service", 100, 1, 10, false],
    ["a zone for each domain", 1, 200, 1, false],
    ["a zone for each domain", 100, 20, 8, false],
  ])("%s, %i services of %i domains: %i documents, wider than the names: %s", (layout, services, each, count, widened) => {
    const { policies, notes } = advise(domainsOf(layout, services, each));
    expect([policies.length, notes.some((note) => note.startsWith("Not every name fits"))]).toEqual([count, widened]);
  });

  it("makes the narrowest patterns of a zone that does not fit, and leaves the others as they are", () => {
    const crowded = domainsOf("one zone", 3, 300).map(({ name, zoneId }) => ({ name: name.replace("host", "a-rather-long-host"), zoneId }));
    const { policies, notes } = advise([...crowded, { name: "www.example.com", zoneId: "Z0" }, { name: "www.example.org", zoneId: "Z2" }]);
    const patterns = JSON.stringify(policies).match(/\*\.[a-z0-9-]+\.example\.com/g) ?? [];
    expect(patterns.length).toBeGreaterThan(0);
    expect(notes.join()).toContain("service-0.example.com");
    const decide = (zone: string, name: string) => evaluate(policies, change({ zone, names: [name] }));
    expect([
      decide("Z0", "other.service-0.example.com"),
      decide("Z0", "mail.example.com"),
      decide("Z2", "mail.example.org"),
      decide("Z2", "www.example.org"),
    ]).toEqual(["allowed", "implicit-deny", "implicit-deny", "allowed"]);
  });
});

it.each([
  ["APP.Example.com.", "app.example.com"],
  ["*.example.com", "\\052.example.com"],
  ["a_b-c.example.com", "a_b-c.example.com"],
  ["a/b.example.com", "a\\057b.example.com"],
])("normalises %s", (name, normalized) => {
  expect(normalizedRecordName(name)).toBe(normalized);
});
