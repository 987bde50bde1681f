import {
  ChangeResourceRecordSetsCommand,
  type ChangeResourceRecordSetsCommandInput,
  GetChangeCommand,
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
} from "@aws-sdk/client-route-53";
import { describe, expect, it } from "vitest";
import type { WeightChange, WeightedRecord } from "../../../src/adapters/ports/steering/dns.ts";
import { essence } from "./essence.ts";
import { record, sdkAt } from "./referee.ts";
import { changeAnswer, cname, recordsAnswer, route53At, weightedXml, zonesAnswer } from "./support.ts";

const zone = zonesAnswer([{ id: "Z1", name: "example.com." }]);

describe("requests", () => {
  it.each([
    ["an ordinary zone", "b.example.com.", "Z2"],
    ["a zone with escapes in its name", "\\052\\057x.example.com.", "Z3"],
  ])("ListHostedZonesByName, first and next page: %s", async (_, dnsName, id) => {
    const next = `<NextDNSName>${dnsName}</NextDNSName><NextHostedZoneId>${id}</NextHostedZoneId>`;
    const replies = [{ body: zonesAnswer([{ id: "Z1", name: "a.org." }], next) }, { body: zonesAnswer([]) }];
    const ours = await record(replies);
    await route53At(ours.url).read(["www.example.com"]);
    const theirs = await record(replies);
    const sdk = sdkAt(theirs.url);
    const page = await sdk.send(new ListHostedZonesByNameCommand({ MaxItems: 100 }));
    await sdk.send(
      new ListHostedZonesByNameCommand({
        DNSName: page.NextDNSName,
        HostedZoneId: page.NextHostedZoneId,
        MaxItems: 100,
      }),
    );
    expect(ours.sent.map(essence)).toEqual(theirs.sent.map(essence));
    expect(ours.sent).toHaveLength(2);
  });

  it.each([
    ["no identifier", "www.example.com", undefined],
    ["a plain identifier", "www.example.com", "primary"],
    ["an identifier full of reserved characters", "www.example.com", "a&b=c/d+e f%g*(h)!'~é"],
    ["an escaped name", "*.example.com", "backup"],
  ])("ListResourceRecordSets, first and next page: %s", async (_, name, identifier) => {
    const escaped = `${name.replace("*", "\\052")}.`;
    const tail = identifier === undefined ? "" : `<NextRecordIdentifier>${identifier.replace("&", "&amp;")}</NextRecordIdentifier>`;
    const next = `<NextRecordName>${escaped}</NextRecordName><NextRecordType>CNAME</NextRecordType>${tail}`;
    const first = recordsAnswer(weightedXml(escaped, "CNAME", "a", 1, "x"), next);
    const ours = await record([{ body: zone }, { body: first }, { body: recordsAnswer("") }]);
    await route53At(ours.url).read([name]);
    const theirs = await record([{ body: first }, { body: recordsAnswer("") }]);
    const sdk = sdkAt(theirs.url);
    const start = { HostedZoneId: "Z1", StartRecordName: `${name}.`, MaxItems: 20 };
    const page = await sdk.send(new ListResourceRecordSetsCommand(start));
    await sdk.send(
      new ListResourceRecordSetsCommand({
        ...start,
        StartRecordName: page.NextRecordName,
        StartRecordType: page.NextRecordType,
        StartRecordIdentifier: page.NextRecordIdentifier,
      }),
    );
    expect(ours.sent.slice(1).map(essence)).toEqual(theirs.sent.map(essence));
    expect(theirs.sent).toHaveLength(2);
  });

  it("ListResourceRecordSets of a whole zone", async () => {
    const ours = await record([{ body: zone }, { body: recordsAnswer("") }]);
    await route53At(ours.url).read(Array.from({ length: 21 }, (_, index) => `d${index}.example.com`));
    const theirs = await record([{ body: recordsAnswer("") }]);
    await sdkAt(theirs.url).send(new ListResourceRecordSetsCommand({ HostedZoneId: "Z1", MaxItems: 300 }));
    expect(ours.sent.slice(1).map(essence)).toEqual(theirs.sent.map(essence));
  });

  it.each(["C123", "/change/C123"])("GetChange %s", async (id) => {
    const ours = await record([{ body: changeAnswer("GetChangeResponse") }]);
    await route53At(ours.url).status([id]);
    const theirs = await record([{ body: changeAnswer("GetChangeResponse") }]);
    await sdkAt(theirs.url).send(new GetChangeCommand({ Id: id }));
    expect(ours.sent.map(essence)).toEqual(theirs.sent.map(essence));
  });

  const alias = (side: string, weight: number): WeightedRecord => ({
    name: "www.example.com",
    type: "AAAA",
    setIdentifier: side,
    weight,
    alias: { hostedZoneId: "Z2FDTNDATAQYW2", dnsName: "d1.cloudfront.net.", evaluateTargetHealth: true },
  });
  const nasty = { ttl: 0, values: [`"a" & 'b' <c> \\052 ü\t\n`], healthCheckId: "abc-1" };

  it.each<[string, readonly WeightedRecord[], number, number]>([
    ["a CNAME pair", [cname("www.example.com", "Primary", 100), cname("www.example.com", "backup", 0)], 0, 100],
    ["one half", [cname("www.example.com", "primary", 100), cname("www.example.com", "backup", 0)], 50, 0],
    ["aliases", [alias("primary", 100), alias("BACKUP", 0)], 0, 100],
    ["several values", [{ ...cname("www.example.com", "primary", 1), type: "A", values: ["192.0.2.1", "192.0.2.2"] }], 0, 9],
    ["values that need escaping, a health check", [cname("www.example.com", "backup", 255, nasty)], 0, 0],
  ])("ChangeResourceRecordSets: %s", async (_, records, primary, backup) => {
    const change: WeightChange = { domain: "www.example.com", zoneId: "Z1", records, to: { primary, backup } };
    const reply = { body: changeAnswer("ChangeResourceRecordSetsResponse") };
    const ours = await record([reply]);
    expect(await route53At(ours.url).apply([change])).toMatchObject([{ status: "accepted", changeId: "C123" }]);
    const theirs = await record([reply]);
    await sdkAt(theirs.url).send(new ChangeResourceRecordSetsCommand(sdkInput(change)));
    expect(ours.sent.map(essence)).toEqual(theirs.sent.map(essence));
  });
});

/** The same intent in the SDK's words, written without the adapter. */
const sdkInput = ({ zoneId, records, to }: WeightChange): ChangeResourceRecordSetsCommandInput => ({
  HostedZoneId: zoneId,
  ChangeBatch: {
    Changes: records.flatMap((before) => {
      const wanted = before.setIdentifier.toLowerCase() === "primary" ? to.primary : to.backup;
      if (wanted === before.weight) return [];
      const set = (weight: number): ResourceRecordSet => ({
        Name: `${before.name}.`,
        Type: before.type as "A",
        SetIdentifier: before.setIdentifier,
        Weight: weight,
        TTL: before.ttl,
        ResourceRecords: before.values?.map((Value) => ({ Value })),
        AliasTarget: before.alias && {
          HostedZoneId: before.alias.hostedZoneId,
          DNSName: before.alias.dnsName,
          EvaluateTargetHealth: before.alias.evaluateTargetHealth,
        },
        HealthCheckId: before.healthCheckId,
      });
      return [
        { Action: "DELETE" as const, ResourceRecordSet: set(before.weight) },
        { Action: "CREATE" as const, ResourceRecordSet: set(wanted) },
      ];
    }),
  },
});
