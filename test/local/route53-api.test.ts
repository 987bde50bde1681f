import type { ListResourceRecordSetsCommandInput } from "@aws-sdk/client-route-53";
import {
  CreateHealthCheckCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
} from "@aws-sdk/client-route-53";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordSet } from "../../local/route53/record-set.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { change, failure, sdkClient, startTestServer, weighted, zoneId } from "./route53-client.ts";

describe("zones, as the official client reads them", () => {
  let server: Route53Server;
  beforeAll(async () => {
    server = await startTestServer({
      zones: [
        { name: "example.com" },
        { name: "Ample.com." },
        { name: "example-x.com" },
        { name: "app.example.com" },
        { name: "example.com", private: true },
        { name: "example.net" },
      ],
    });
  });
  afterAll(() => server.close());

  it("lists all zones and pages by marker", async () => {
    const client = sdkClient(server.url);
    const all = await client.send(new ListHostedZonesCommand({}));
    expect(all.HostedZones?.map(({ Id }) => Id)).toEqual(server.zones.map(({ id }) => `/hostedzone/${id}`));
    expect(all.IsTruncated).toBe(false);
    expect(all.HostedZones?.[0]).toMatchObject({ Name: "example.com.", ResourceRecordSetCount: 2 });

    const first = await client.send(new ListHostedZonesCommand({ MaxItems: 4 }));
    expect([first.HostedZones?.length, first.IsTruncated, first.MaxItems]).toEqual([4, true, 4]);
    const second = await client.send(new ListHostedZonesCommand({ Marker: first.NextMarker, MaxItems: 4 }));
    expect(second.HostedZones?.map(({ Name }) => Name)).toEqual(["example.com.", "example.net."]);
    expect(second.NextMarker).toBeUndefined();
    expect((await failure(client.send(new ListHostedZonesCommand({ Marker: "ZNOPE" })))).name).toBe("InvalidInput");
  });

  it("starts ListHostedZonesByName at the name, in reversed-label order, and does not filter", async () => {
    const client = sdkClient(server.url);
    const names = async (DNSName?: string) => {
      const answer = await client.send(new ListHostedZonesByNameCommand(DNSName ? { DNSName } : {}));
      return answer.HostedZones?.map(({ Name }) => Name);
    };
    // "-" sorts before ".", so com.example-x. comes before com.example.
    const all = ["ample.com.", "example-x.com.", "example.com.", "example.com.", "app.example.com.", "example.net."];
    expect(await names()).toEqual(all);
    expect(await names("EXAMPLE.com")).toEqual(all.slice(2));
    expect(await names("api.example.com")).toEqual(["app.example.com.", "example.net."]);
    expect(await names("zzz.org")).toEqual([]);
  });

  it("pages ListHostedZonesByName by name and id, through two zones of the same name", async () => {
    const client = sdkClient(server.url);
    const seen: (string | undefined)[] = [];
    let cursor: { DNSName?: string; HostedZoneId?: string } = {};
    for (let pages = 0; pages < 10; pages += 1) {
      const answer = await client.send(new ListHostedZonesByNameCommand({ ...cursor, MaxItems: 1 }));
      expect(answer.DNSName).toBe(cursor.DNSName);
      seen.push(...(answer.HostedZones ?? []).map(({ Id }) => Id));
      if (!answer.IsTruncated) break;
      cursor = { DNSName: answer.NextDNSName ?? "", HostedZoneId: answer.NextHostedZoneId ?? "" };
    }
    expect(seen.length).toBe(6);
    expect(new Set(seen).size).toBe(6);
    const lonely = client.send(new ListHostedZonesByNameCommand({ HostedZoneId: zoneId(server) }));
    expect((await failure(lonely)).name).toBe("InvalidInput");
    const invalid = client.send(new ListHostedZonesByNameCommand({ DNSName: "a..b" }));
    expect((await failure(invalid)).name).toBe("InvalidDomainName");
  });

  it("gets a public zone with its name servers and a private one with its VPC", async () => {
    const client = sdkClient(server.url);
    const open = await client.send(new GetHostedZoneCommand({ Id: `/hostedzone/${zoneId(server)}` }));
    expect(open.HostedZone).toMatchObject({ Name: "example.com.", Config: { PrivateZone: false } });
    expect(open.DelegationSet?.NameServers?.length).toBe(4);
    const closed = await client.send(new GetHostedZoneCommand({ Id: zoneId(server, 4) }));
    expect(closed.HostedZone?.Config?.PrivateZone).toBe(true);
    expect(closed.VPCs?.length).toBe(1);
    const error = await failure(client.send(new GetHostedZoneCommand({ Id: "ZNOPE" })));
    expect(error).toMatchObject({ name: "NoSuchHostedZone", message: "No hosted zone found with ID: ZNOPE" });
    expect(error.$metadata).toMatchObject({ httpStatusCode: 404 });
  });
});

describe("record sets, as the official client reads them", () => {
  let server: Route53Server;
  beforeAll(async () => {
    server = await startTestServer({ zones: [{ name: "example.com" }, { name: "small.example" }] });
    const many = Array.from({ length: 350 }, (_, index): RecordSet[] => {
      const common = { name: `h${index}.example.com`, type: "A" as const, ttlSeconds: 60 };
      return [
        { ...common, setIdentifier: "primary", weight: 100, values: ["192.0.2.1"] },
        { ...common, setIdentifier: "backup", weight: 0, values: ["192.0.2.2"] },
      ];
    });
    // The odd one makes a page end within a pair.
    const odd: RecordSet = { name: "example.com", type: "TXT", ttlSeconds: 60, values: ['"x"'] };
    server.seed(zoneId(server), [odd, ...many.flat()]);
  });
  afterAll(() => server.close());

  it("pages through more than 300 of them without loss or repetition", async () => {
    const client = sdkClient(server.url);
    const seen: string[] = [];
    const sizes: number[] = [];
    let cursor = {};
    for (let pages = 0; pages < 10; pages += 1) {
      const answer = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId(server), MaxItems: 1000, ...cursor }));
      const sets = answer.ResourceRecordSets ?? [];
      sizes.push(sets.length);
      seen.push(...sets.map((set) => `${set.Name} ${set.Type} ${set.SetIdentifier ?? ""}`));
      if (!answer.IsTruncated) break;
      cursor = {
        StartRecordName: answer.NextRecordName,
        StartRecordType: answer.NextRecordType,
        StartRecordIdentifier: answer.NextRecordIdentifier,
      };
    }
    expect(sizes).toEqual([300, 300, 103]);
    expect(new Set(seen).size).toBe(703);
    expect(seen.slice(0, 5)).toEqual([
      "example.com. NS ",
      "example.com. SOA ",
      "example.com. TXT ",
      "h0.example.com. A backup",
      "h0.example.com. A primary",
    ]);
  });

  it("starts at name, type and identifier, and refuses a type without a name", async () => {
    const client = sdkClient(server.url);
    const at = async (start: Omit<ListResourceRecordSetsCommandInput, "HostedZoneId">) => {
      const answer = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId(server), MaxItems: 1, ...start }));
      const [set] = answer.ResourceRecordSets ?? [];
      return `${set?.Name} ${set?.SetIdentifier}`;
    };
    expect(await at({ StartRecordName: "h5.example.com" })).toBe("h5.example.com. backup");
    expect(await at({ StartRecordName: "h5.example.com", StartRecordType: "TXT" })).toBe("h50.example.com. backup");
    const precise = { StartRecordName: "h5.example.com", StartRecordType: "A", StartRecordIdentifier: "c" } as const;
    expect(await at(precise)).toBe("h5.example.com. primary");
    expect((await failure(at({ StartRecordType: "A" }))).name).toBe("InvalidInput");
    const unknown = client.send(new ListResourceRecordSetsCommand({ HostedZoneId: "ZNOPE" }));
    expect((await failure(unknown)).name).toBe("NoSuchHostedZone");
  });

  it("carries every field of a record set there and back", async () => {
    const client = sdkClient(server.url);
    const id = zoneId(server, 1);
    const HealthCheckConfig = { Type: "HTTPS", FullyQualifiedDomainName: "a.cdn.net" } as const;
    const { HealthCheck } = await client.send(new CreateHealthCheckCommand({ CallerReference: "one", HealthCheckConfig }));
    const sets = [
      {
        Name: "*.Small.example",
        Type: "TXT" as const,
        TTL: 30,
        ResourceRecords: [{ Value: '"a &amp; b <c>" "\\"q\\" é"' }],
      },
      {
        Name: "a.small.example.",
        Type: "A" as const,
        SetIdentifier: "Primär & 'x'",
        Weight: 255,
        TTL: 60,
        ResourceRecords: [{ Value: "192.0.2.1" }],
        HealthCheckId: String(HealthCheck?.Id),
      },
      {
        Name: "b.small.example",
        Type: "A" as const,
        SetIdentifier: "one",
        Weight: 7,
        AliasTarget: { HostedZoneId: "Z2FDTNDATAQYW2", DNSName: "D1.cloudfront.net", EvaluateTargetHealth: true },
      },
      {
        Name: "c.small.example",
        Type: "A" as const,
        SetIdentifier: "m",
        MultiValueAnswer: true,
        TTL: 5,
        ResourceRecords: [{ Value: "192.0.2.8" }, { Value: "192.0.2.7" }],
      },
    ];
    await change(
      client,
      id,
      sets.map((ResourceRecordSet) => ({ Action: "CREATE", ResourceRecordSet })),
    );
    const answer = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: id }));
    const [ns, soa, wildcard, a, b, c, ...rest] = answer.ResourceRecordSets ?? [];
    expect([ns?.Type, soa?.Type, rest]).toEqual(["NS", "SOA", []]);
    expect(wildcard).toEqual({ ...sets[0], Name: "\\052.small.example." });
    expect(a).toEqual(sets[1]);
    expect(b).toEqual({
      ...sets[2],
      Name: "b.small.example.",
      AliasTarget: { ...sets[2]?.AliasTarget, DNSName: "d1.cloudfront.net." },
    });
    expect(c).toEqual({ ...sets[3], Name: "c.small.example." });

    // What was read can be deleted as it was read: the escaped name means the same.
    const live = [wildcard, a, b, c].flatMap((set) => (set ? [set] : []));
    await change(
      client,
      id,
      live.map((ResourceRecordSet) => ({ Action: "DELETE", ResourceRecordSet })),
    );
    expect(server.records(id).map(({ type }) => type)).toEqual(["NS", "SOA"]);
  });
});

describe("changes over time", () => {
  it("reports PENDING until the change is in sync, by the injected clock", async () => {
    const startMs = Date.now();
    let offsetMs = 0;
    const server = await startTestServer({ insyncAfterMs: 60_000, now: () => startMs + offsetMs });
    try {
      const client = sdkClient(server.url);
      const { ChangeInfo } = await change(client, zoneId(server), [{ Action: "CREATE", ResourceRecordSet: weighted("primary", 100) }]);
      expect(ChangeInfo?.Status).toBe("PENDING");
      expect(ChangeInfo?.Id).toMatch(/^\/change\/C[0-9A-Z]+$/);
      expect(ChangeInfo?.SubmittedAt?.getTime()).toBe(startMs);
      const status = async () => (await client.send(new GetChangeCommand({ Id: ChangeInfo?.Id }))).ChangeInfo?.Status;
      expect(await status()).toBe("PENDING");
      // Listing shows pending records at once.
      expect(server.records(zoneId(server)).length).toBe(3);
      offsetMs = 59_999;
      expect(await status()).toBe("PENDING");
      offsetMs = 60_000;
      expect(await status()).toBe("INSYNC");
      const error = await failure(client.send(new GetChangeCommand({ Id: "CNOPE" })));
      expect(error.name).toBe("NoSuchChange");
      expect(error.$metadata).toMatchObject({ httpStatusCode: 404 });
      const changeId = ChangeInfo?.Id?.replace("/change/", "");
      expect(server.changes).toMatchObject([{ changeId, zoneId: zoneId(server), acceptedAtMs: startMs }]);
    } finally {
      await server.close();
    }
  });
});
