import {
  ChangeResourceRecordSetsCommand,
  CreateHealthCheckCommand,
  CreateHostedZoneCommand,
  DeleteHealthCheckCommand,
  GetAccountLimitCommand,
  GetChangeCommand,
  GetHealthCheckCountCommand,
  GetHealthCheckStatusCommand,
  GetHostedZoneCommand,
  GetHostedZoneCountCommand,
  ListResourceRecordSetsCommand,
  TestDNSAnswerCommand,
} from "@aws-sdk/client-route-53";
import type { ResourceRecordSet } from "@aws-sdk/client-route-53";
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Route53Server } from "../../local/route53/server.ts";
import { change, CREDENTIALS, failure, sdkClient, startTestServer, weighted, zoneId } from "./route53-client.ts";

let server: Route53Server;
let client: ReturnType<typeof sdkClient>;
beforeAll(async () => {
  server = await startTestServer();
  client = sdkClient(server.url);
});
afterAll(async () => await server.close());

describe("what AWS's own clients send", () => {
  it("has its elements in any order", async () => {
    const shuffled =
      '<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes><Change><ResourceRecordSet>' +
      "<ResourceRecords><ResourceRecord><Value>192.0.2.44</Value></ResourceRecord></ResourceRecords><TTL>60</TTL><Type>A</Type><Name>order.example.com</Name>" +
      "</ResourceRecordSet><Action>CREATE</Action></Change></Changes><Comment>Web server</Comment></ChangeBatch></ChangeResourceRecordSetsRequest>";
    const signer = new AwsClient({ ...CREDENTIALS, region: "us-east-1", service: "route53" });
    const answer = await signer.fetch(`${server.url}/2013-04-01/hostedzone/${zoneId(server)}/rrset/`, { method: "POST", body: shuffled });
    expect([answer.status, server.changes.at(-1)?.comment]).toEqual([200, "Web server"]);
    expect(server.records(zoneId(server)).find(({ name }) => name === "order.example.com.")).toMatchObject({
      type: "A",
      ttlSeconds: 60,
      values: ["192.0.2.44"],
    });
  });

  const placed = (SetIdentifier: string, more: Partial<ResourceRecordSet>, Name = "placed.example.com"): ResourceRecordSet => ({
    Name,
    Type: "A",
    SetIdentifier,
    TTL: 60,
    ResourceRecords: [{ Value: "192.0.2.1" }],
    ...more,
  });
  const cidr = "1c5b6a2e-1d3f-4c5e-8f7a-0b1c2d3e4f5a";

  it.each<[string, Partial<ResourceRecordSet>[]]>([
    [
      "geolocation",
      [
        { GeoLocation: { ContinentCode: "EU" } },
        { GeoLocation: { CountryCode: "US", SubdivisionCode: "CA" } },
        { GeoLocation: { CountryCode: "*" } },
      ],
    ],
    [
      "geoproximity",
      [
        { GeoProximityLocation: { AWSRegion: "eu-west-1", Bias: -10 } },
        { GeoProximityLocation: { Coordinates: { Latitude: "49.22", Longitude: "-74.01" } } },
      ],
    ],
    [
      "IP-based",
      [
        { CidrRoutingConfig: { CollectionId: cidr, LocationName: "office" } },
        { CidrRoutingConfig: { CollectionId: cidr, LocationName: "*" } },
      ],
    ],
    ["latency", [{ Region: "eu-west-1" }, { Region: "us-east-1" }]],
    ["failover", [{ Failover: "PRIMARY" }, { Failover: "SECONDARY" }]],
    ["multivalue", [{ MultiValueAnswer: true }, { MultiValueAnswer: true }]],
  ])("carries %s sets there and back", async (policy, places) => {
    const Name = `${policy.toLowerCase()}.example.com`;
    const sets = places.map((place, index) => placed(`${index}`, place, Name));
    await change(
      client,
      zoneId(server),
      sets.map((ResourceRecordSet) => ({ Action: "CREATE", ResourceRecordSet })),
    );
    const { ResourceRecordSets = [] } = await client.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: zoneId(server), StartRecordName: Name, MaxItems: sets.length }),
    );
    expect(ResourceRecordSets).toEqual(sets.map((one) => ({ ...one, Name: `${Name}.` })));
    const again = await failure(
      change(client, zoneId(server), [
        { Action: "CREATE", ResourceRecordSet: weighted("w", 1, { Name, Type: "A", ResourceRecords: [{ Value: "192.0.2.1" }] }) },
      ]),
    );
    expect(again.message).toContain("a non-weighted set exists");
    await change(
      client,
      zoneId(server),
      ResourceRecordSets.map((ResourceRecordSet) => ({ Action: "DELETE", ResourceRecordSet })),
    );
  });

  it.each<[string, Partial<ResourceRecordSet>, string]>([
    ["two policies", { GeoLocation: { CountryCode: "FR" }, Weight: 1 }, "more than one"],
    [
      "a continent and a country",
      { GeoLocation: { CountryCode: "FR", ContinentCode: "EU" } },
      "exactly one of [ContinentCode, CountryCode]",
    ],
    ["a part of no country", { GeoLocation: { ContinentCode: "NA", SubdivisionCode: "CA" } }, "requires CountryCode"],
    ["two places", { GeoProximityLocation: { AWSRegion: "eu-west-1", LocalZoneGroup: "us-east-1-bue-1" } }, "exactly one of [AWSRegion"],
    ["too much bias", { GeoProximityLocation: { AWSRegion: "eu-west-1", Bias: 100 } }, "less than or equal to 99"],
  ])("is refused with %s", async (_, place, said) => {
    const error = await failure(change(client, zoneId(server), [{ Action: "CREATE", ResourceRecordSet: placed("x", place) }]));
    expect([error.name, error.message]).toEqual(["InvalidInput", expect.stringContaining(said)]);
  });

  it("is refused with the same place twice, and without a set identifier", async () => {
    const twice = [placed("a", { GeoLocation: { CountryCode: "FR" } }), placed("b", { GeoLocation: { CountryCode: "FR" } })];
    expect(
      (
        await failure(
          change(
            client,
            zoneId(server),
            twice.map((ResourceRecordSet) => ({ Action: "CREATE", ResourceRecordSet })),
          ),
        )
      ).name,
    ).toBe("InvalidChangeBatch");
    const { SetIdentifier: _, ...nameless } = placed("a", { GeoLocation: { CountryCode: "FR" } });
    expect((await failure(change(client, zoneId(server), [{ Action: "CREATE", ResourceRecordSet: nameless }]))).message).toContain(
      "Missing field 'SetIdentifier'",
    );
  });
});

describe("zones, limits and checks", () => {
  it("creates a zone, which can be polled and filled", async () => {
    const input = { Name: "New.Example", CallerReference: "once", HostedZoneConfig: { Comment: "made here", PrivateZone: false } };
    const before = (await client.send(new GetHostedZoneCountCommand({}))).HostedZoneCount ?? 0;
    const made = await client.send(new CreateHostedZoneCommand(input));
    expect(made.HostedZone).toMatchObject({
      Name: "new.example.",
      CallerReference: "once",
      Config: { Comment: "made here", PrivateZone: false },
      ResourceRecordSetCount: 2,
    });
    expect([made.DelegationSet?.NameServers?.length, made.Location?.endsWith(made.HostedZone?.Id ?? "?")]).toEqual([4, true]);
    expect((await client.send(new GetChangeCommand({ Id: made.ChangeInfo?.Id }))).ChangeInfo?.Status).toBe("PENDING");
    const Id = made.HostedZone?.Id ?? "";
    await client.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: Id,
        ChangeBatch: { Changes: [{ Action: "CREATE", ResourceRecordSet: { ...weighted("primary", 1), Name: "www.new.example" } }] },
      }),
    );
    expect((await client.send(new GetHostedZoneCommand({ Id }))).HostedZone?.ResourceRecordSetCount).toBe(3);
    expect((await client.send(new GetHostedZoneCountCommand({}))).HostedZoneCount).toBe(before + 1);
    expect((await failure(client.send(new CreateHostedZoneCommand(input)))).name).toBe("HostedZoneAlreadyExists");
    expect((await failure(client.send(new CreateHostedZoneCommand({ ...input, CallerReference: "2", Name: "a..b" })))).name).toBe(
      "InvalidDomainName",
    );
    const twin = await client.send(new CreateHostedZoneCommand({ ...input, CallerReference: "3" }));
    expect(twin.DelegationSet?.NameServers).not.toEqual(made.DelegationSet?.NameServers);
    expect(server.zones.filter(({ name }) => name === "new.example.").map(({ registered }) => registered)).toEqual([true, false]);
  });

  it("tells the limits of the account", async () => {
    const zones = await client.send(new GetAccountLimitCommand({ Type: "MAX_HOSTED_ZONES_BY_OWNER" }));
    expect([zones.Limit, zones.Count]).toEqual([{ Type: "MAX_HOSTED_ZONES_BY_OWNER", Value: 500 }, server.zones.length]);
    expect((await failure(client.send(new GetAccountLimitCommand({ Type: "MAX_JOY" as never })))).name).toBe("InvalidInput");
  });

  it("tells what each checker found, and what name servers would answer", async () => {
    const made = await client.send(
      new CreateHealthCheckCommand({
        CallerReference: "hc",
        HealthCheckConfig: { Type: "HTTPS", FullyQualifiedDomainName: "backup.example.net" },
      }),
    );
    const Id = made.HealthCheck?.Id ?? "";
    expect((await client.send(new GetHealthCheckCountCommand({}))).HealthCheckCount).toBe(1);
    const statuses = async () => {
      const { HealthCheckObservations = [] } = await client.send(new GetHealthCheckStatusCommand({ HealthCheckId: Id }));
      return new Map(HealthCheckObservations.map(({ Region, StatusReport }) => [Region, StatusReport?.Status?.split(":")[0]]));
    };
    await change(client, zoneId(server), [
      { Action: "CREATE", ResourceRecordSet: weighted("primary", 0) },
      { Action: "CREATE", ResourceRecordSet: weighted("backup", 100, { HealthCheckId: Id }) },
    ]);
    const answer = async (RecordName = "app.example.com") => {
      const { ResponseCode, RecordData } = await client.send(
        new TestDNSAnswerCommand({ HostedZoneId: zoneId(server), RecordName, RecordType: "CNAME" }),
      );
      return [ResponseCode, ...(RecordData ?? [])];
    };
    expect([(await statuses()).size, ...new Set((await statuses()).values()), await answer()]).toEqual([
      8,
      "Success",
      ["NOERROR", "backup.cdn.example.net."],
    ]);
    server.setHealth(Id, { "us-east-1": "unhealthy", "us-west-1": "unhealthy" });
    expect([(await statuses()).get("us-east-1"), (await statuses()).get("eu-west-1"), await answer()]).toEqual([
      "Failure",
      "Success",
      ["NOERROR", "backup.cdn.example.net."],
    ]);
    server.setHealth(Id, "unhealthy");
    expect(await answer()).toEqual(["NOERROR", "primary.cdn.example.net."]);
    server.setHealth(Id, "unknown");
    expect([(await statuses()).size, await answer()]).toEqual([0, ["NOERROR", "backup.cdn.example.net."]]);
    expect(await answer("nobody.example.com")).toEqual(["NXDOMAIN"]);
  });

  it("lets records name a health check that is gone, but not anew", async () => {
    const made = await client.send(
      new CreateHealthCheckCommand({
        CallerReference: "dangling",
        HealthCheckConfig: { Type: "HTTPS", FullyQualifiedDomainName: "backup.example.net" },
      }),
    );
    const HealthCheckId = made.HealthCheck?.Id ?? "";
    const record = weighted("primary", 100, { Name: "dangling.example.com", HealthCheckId });
    await change(client, zoneId(server), [{ Action: "CREATE", ResourceRecordSet: record }]);
    await client.send(new DeleteHealthCheckCommand({ HealthCheckId }));
    const swap = (after: ResourceRecordSet) =>
      change(client, zoneId(server), [
        { Action: "DELETE", ResourceRecordSet: record },
        { Action: "CREATE", ResourceRecordSet: after },
      ]);
    const refused = await failure(swap({ ...record, Weight: 0 }));
    expect([refused.name, refused.$metadata]).toEqual(["NoSuchHealthCheck", expect.objectContaining({ httpStatusCode: 404 })]);
    const { HealthCheckId: _, ...bare } = record;
    await swap({ ...bare, Weight: 0 });
  });
});
