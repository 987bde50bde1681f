import { describe, expect, it } from "vitest";
import { parseXml } from "../../../src/adapters/aws/xml.ts";
import type { Call } from "../../../src/adapters/route53/api/send.ts";
import { createDnsRefusal } from "../../../src/adapters/route53/dns-log.ts";
import { createInventory } from "../../../src/adapters/route53/inventory.ts";
import { freely } from "../../support/budget.ts";
import { dns, half, server, useAccount, zoneId } from "./account.ts";

useAccount();

describe("the inventory of an account", () => {
  it("lists the zones, which of them are empty, and health checks that no record names", async () => {
    server.seed(zoneId("example.com"), [half("a.example.com", "primary", 100)]);
    const target = { type: "HTTPS", host: "probe.example.com", port: 443, path: "/" } as const;
    const made = [];
    for (const reference of ["named", "loose"]) made.push(await dns.createCheck(reference, target, false));
    const [named, loose] = made.map((one) => (one.status === "done" ? one.check.id : ""));
    server.seed(zoneId("example.com"), [half("b.example.com", "primary", 100, named === undefined ? {} : { healthCheckId: named })]);
    const inventory = await dns.inventory();
    expect(inventory.zones?.find(({ id }) => id === zoneId("example.com"))).toMatchObject({ name: "example.com", isEmpty: false });
    expect(inventory.zones?.filter(({ isEmpty }) => isEmpty).map(({ name }) => name)).toEqual(["ample.com"]);
    expect(inventory.looseChecks).toEqual([{ id: loose, isOnAws: false, options: 2 }]);
    expect(inventory.problems).toEqual([]);
  });
});

const linked =
  "<LinkedService><ServicePrincipal>servicediscovery.amazonaws.com</ServicePrincipal><Description>made by Cloud Map</Description></LinkedService>";
const check = (id: string, config: string, more = ""): string =>
  `<HealthCheck><Id>${id}</Id><CallerReference>${id}</CallerReference>${more}<HealthCheckConfig>${config}</HealthCheckConfig><HealthCheckVersion>1</HealthCheckVersion></HealthCheck>`;
const zone = (id: string, count: number, more = ""): string =>
  `<HostedZone><Id>/hostedzone/${id}</Id><Name>${id}.example.</Name><CallerReference>${id}</CallerReference><Config><PrivateZone>false</PrivateZone></Config><ResourceRecordSetCount>${count}</ResourceRecordSetCount>${more}</HostedZone>`;

/** Answers in the form of the Route 53 API reference, by path. */
const scripted =
  (answers: Readonly<Record<string, string>>): (() => Call) =>
  () =>
  async ({ path, read }) => {
    const parsed = parseXml(answers[path] ?? "");
    if (parsed === null) throw new Error(`nothing is scripted for ${path}`);
    return read(parsed.node);
  };

describe("what else needs something", () => {
  const answers = {
    hostedzone: `<ListHostedZonesResponse><HostedZones>${zone("ZFULL", 3)}${zone("ZEMPTY", 2)}${zone("ZMAP", 2, linked)}</HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>`,
    healthcheck: `<ListHealthChecksResponse><HealthChecks>${[
      check(
        "calculated",
        "<Type>CALCULATED</Type><HealthThreshold>1</HealthThreshold><ChildHealthChecks><ChildHealthCheck>child-1</ChildHealthCheck><ChildHealthCheck>child-2</ChildHealthCheck></ChildHealthChecks>",
      ),
      check(
        "calculated-loose",
        "<Type>CALCULATED</Type><HealthThreshold>1</HealthThreshold><ChildHealthChecks><ChildHealthCheck>child-3</ChildHealthCheck></ChildHealthChecks>",
      ),
      ...["child-1", "child-2", "child-3", "loose"].map((id) =>
        check(id, "<Type>TCP</Type><IPAddress>203.0.113.1</IPAddress><Port>443</Port>"),
      ),
      check("cloud-map", "<Type>HTTP</Type><IPAddress>203.0.113.2</IPAddress>", linked),
    ].join("")}</HealthChecks><IsTruncated>false</IsTruncated></ListHealthChecksResponse>`,
    "hostedzone/ZFULL/rrset":
      "<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet><Name>a.example.</Name><Type>A</Type><SetIdentifier>x</SetIdentifier><Weight>1</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>203.0.113.1</Value></ResourceRecord></ResourceRecords><HealthCheckId>calculated</HealthCheckId></ResourceRecordSet></ResourceRecordSets><IsTruncated>false</IsTruncated></ListResourceRecordSetsResponse>",
    "hostedzone/ZMAP/rrset":
      "<ListResourceRecordSetsResponse><ResourceRecordSets></ResourceRecordSets><IsTruncated>false</IsTruncated></ListResourceRecordSetsResponse>",
  };

  it("is a calculated health check, or a service of AWS", async () => {
    const { zones, looseChecks, problems } = await createInventory(scripted(answers))(freely);
    expect(problems).toEqual([]);
    expect(looseChecks?.map(({ id }) => id)).toEqual(["calculated-loose", "loose"]);
    expect(zones?.filter(({ isEmpty }) => isEmpty).map(({ id }) => id)).toEqual(["ZEMPTY"]);
  });

  it("is not known of an account that is unusable", async () => {
    const inventory = await createDnsRefusal("the secret can not be unsealed", false).inventory?.(freely);
    expect(inventory).toEqual({
      zones: null,
      looseChecks: null,
      problems: [{ source: "route53", problem: "the secret can not be unsealed" }],
    });
  });
});
