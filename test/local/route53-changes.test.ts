import type { Change, ResourceRecordSet } from "@aws-sdk/client-route-53";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Route53Server } from "../../local/route53/server.ts";
import { change, failure, sdkClient, startTestServer, weighted, zoneId } from "./route53-client.ts";

let server: Route53Server;
beforeEach(async () => {
  server = await startTestServer({ zones: [{ name: "example.com" }, { name: "other.example" }] });
});
afterEach(() => server.close());

const apply = (...changes: Change[]) => change(sdkClient(server.url), zoneId(server), changes);
const create = (ResourceRecordSet: ResourceRecordSet): Change => ({ Action: "CREATE", ResourceRecordSet });
const remove = (ResourceRecordSet: ResourceRecordSet): Change => ({ Action: "DELETE", ResourceRecordSet });
const upsert = (ResourceRecordSet: ResourceRecordSet): Change => ({ Action: "UPSERT", ResourceRecordSet });
const simple = (more: Partial<ResourceRecordSet> = {}): ResourceRecordSet => ({
  Name: "www.example.com",
  Type: "A",
  TTL: 60,
  ResourceRecords: [{ Value: "192.0.2.1" }],
  ...more,
});
const weights = () => server.records(zoneId(server)).flatMap((set) => (set.weight === undefined ? [] : [[set.setIdentifier, set.weight]]));
/** The single message of an InvalidChangeBatch; fails when there is another error, or more than one message. */
const refusal = async (...changes: Change[]): Promise<string> => {
  const before = server.records(zoneId(server));
  const error = await failure(apply(...changes));
  expect(error.name).toBe("InvalidChangeBatch");
  expect(server.records(zoneId(server))).toEqual(before);
  return error.message.replace(/^\[(.*)\]$/, "$1");
};

describe("a switch of a weighted pair", () => {
  const from = [weighted("primary", 100), weighted("backup", 0)] as const;
  const to = [weighted("primary", 0), weighted("backup", 100)] as const;
  const swap = () => apply(remove(from[0]), remove(from[1]), create(to[0]), create(to[1]));
  const pair = "name='app.example.com.', type='CNAME', set-identifier=";

  it("replaces both record sets in one batch", async () => {
    await apply(create(from[0]), create(from[1]));
    await swap();
    expect(weights()).toEqual([
      ["backup", 100],
      ["primary", 0],
    ]);
    const actions = server.changes.at(-1)?.changes.map(({ action }) => action);
    expect(actions).toEqual(["DELETE", "DELETE", "CREATE", "CREATE"]);
  });

  it("is refused with a message for every change, and applies nothing, when other weights are live", async () => {
    await apply(create(weighted("primary", 90)), create(weighted("backup", 10)));
    const error = await failure(swap());
    expect(error.name).toBe("InvalidChangeBatch");
    const messages = [
      `Tried to delete resource record set [${pair}'primary'] but the values provided do not match the current values`,
      `Tried to delete resource record set [${pair}'backup'] but the values provided do not match the current values`,
      `Tried to create resource record set [${pair}'primary'] but it already exists`,
      `Tried to create resource record set [${pair}'backup'] but it already exists`,
    ];
    expect(error.message).toBe(`[${messages.join(", ")}]`);
    // The real service sends all messages in one element, so the SDK finds none for its list.
    expect(error.messages).toEqual([]);
    expect(error.$metadata).toMatchObject({ httpStatusCode: 400 });
    expect(weights()).toEqual([
      ["backup", 10],
      ["primary", 90],
    ]);
    expect(server.changes.length).toBe(1);
  });

  it("is refused when one of the two is gone", async () => {
    await apply(create(from[0]));
    expect(await refusal(remove(from[0]), remove(from[1]))).toBe(
      `Tried to delete resource record set [${pair}'backup'] but it was not found`,
    );
  });

  it.each<[string, Partial<ResourceRecordSet>]>([
    ["weight", { Weight: 1 }],
    ["TTL", { TTL: 61 }],
    ["value", { ResourceRecords: [{ Value: "other.cdn.example.net" }] }],
    ["health check", { HealthCheckId: "abc" }],
  ])("matches a DELETE against the live %s", async (_field, more) => {
    await apply(create(from[0]));
    expect(await refusal(remove(weighted("primary", 100, more)))).toMatch(/do not match the current values$/);
  });

  it("matches a DELETE against the live alias target", async () => {
    const alias = (EvaluateTargetHealth: boolean) =>
      simple({
        TTL: undefined,
        ResourceRecords: undefined,
        AliasTarget: { HostedZoneId: "Z2FDTNDATAQYW2", DNSName: "d1.cloudfront.net", EvaluateTargetHealth },
      });
    await apply(create(alias(false)));
    expect(await refusal(remove(alias(true)))).toMatch(/do not match the current values$/);
    await apply(remove(alias(false)));
  });
});

describe("validation of a change", () => {
  it("applies a whole batch or nothing", async () => {
    expect(await refusal(create(simple()), create(simple({ Name: "www.example.org" })))).toBe(
      "RRSet with DNS name www.example.org. is not permitted in zone example.com.",
    );
    expect(await refusal(create(simple({ Name: "badexample.com" })))).toMatch(/is not permitted in zone/);
  });

  it("refuses to create what exists, and replaces it by UPSERT", async () => {
    await apply(create(simple()));
    expect(await refusal(create(simple()))).toBe(
      "Tried to create resource record set [name='www.example.com.', type='A'] but it already exists",
    );
    await apply(upsert(simple({ TTL: 5 })), upsert(simple({ Name: "new.example.com" })));
    expect(
      server
        .records(zoneId(server))
        .map(({ name, ttlSeconds }) => [name, ttlSeconds])
        .slice(2),
    ).toEqual([
      ["new.example.com.", 60],
      ["www.example.com.", 5],
    ]);
  });

  it("keeps a CNAME alone at its name, away from the apex, with one value", async () => {
    const cname = (more: Partial<ResourceRecordSet> = {}) =>
      simple({ Type: "CNAME", ResourceRecords: [{ Value: "x.example.net" }], ...more });
    expect(await refusal(create(cname({ Name: "example.com" })))).toBe(
      "RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.",
    );
    const two = [{ Value: "x.example.net" }, { Value: "y.example.net" }];
    expect(await refusal(create(cname({ ResourceRecords: two })))).toMatch(/cannot have more than one ResourceRecord/);
    await apply(create(simple()));
    expect(await refusal(create(cname()))).toBe(
      "RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records " +
        "with the same DNS name in zone example.com.",
    );
    // Judged in sequence: the order of the batch decides.
    expect(await refusal(create(cname()), remove(simple()))).toMatch(/conflicts with other records/);
    await apply(remove(simple()), create(cname()));
    expect(await refusal(create(simple()))).toBe(
      "RRSet of type A with DNS name www.example.com. is not permitted because a conflicting RRSet of type CNAME " +
        "with the same DNS name already exists in zone example.com.",
    );
  });

  it("does not mix weighted and simple record sets, nor TTLs within a weighted group", async () => {
    const name = "app.example.com.";
    await apply(create(weighted("primary", 100)));
    expect(await refusal(create(weighted("x", 0, { SetIdentifier: undefined, Weight: undefined })))).toBe(
      `RRSet with DNS name ${name}, type CNAME cannot be created as other RRSets exist with the same name and type.`,
    );
    expect(await refusal(create(weighted("backup", 0, { TTL: 30 })))).toBe(
      `RRSet with DNS name ${name}, type CNAME, SetIdentifier backup cannot be created as weighted sets must contain the same TTL.`,
    );
    await apply(create(simple()));
    expect(await refusal(create(simple({ SetIdentifier: "backup", Weight: 1 })))).toBe(
      "RRSet with DNS name www.example.com., type A, SetIdentifier backup cannot be created as " +
        "a non-weighted set exists with the same name and type.",
    );
    const two = [{ Value: "192.0.2.1" }, { Value: "192.0.2.2" }];
    const double = simple({ Name: "w.example.com", SetIdentifier: "a", Weight: 1, ResourceRecords: two });
    expect(await refusal(create(double))).toMatch(/cannot have more than one ResourceRecord/);
  });

  it("takes weights 0 to 255 only", async () => {
    await apply(create(weighted("low", 0)), create(weighted("high", 255)));
    const error = await failure(apply(create(weighted("more", 256))));
    expect(error).toMatchObject({ name: "InvalidInput" });
    expect(error.message).toMatch(/Member must have value less than or equal to 255$/);
    expect((await failure(apply(create(weighted("less", -1))))).name).toBe("InvalidInput");
  });

  it("wants a TTL unless it is an alias, and a routing value exactly with an identifier", async () => {
    const where = "in Change with [Action=CREATE, Name=www.example.com, Type=A, SetIdentifier=";
    const inputError = async (more: Partial<ResourceRecordSet>) => {
      const error = await failure(apply(create(simple(more))));
      expect(error.name).toBe("InvalidInput");
      return error.message;
    };
    const oneOf =
      "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or " +
      "TrafficPolicyInstanceId], but found";
    expect(await inputError({ TTL: undefined })).toBe(`${oneOf} none ${where}null]`);
    expect(await inputError({ ResourceRecords: undefined })).toBe(`${oneOf} none ${where}null]`);
    const alias = { HostedZoneId: "Z2FDTNDATAQYW2", DNSName: "d1.cloudfront.net", EvaluateTargetHealth: false };
    expect(await inputError({ AliasTarget: alias })).toBe(`${oneOf} more than one ${where}null]`);
    expect(await inputError({ Weight: 1 })).toBe(`Invalid request: Missing field 'SetIdentifier' ${where}null]`);
    const identified = await inputError({ SetIdentifier: "a" });
    expect(identified).toMatch(/^Invalid request: Expected exactly one of \[Weight, .* none /);
    expect(await inputError({ Type: "BOGUS" as "A" })).toMatch(/Member must satisfy enum value set/);
  });

  it("refuses values that are none of their type", async () => {
    const bad = (Type: "A" | "AAAA" | "CNAME" | "TXT", Value: string) => refusal(create(simple({ Type, ResourceRecords: [{ Value }] })));
    expect(await bad("A", "cdn.example.net")).toBe(
      "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) " +
        "encountered with 'cdn.example.net''",
    );
    expect(await bad("AAAA", "192.0.2.1")).toMatch(/AAAARRDATAIllegalIPv6Address/);
    expect(await bad("TXT", "naked")).toMatch(/Value should be enclosed in quotation marks/);
    expect(await bad("TXT", `"${"x".repeat(256)}"`)).toMatch(/CharacterStringTooLong/);
    expect(await bad("CNAME", "a..b")).toMatch(/DomainLabelEmpty/);
    expect(await refusal(create(simple({ Name: `${"x".repeat(64)}.example.com` })))).toMatch(/DomainLabelTooLong/);
    await apply(create(simple({ Type: "TXT", ResourceRecords: [{ Value: `"${"x".repeat(255)}" "y \\"z\\""` }] })));
  });

  it("checks alias targets in zones of the account", async () => {
    const alias = (DNSName: string) =>
      create(
        simple({
          TTL: undefined,
          ResourceRecords: undefined,
          AliasTarget: { HostedZoneId: zoneId(server, 1), DNSName, EvaluateTargetHealth: false },
        }),
      );
    const tried = (name: string) => `Tried to create an alias that targets ${name}, type A in zone ${zoneId(server, 1)}, but`;
    expect(await refusal(alias("a.other.example"))).toBe(`${tried("a.other.example.")} that target was not found`);
    expect(await refusal(alias("d1.cloudfront.net"))).toBe(
      `${tried("d1.cloudfront.net.")} the alias target name does not lie within the target zone, ` +
        `${tried("d1.cloudfront.net.")} that target was not found`,
    );
    server.seed(zoneId(server, 1), [{ name: "a.other.example", type: "A", ttlSeconds: 60, values: ["192.0.2.1"] }]);
    await apply(alias("a.other.example"));
  });

  it("protects the records that make the zone", async () => {
    const [ns, soa] = server.records(zoneId(server));
    const asSdk = (set: typeof ns) =>
      remove({
        Name: set?.name,
        Type: set?.type,
        TTL: set?.ttlSeconds,
        ResourceRecords: set?.values.map((Value) => ({ Value })),
      });
    expect(await refusal(asSdk(ns))).toBe("A HostedZone must contain at least one NS record for the zone itself.");
    expect(await refusal(asSdk(soa))).toBe("A HostedZone must contain exactly one SOA record.");
  });
});

describe("limits of a batch", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => simple({ Name: `h${index}.example.com` }));

  it("holds 1,000 records, an UPSERT counting twice", async () => {
    await apply(...many(1000).map(create));
    expect(await refusal(...many(1001).map(remove))).toBe("Number of records limit of 1000 exceeded.");
    expect(await refusal(...many(501).map(upsert))).toBe("Number of records limit of 1000 exceeded.");
    await apply(...many(500).map(upsert));
  });

  it("holds 32,000 characters of values, an UPSERT counting twice", async () => {
    const texts = (characters: number) =>
      Array.from({ length: characters / 200 }, (_, index) =>
        simple({ Name: `t${index}.example.com`, Type: "TXT", ResourceRecords: [{ Value: `"${"x".repeat(198)}"` }] }),
      );
    await apply(...texts(32_000).map(create));
    expect(await refusal(...texts(32_200).map(remove))).toBe("RDATA character limit of 32000 exceeded.");
    expect(await refusal(...texts(16_200).map(upsert))).toBe("RDATA character limit of 32000 exceeded.");
  });

  it("holds one change of a record set, or its DELETE and then its CREATE", async () => {
    await apply(create(simple()));
    const twice = "The request contains an invalid set of changes for a resource record set 'A www.example.com.'";
    expect(await refusal(upsert(simple()), upsert(simple({ TTL: 1 })))).toBe(twice);
    expect(await refusal(remove(simple()), remove(simple({ Name: "WWW.example.com." })))).toBe(twice);
    expect(await refusal(create(simple()), remove(simple()))).toBe(twice);
    await apply(remove(simple()), create(simple({ TTL: 1 })));
  });
});
