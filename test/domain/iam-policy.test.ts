import { describe, expect, it } from "vitest";
import type { IamStatement } from "../../src/domain/iam-policy.ts";
import { iamPolicyFor, normalizedRecordName } from "../../src/domain/iam-policy.ts";

const statementsOf = (partition: string, domains: Parameters<typeof iamPolicyFor>[1]) => iamPolicyFor(partition, domains).policy.Statement;

type Request = { action: string; resource: string; names?: string[]; types?: string[]; actions?: string[] };

/** AWS's evaluation of the operators used, written from its description: what is not allowed is denied. */
const allows = (statements: readonly IamStatement[], request: Request): boolean => {
  const context: Record<string, string[] | undefined> = {
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": request.names,
    "route53:ChangeResourceRecordSetsRecordTypes": request.types,
    "route53:ChangeResourceRecordSetsActions": request.actions,
  };
  const holds = (operator: string, key: string, wanted: string | readonly string[]): boolean => {
    const given = context[key];
    if (operator === "Null") return (given === undefined) === (wanted === "true");
    if (operator !== "ForAllValues:StringEquals") throw new Error(operator);
    return (given ?? []).every((value) => wanted.includes(value));
  };
  const matches = (pattern: string, text: string) =>
    new RegExp(`^${pattern.replace(/[.\\+^$(){}|]/g, "\\$&").replaceAll("*", ".*")}$`).test(text);
  return statements.some(
    ({ Action, Resource, Condition = {} }) =>
      Action.some((pattern) => matches(pattern, request.action)) &&
      Resource.some((pattern) => matches(pattern, request.resource)) &&
      Object.entries(Condition).every(([operator, keys]) => Object.entries(keys).every(([key, wanted]) => holds(operator, key, wanted))),
  );
};

const zone = (id: string) => `arn:aws:route53:::hostedzone/${id}`;
const change = (over: Partial<Request>): Request => ({
  action: "route53:ChangeResourceRecordSets", resource: zone("Z1"), names: ["app.example.com"], types: ["CNAME"], actions: ["DELETE", "CREATE"], ...over,
});

describe("the policy of a service", () => {
  const statements = statementsOf("aws", [
    { name: "app.example.com", zoneId: "Z1" },
    { name: "*.example.com", zoneId: "Z1" },
    { name: "www.example.org", zoneId: "Z2" },
  ]);

  it.each<[string, Request]>([
    ["a switch", change({})],
    ["a switch of several names and types", change({ names: ["app.example.com", "\\052.example.com"], types: ["A", "AAAA"] })],
    ["a switch in another zone", change({ resource: zone("Z2"), names: ["www.example.org"] })],
    ["reading records", { action: "route53:ListResourceRecordSets", resource: zone("Z2") }],
    ["finding zones", { action: "route53:ListHostedZonesByName", resource: "*" }],
    ["following a change", { action: "route53:GetChange", resource: "arn:aws:route53:::change/C1" }],
    ["a health check", { action: "route53:UpdateHealthCheck", resource: "arn:aws:route53:::healthcheck/abc" }],
    ["a new health check", { action: "route53:CreateHealthCheck", resource: "*" }],
  ])("permits %s", (_, request) => {
    expect(allows(statements, request)).toBe(true);
  });

  it.each<[string, Request]>([
    ["another name beside a permitted one", change({ names: ["app.example.com", "mail.example.com"] })],
    ["a name of another zone", change({ names: ["www.example.org"] })],
    ["a name below a permitted one", change({ names: ["x.app.example.com"] })],
    ["another type", change({ types: ["CNAME", "MX"] })],
    ["overwriting unseen", change({ actions: ["UPSERT"] })],
    ["a request that names nothing", { action: "route53:ChangeResourceRecordSets", resource: zone("Z1") }],
    ["another zone", change({ resource: zone("Z3") })],
    ["reading another zone", { action: "route53:ListResourceRecordSets", resource: zone("Z3") }],
    ["deleting a zone", { action: "route53:DeleteHostedZone", resource: zone("Z1") }],
    ["another service of AWS", { action: "iam:CreateUser", resource: "*" }],
  ])("does not permit %s", (_, request) => {
    expect(allows(statements, request)).toBe(false);
  });

  it("is the same whatever the order of the domains, in the partition asked for", () => {
    const domains = [{ name: "b.example.com", zoneId: "Z2" }, { name: "a.example.com", zoneId: "Z1" }];
    expect(iamPolicyFor("aws-cn", domains)).toEqual(iamPolicyFor("aws-cn", domains.toReversed()));
    expect(JSON.stringify(statementsOf("aws-cn", domains))).not.toContain("arn:aws:");
  });

  it("says what it does not know, and what does not fit", () => {
    const unknown = iamPolicyFor("aws", [{ name: "app.example.com", zoneId: null }]);
    expect(unknown.notes.join()).toContain("app.example.com is not known yet");
    expect(allows(unknown.policy.Statement, change({ names: ["other.example.com"] }))).toBe(false);
    expect(iamPolicyFor("aws", []).notes.join()).toContain("no domains yet");
    expect(allows(statementsOf("aws", []), change({}))).toBe(false);
    const many = Array.from({ length: 300 }, (_, index) => ({ name: `host-${index}.example.com`, zoneId: "Z1" }));
    expect(iamPolicyFor("aws", many).notes.join()).toContain("a managed policy holds 6144");
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
