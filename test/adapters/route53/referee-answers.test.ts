import {
  GetChangeCommand,
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
} from "@aws-sdk/client-route-53";
import { describe, expect, it } from "vitest";
import { failureOf } from "../../../src/adapters/route53/api/error.ts";
import { readChangeInfo, readRecordPage, readZonePage, type RecordSet } from "../../../src/adapters/route53/api/messages.ts";
import { canonicalName } from "../../../src/adapters/route53/names.ts";
import { withRetry } from "../../../src/adapters/route53/api/retry.ts";
import { createSend, type Route53Request } from "../../../src/adapters/route53/api/send.ts";
import { record, sdkAt } from "./referee.ts";
import {
  answer,
  changeAnswer,
  credentials,
  errorAnswer,
  hastyClock,
  recordsAnswer,
  type Reply,
  weightedXml,
  zonesAnswer,
} from "./support.ts";

const ask = async <T>(endpoint: string, request: Pick<Route53Request<T>, "root" | "read">): Promise<T> =>
  await createSend({ endpoint, region: "us-east-1", fetch, clock: hastyClock, timeoutMs: 5_000 })(
    { method: "GET", path: "x", ...request },
    credentials,
    new AbortController().signal,
  );

const theirRecord = (set: ResourceRecordSet): RecordSet => {
  const policies = {
    latency: set.Region,
    geolocation: set.GeoLocation,
    failover: set.Failover,
    multivalue: set.MultiValueAnswer,
    "IP-based": set.CidrRoutingConfig,
    geoproximity: set.GeoProximityLocation,
  };
  const policy = Object.entries(policies).find(([, value]) => value !== undefined)?.[0];
  const defined = {
    setIdentifier: set.SetIdentifier,
    weight: set.Weight,
    ttl: set.TTL,
    values: set.ResourceRecords?.map(({ Value }) => Value ?? ""),
    alias: set.AliasTarget && {
      hostedZoneId: set.AliasTarget.HostedZoneId ?? "",
      dnsName: set.AliasTarget.DNSName ?? "",
      evaluateTargetHealth: set.AliasTarget.EvaluateTargetHealth ?? false,
    },
    healthCheckId: set.HealthCheckId,
    otherPolicy: policy,
    failover: set.Failover,
    trafficPolicyInstanceId: set.TrafficPolicyInstanceId,
  };
  const present = Object.fromEntries(Object.entries(defined).filter(([, value]) => value !== undefined));
  return { name: canonicalName(set.Name ?? ""), type: set.Type ?? "", ...present };
};

const set = (inner: string): string => `<ResourceRecordSet><Name>www.example.com.</Name><Type>A</Type>${inner}</ResourceRecordSet>`;
const values = (...texts: string[]): string =>
  `<ResourceRecords><ResourceRecord>${texts
    .map((text) => `<Value>${text}</Value>`)
    .join("</ResourceRecord><ResourceRecord>")}</ResourceRecord></ResourceRecords>`;

describe("answers", () => {
  it.each<[string, string]>([
    ["an empty page", recordsAnswer("")],
    ["one record set", recordsAnswer(weightedXml("www.example.com.", "CNAME", "primary", 100, "a.example.net"))],
    ["a pair, indented", recordsAnswer(`\n  ${weightedXml("w.org.", "A", "p", 0, "x")}\n  ${weightedXml("w.org.", "A", "b", 255, "y")}\n`)],
    ["an escaped name", recordsAnswer(weightedXml("\\052.example.com.", "CNAME", "Primary", 1, "a.example.net"))],
    ["texts that look like numbers", recordsAnswer(weightedXml("www.example.com.", "CNAME", "007", 1, "1e3"))],
    ["texts with spaces around", recordsAnswer(weightedXml("www.example.com.", "CNAME", " primary ", 1, " x "))],
    ["entities", recordsAnswer(set(`<TTL>60</TTL>${values("&quot;a &amp;amp; b&quot;", "&lt;c&gt;&apos;", "&#x41;&#66;")}`))],
    [
      "an alias with a health check",
      recordsAnswer(
        set(
          `<SetIdentifier>BACKUP</SetIdentifier><Weight>0</Weight><AliasTarget><HostedZoneId>Z2</HostedZoneId>` +
            `<DNSName>d.cloudfront.net.</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>` +
            `<HealthCheckId>hc</HealthCheckId>`,
        ),
      ),
    ],
    ["latency", recordsAnswer(set(`<SetIdentifier>a</SetIdentifier><Region>eu-west-1</Region><TTL>1</TTL>${values("x")}`))],
    ["failover", recordsAnswer(set(`<SetIdentifier>a</SetIdentifier><Failover>PRIMARY</Failover><TTL>1</TTL>${values("x")}`))],
    ["multivalue", recordsAnswer(set(`<SetIdentifier>a</SetIdentifier><MultiValueAnswer>true</MultiValueAnswer><TTL>1</TTL>`))],
    ["geolocation", recordsAnswer(set(`<GeoLocation><CountryCode>DE</CountryCode></GeoLocation><TTL>1</TTL>${values("x")}`))],
    ["a traffic policy", recordsAnswer(set(`<TTL>1</TTL>${values("x")}<TrafficPolicyInstanceId>tp</TrafficPolicyInstanceId>`))],
    [
      "a page with a next one",
      recordsAnswer(
        weightedXml("www.example.com.", "A", "a", 1, "x"),
        "<NextRecordName>\\052.x.</NextRecordName><NextRecordType>A</NextRecordType>" +
          "<NextRecordIdentifier>b&amp;c</NextRecordIdentifier>",
      ),
    ],
  ])("ListResourceRecordSets: %s", async (_, body) => {
    const { url } = await record([{ body }]);
    const theirs = await sdkAt(url).send(new ListResourceRecordSetsCommand({ HostedZoneId: "Z1" }));
    expect(await ask(url, { root: "ListResourceRecordSetsResponse", read: readRecordPage })).toEqual({
      recordSets: theirs.ResourceRecordSets?.map(theirRecord),
      next:
        theirs.IsTruncated === true
          ? {
              name: theirs.NextRecordName,
              type: theirs.NextRecordType,
              ...(theirs.NextRecordIdentifier !== undefined && { identifier: theirs.NextRecordIdentifier }),
            }
          : null,
    });
  });

  it.each<[string, string]>([
    ["none", zonesAnswer([])],
    ["one", zonesAnswer([{ id: "Z1", name: "example.com." }])],
    [
      "a private and an escaped one",
      zonesAnswer([
        { id: "Z1", name: "a.b.", isPrivate: true },
        { id: "Z2", name: "\\052.b." },
      ]),
    ],
    ["more to come", zonesAnswer([{ id: "Z1", name: "a.b." }], "<NextDNSName>c.</NextDNSName><NextHostedZoneId>Z3</NextHostedZoneId>")],
  ])("ListHostedZonesByName: %s", async (_, body) => {
    const { url } = await record([{ body }]);
    const theirs = await sdkAt(url).send(new ListHostedZonesByNameCommand({}));
    expect(await ask(url, { root: "ListHostedZonesByNameResponse", read: readZonePage })).toEqual({
      zones: theirs.HostedZones?.map((one) => ({
        id: one.Id?.replace("/hostedzone/", ""),
        name: canonicalName(one.Name ?? ""),
        isPrivate: one.Config?.PrivateZone,
      })),
      next: theirs.IsTruncated === true ? { dnsname: theirs.NextDNSName, hostedzoneid: theirs.NextHostedZoneId } : null,
    });
  });

  it.each(["PENDING", "INSYNC"])("GetChange: %s", async (status) => {
    const { url } = await record([{ body: changeAnswer("GetChangeResponse", status) }]);
    const { ChangeInfo } = await sdkAt(url).send(new GetChangeCommand({ Id: "C123" }));
    expect(await ask(url, { root: "GetChangeResponse", read: readChangeInfo })).toEqual({
      id: ChangeInfo?.Id?.replace("/change/", ""),
      status: ChangeInfo?.Status?.toLowerCase(),
    });
  });
});

describe("errors", () => {
  const refusedBatch = "[Tried to delete resource record set [name=&apos;a.&apos;, type=&apos;A&apos;] but it was not found]";
  const cases: readonly [string, number, string][] = [
    ["Throttling", 400, "Rate exceeded"],
    ["Throttling", 503, "Rate exceeded"],
    ["ThrottlingException", 400, "Rate exceeded"],
    ["PriorRequestNotComplete", 400, "The request was rejected because Route 53 was still processing a prior request."],
    ["InvalidChangeBatch", 400, refusedBatch],
    ["InvalidInput", 400, "Invalid &lt;request&gt;"],
    ["NoSuchHostedZone", 404, "No hosted zone found with ID: Z1"],
    ["NoSuchHealthCheck", 404, "gone"],
    ["NoSuchChange", 404, "gone"],
    ["AccessDenied", 403, "User: arn is not authorized to perform: route53:GetChange"],
    ["InvalidClientTokenId", 403, "The security token included in the request is invalid."],
    ["SignatureDoesNotMatch", 403, "The request signature we calculated does not match."],
    ["ExpiredToken", 403, "The security token included in the request is expired"],
    ["InternalFailure", 500, "We encountered an internal error."],
    ["ServiceUnavailable", 503, "Try later."],
  ];

  it.each(cases)("%s (%i): the same code, message, request id, and judgement whether to try again", async (code, status, message) => {
    const reply = errorAnswer(code, message, status);
    const ours = await record([reply]);
    const failure = await withRetry(async () => await ask(ours.url, { root: "GetChangeResponse", read: readChangeInfo }), {
      clock: hastyClock,
      random: () => 0,
      untilMs: Number.POSITIVE_INFINITY,
    }).then(() => expect.unreachable("it succeeded"), failureOf);
    const theirs = await record([reply]);
    const error = await sdkAt(theirs.url, 2)
      .send(new GetChangeCommand({ Id: "x" }))
      .then(
        () => expect.unreachable("it succeeded"),
        (thrown: unknown) => thrown,
      );
    expect(error).toMatchObject({
      name: failure.code,
      message: failure.messages.join("; "),
      $metadata: { httpStatusCode: failure.httpStatus, requestId: failure.requestId },
    });
    expect(ours.sent.length > 1).toBe(theirs.sent.length > 1);
    expect(ours.sent.length > 1).toBe(failure.retryable);
  });

  it.each<[string, Reply]>([
    ["500 with an HTML body", { status: 500, body: "<!DOCTYPE html><html><body><br>Oops</body></html>" }],
    ["a truncated answer", { body: changeAnswer("GetChangeResponse").slice(0, 150) }],
    ["an answer of another shape", { body: answer("GetChangeResponse", "") }],
  ])("%s: neither takes it for a change's state", async (_, reply) => {
    const { url } = await record([reply]);
    await expect(ask(url, { root: "GetChangeResponse", read: readChangeInfo })).rejects.toThrow();
    const theirs = await sdkAt(url)
      .send(new GetChangeCommand({ Id: "x" }))
      .catch(() => undefined);
    expect(theirs?.ChangeInfo?.Status).toBeUndefined();
  });
});
