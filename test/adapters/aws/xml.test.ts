import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readChangeInfo, readRecordPage, readZonePage, writeChangeBatch } from "../../../src/adapters/route53/api/messages.ts";
import { leaf, optionalText, parseXml, type XmlNode, XmlShapeError } from "../../../src/adapters/aws/xml.ts";
import { answer, changeAnswer, cname, recordsAnswer, weightedXml, zonesAnswer } from "../route53/support.ts";

const node = (xml: string): XmlNode => {
  const document = parseXml(xml);
  if (document === null) throw new Error("not XML");
  return document.node;
};

describe("parseXml", () => {
  it.each([
    ["empty", ""],
    ["text", "Service Unavailable"],
    ["HTML", "<!DOCTYPE html><html><body>500</body></html>"],
    ["an entity bomb", `<!DOCTYPE a [<!ENTITY b "boom">]><a>&b;</a>`],
    ["truncated in a tag", answer("A", "<B>x</B>").slice(0, -3)],
    ["truncated in a text", recordsAnswer(weightedXml("a.example.com.", "A", "primary", 1, "192.0.2.1")).slice(0, 150)],
    ["crossed tags", "<a><b></a></b>"],
  ])("%s is not a document", (_, xml) => expect(parseXml(xml)).toBeNull());

  it("reads back every text it writes", () => {
    const allowed = /^[\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u; // XML 1.0, Char
    const text = fc.string({ unit: "binary" }).filter((value) => allowed.test(value));
    fc.assert(
      fc.property(text, (value) => {
        expect(optionalText(node(`<r>${leaf("v", value)}</r>`), "v")).toBe(value);
      }),
    );
  });

  it.each([
    ["007", "007"],
    [" primary ", " primary "],
    ["1e3", "1e3"],
    ["&amp;lt;", "&lt;"],
    ["&#x2A;&#42;", "**"],
    ["&unknown;", "&unknown;"],
    ["&#x110000;", "&#x110000;"],
    ["", ""],
  ])("reads %j as %j", (xml, text) => expect(optionalText(node(`<r><v>${xml}</v></r>`), "v")).toBe(text));

  it("reads a page with more entities than the parser's own decoder allows", () => {
    const value = "&quot;x&quot; ".repeat(400);
    const set = weightedXml("t.example.com.", "TXT", "t", 1, value);
    const page = readRecordPage(node(recordsAnswer(set.repeat(300))));
    expect(page.recordSets).toHaveLength(300);
    expect(page.recordSets[299]?.values).toEqual([`"x" `.repeat(400)]);
  });
});

describe("readZonePage", () => {
  it("reads one zone, many and none", () => {
    const one = { id: "Z1", name: "example.com." };
    expect(readZonePage(node(zonesAnswer([])))).toEqual({ zones: [], next: null });
    expect(readZonePage(node(zonesAnswer([one]))).zones).toEqual([{ id: "Z1", name: "example.com", isPrivate: false }]);
    const two = readZonePage(node(zonesAnswer([one, { id: "Z2", name: "\\052.Example.org.", isPrivate: true }])));
    expect(two.zones[1]).toEqual({ id: "Z2", name: "*.example.org", isPrivate: true });
  });

  it("hands on where the next page begins, letter for letter", () => {
    const next = "<NextDNSName>a\\052b.com.</NextDNSName><NextHostedZoneId>Z9</NextHostedZoneId>";
    expect(readZonePage(node(zonesAnswer([], next))).next).toEqual({ dnsname: "a\\052b.com.", hostedzoneid: "Z9" });
  });

  it("refuses a page that promises another without saying where", () => {
    const broken = answer("ListHostedZonesByNameResponse", "<HostedZones/><IsTruncated>true</IsTruncated>");
    expect(() => readZonePage(node(broken))).toThrow(XmlShapeError);
  });
});

describe("readRecordPage", () => {
  it("reads alias, health check, many values and other policies", () => {
    const page = readRecordPage(
      node(
        recordsAnswer(`
          <ResourceRecordSet><Name>a.example.com.</Name><Type>A</Type><SetIdentifier>Primary</SetIdentifier>
            <Weight>0</Weight>
            <AliasTarget><HostedZoneId>Z2FDTNDATAQYW2</HostedZoneId><DNSName>d1.cloudfront.net.</DNSName>
            <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>
            <HealthCheckId>hc-1</HealthCheckId></ResourceRecordSet>
          <ResourceRecordSet><Name>b.example.com.</Name><Type>A</Type><SetIdentifier>eu</SetIdentifier>
            <Region>eu-west-1</Region><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value>
            </ResourceRecord><ResourceRecord>
            <Value>192.0.2.2</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`),
      ),
    );
    expect(page.recordSets).toEqual([
      {
        name: "a.example.com",
        type: "A",
        setIdentifier: "Primary",
        weight: 0,
        alias: { hostedZoneId: "Z2FDTNDATAQYW2", dnsName: "d1.cloudfront.net.", evaluateTargetHealth: false },
        healthCheckId: "hc-1",
      },
      {
        name: "b.example.com",
        type: "A",
        setIdentifier: "eu",
        otherPolicy: "latency",
        ttl: 60,
        values: ["192.0.2.1", "192.0.2.2"],
      },
    ]);
  });

  it("refuses a weight that is not a number", () => {
    const xml = recordsAnswer(weightedXml("a.example.com.", "A", "primary", 1, "192.0.2.1").replace(">1<", ">many<"));
    expect(() => readRecordPage(node(xml))).toThrow(XmlShapeError);
  });
});

it("reads a change's id without its prefix, and its state", () => {
  expect(readChangeInfo(node(changeAnswer("GetChangeResponse")))).toEqual({ id: "C123", status: "pending" });
  expect(readChangeInfo(node(changeAnswer("GetChangeResponse", "INSYNC")))).toEqual({ id: "C123", status: "insync" });
});

it("writes values that try to break out of the document as text", () => {
  const record = cname("a.example.com", "primary", 1, { values: [`</Value><Value>x]]>&amp;"'`], ttl: 0 });
  const written = node(writeChangeBatch([{ action: "DELETE", record }]));
  const change = (written as { ChangeBatch: { Changes: { Change: { ResourceRecordSet: XmlNode } } } }).ChangeBatch.Changes.Change;
  const read = readRecordPage({
    ResourceRecordSets: { ResourceRecordSet: change.ResourceRecordSet },
    IsTruncated: "false",
  });
  expect(read.recordSets).toEqual([record]);
});
