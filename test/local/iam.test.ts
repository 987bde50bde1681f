import { GetHostedZoneCommand, ListHostedZonesByNameCommand, ListHostedZonesCommand } from "@aws-sdk/client-route-53";
import { describe, expect, it } from "vitest";
import type { IamRequest } from "../../local/route53/iam.ts";
import { evaluate } from "../../local/route53/iam.ts";
import type { PolicyDocument, PolicyStatement } from "../../local/route53/iam-document.ts";
import { checkPolicies } from "../../local/route53/iam-document.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import { change, CREDENTIALS, failure, sdkClient, startTestServer, weighted, zoneId } from "./route53-client.ts";

const names = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
const types = "route53:ChangeResourceRecordSetsRecordTypes";
const zone = "arn:aws:route53:::hostedzone/Z1";

const policy = (...statements: Partial<PolicyStatement>[]): PolicyDocument => ({
  Version: "2012-10-17",
  Statement: statements.map((statement) => ({ Effect: "Allow", Action: "*", Resource: "*", ...statement })),
});
const asked = (context: IamRequest["context"] = {}, more: Partial<IamRequest> = {}): IamRequest => ({
  action: "route53:ChangeResourceRecordSets",
  resource: zone,
  context,
  ...more,
});
const decide = (statement: Partial<PolicyStatement>, request: IamRequest) => evaluate([policy(statement)], request);

describe("IAM, by the rules of its user guide", () => {
  it.each<[string, Partial<PolicyStatement>, Partial<IamRequest>, string]>([
    ["an action in any case", { Action: "ROUTE53:change*" }, {}, "allowed"],
    ["one character", { Action: "route53:ChangeResourceRecordSet?" }, {}, "allowed"],
    ["another action", { Action: "route53:Get*" }, {}, "implicit-deny"],
    ["all but an action", { Action: undefined as never, NotAction: "route53:Get*" }, {}, "allowed"],
    ["a resource", { Resource: ["arn:aws:route53:::hostedzone/Z*"] }, {}, "allowed"],
    ["a resource in another case", { Resource: "arn:aws:route53:::hostedzone/z1" }, {}, "implicit-deny"],
    ["another partition", { Resource: "arn:aws-cn:route53:::hostedzone/Z1" }, {}, "implicit-deny"],
    ["an ARN of fewer parts", { Resource: "arn:aws:route53" }, {}, "allowed"],
    ["all but a resource", { Resource: undefined as never, NotResource: zone }, {}, "implicit-deny"],
    ["a named resource where the action knows none", { Resource: "arn:aws:route53:::*" }, { resource: "*" }, "implicit-deny"],
  ])("matches %s", (_, statement, more, decision) => {
    expect(decide(statement, asked({}, more))).toBe(decision);
  });

  it.each<[string, Record<string, Record<string, string | string[]>>, IamRequest["context"], boolean]>([
    [
      "every value is in the list",
      { "ForAllValues:StringEquals": { [names]: ["a.test", "b.test"] } },
      { [names]: ["b.test", "a.test"] },
      true,
    ],
    ["one value is not", { "ForAllValues:StringEquals": { [names]: ["a.test"] } }, { [names]: ["b.test", "a.test"] }, false],
    ["for all values of a key that is not there", { "ForAllValues:StringEquals": { [names]: "a.test" } }, {}, true],
    ["for any value of a key that is not there", { "ForAnyValue:StringEquals": { [names]: "a.test" } }, {}, false],
    ["for any of several", { "ForAnyValue:StringEquals": { [names]: "a.test" } }, { [names]: ["b.test", "a.test"] }, true],
    ["the key has to be there", { Null: { [names]: "false" } }, {}, false],
    ["the key must not be there", { Null: { [names]: "true" } }, {}, true],
    ["keys in another case", { "ForAllValues:StringEquals": { [names.toUpperCase()]: "a.test" } }, { [names]: ["b.test"] }, false],
    ["a pattern over labels", { "ForAllValues:StringLike": { [names]: "*.a.test" } }, { [names]: ["x.y.a.test", "\\052.a.test"] }, true],
    ["a pattern and the name itself", { "ForAllValues:StringLike": { [names]: "*.a.test" } }, { [names]: ["a.test"] }, false],
    ["an asterisk without StringLike", { "ForAllValues:StringEquals": { [names]: "*.test" } }, { [names]: ["a.test"] }, false],
    ["an asterisk that means itself", { "ForAllValues:StringLike": { [names]: "${*}.test" } }, { [names]: ["a.test"] }, false],
    ["one character of a name", { "ForAllValues:StringLike": { [names]: "a?.test" } }, { [names]: ["a1.test", "a22.test"] }, false],
    ["none of the values", { "ForAllValues:StringNotEquals": { [types]: ["NS", "MX"] } }, { [types]: ["A", "TXT"] }, true],
    ["a negation of a key that is not there", { StringNotEquals: { "aws:Tag": "x" } }, {}, true],
    ["a comparison of a key that is not there", { StringEquals: { "aws:Tag": "x" } }, {}, false],
    ["the same if it exists", { StringEqualsIfExists: { "aws:Tag": "x" } }, {}, true],
    ["without case", { StringEqualsIgnoreCase: { "aws:Tag": "X" } }, { "aws:Tag": "x" }, true],
    ["both of two operators", { StringEquals: { "aws:Tag": "x" }, Null: { [names]: "false" } }, { "aws:Tag": "x" }, false],
    [
      "both of two keys",
      { "ForAllValues:StringEquals": { [names]: "a.test", [types]: "A" } },
      { [names]: ["a.test"], [types]: ["A", "MX"] },
      false,
    ],
    [
      "several values without a set operator",
      { StringEquals: { [names]: ["a.test", "b.test"] } },
      { [names]: ["a.test", "b.test"] },
      false,
    ],
  ])("holds a condition: %s", (_, Condition, context, holds) => {
    expect(decide({ Condition }, asked(context))).toBe(holds ? "allowed" : "implicit-deny");
  });

  it("does not add two statements up, and lets a denial win", () => {
    const one = (name: string): Partial<PolicyStatement> => ({ Condition: { "ForAllValues:StringEquals": { [names]: name } } });
    const both = [policy(one("a.test")), policy(one("b.test"))];
    expect(evaluate(both, asked({ [names]: ["a.test"] }))).toBe("allowed");
    expect(evaluate(both, asked({ [names]: ["b.test"] }))).toBe("allowed");
    expect(evaluate(both, asked({ [names]: ["a.test", "b.test"] }))).toBe("implicit-deny");
    expect(evaluate([...both, policy({ Effect: "Deny" })], asked({ [names]: ["a.test"] }))).toBe("explicit-deny");
    expect(evaluate([], asked())).toBe("implicit-deny");
  });

  it("attaches neither what is too large or too much, nor what it would only half understand", () => {
    const refused = (...documents: PolicyDocument[]) => {
      try {
        checkPolicies(documents);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return null;
    };
    const sized = (characters: number) => {
      const empty = policy({ Resource: ["arn:"] });
      return policy({ Resource: [`arn:${"x".repeat(characters - JSON.stringify(empty).length)}`] });
    };
    expect([refused(sized(6_144)), refused(sized(6_145))]).toEqual([null, "LimitExceeded"]);
    expect(refused(...Array.from({ length: 11 }, () => policy({})))).toBe("LimitExceeded");
    const bad: Partial<PolicyStatement>[] = [
      { Resource: "hostedzone/Z1" },
      { Sid: "not alphanumeric" },
      { Action: [] },
      { NotAction: "iam:*" },
      { Condition: { StringLikes: { [names]: "x" } } },
      { Condition: { "ForAllValues:Null": { [names]: "x" } } },
      { Condition: { StringLike: { [names]: "${aws:username}.test" } } },
    ];
    expect(bad.map((statement) => refused(policy(statement)))).toEqual(bad.map(() => "MalformedPolicyDocument"));
    expect(refused(policy({ Sid: "A" }, { Sid: "A" }))).toBe("MalformedPolicyDocument");
  });
});

describe("a caller with a policy attached", () => {
  it("may do what it allows, and gets Route 53's AccessDenied for the rest", async () => {
    const server = await startTestServer();
    try {
      const client = sdkClient(server.url);
      const arn = `arn:aws:route53:::hostedzone/${zoneId(server)}`;
      const statement = (name: string): Partial<PolicyStatement> => ({
        Action: "route53:ChangeResourceRecordSets",
        Resource: arn,
        Condition: {
          "ForAllValues:StringEquals": { [names]: name, [types]: ["CNAME"], "route53:ChangeResourceRecordSetsActions": ["CREATE"] },
          Null: { [names]: "false" },
        },
      });
      server.setPolicies(CREDENTIALS.accessKeyId, [policy(statement("app.example.com"), statement("\\052.example.com"))]);
      const create = (...hosts: string[]) =>
        change(
          client,
          zoneId(server),
          hosts.map((Name) => ({ Action: "CREATE", ResourceRecordSet: weighted("primary", 1, { Name }) })),
        );
      expect((await failure(create("APP.example.com", "*.example.com"))).name).toBe("AccessDenied");
      await create("APP.example.com.");
      await create("*.example.com");
      const denied = await failure(create("mail.example.com"));
      expect(denied.message).toBe(
        `User: arn:aws:iam::123456789012:user/local is not authorized to perform: route53:ChangeResourceRecordSets on resource: ${arn} ` +
          "because no identity-based policy allows the route53:ChangeResourceRecordSets action",
      );
      expect(denied.$metadata).toMatchObject({ httpStatusCode: 403 });
      expect((await failure(client.send(new ListHostedZonesByNameCommand({})))).name).toBe("AccessDenied");
      server.setPolicies(CREDENTIALS.accessKeyId, null);
      await client.send(new ListHostedZonesByNameCommand({}));
      expect(server.changes.length).toBe(2);
    } finally {
      await server.close();
    }
  });
});

describe("several accounts behind one endpoint", () => {
  const [acme, globex] = ["AKIAACME", "AKIAGLOBEX"].map((accessKeyId) => ({
    accessKeyId,
    secretAccessKey: `secret of ${accessKeyId}`,
  })) as [typeof CREDENTIALS, typeof CREDENTIALS];

  it("have their own zones, rates and troubles", async () => {
    let nowMs = Date.now();
    const server = await startRoute53({
      ...CREDENTIALS,
      now: () => nowMs,
      accounts: [{ ...acme, burst: 2, requestsPerSecond: 1 }, globex],
      zones: [
        { name: "own.example" },
        { name: "acme.example", accessKeyId: acme.accessKeyId },
        { name: "globex.example", accessKeyId: globex.accessKeyId },
      ],
    });
    try {
      const list = async (keys: typeof CREDENTIALS) =>
        (await sdkClient(server.url, keys).send(new ListHostedZonesCommand({}))).HostedZones?.map(({ Name }) => Name);
      expect([await list(CREDENTIALS), await list(acme), await list(globex)]).toEqual([
        ["own.example."],
        ["acme.example."],
        ["globex.example."],
      ]);
      expect((await failure(sdkClient(server.url, globex).send(new GetHostedZoneCommand({ Id: zoneId(server, 1) })))).name).toBe(
        "AccessDenied",
      );
      await list(acme);
      expect((await failure(list(acme))).name).toBe("Throttling");
      await list(globex);
      nowMs += 1_000;
      await list(acme);
      server.setFault([
        { kind: "throttle", accessKeyIds: [acme.accessKeyId] },
        { kind: "hang", accessKeyIds: [globex.accessKeyId] },
      ]);
      nowMs += 2_000;
      expect((await failure(list(acme))).name).toBe("Throttling");
      const silent = failure(list(globex));
      await list(CREDENTIALS);
      const latest = new Map(server.requests.slice(-3).map(({ accessKeyId, status }) => [accessKeyId, status]));
      expect([acme, globex, CREDENTIALS].map(({ accessKeyId }) => latest.get(accessKeyId))).toEqual([400, null, 200]);
      await server.close();
      await silent;
    } finally {
      await server.close();
    }
  });
});
