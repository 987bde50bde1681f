import {
  ChangeResourceRecordSetsCommand,
  CreateHealthCheckCommand,
  DeleteHealthCheckCommand,
  GetHealthCheckCommand,
  ListHealthChecksCommand,
  UpdateHealthCheckCommand,
} from "@aws-sdk/client-route-53";
import { beforeEach, describe, expect, it } from "vitest";
import type { HealthCheckTarget } from "../../../../src/adapters/ports/steering/health-checks.ts";
import { server, useAccount } from "../account.ts";
import { essence } from "../essence.ts";
import { record, sdkAt } from "../referee.ts";
import { answer, changeAnswer, cname, errorAnswer, route53At } from "../support.ts";

useAccount();

const https: HealthCheckTarget = { type: "HTTPS", host: "app.a.cdn.net", port: 443, path: "/healthz" };
const odd: HealthCheckTarget = { type: "HTTPS", host: "app.a.cdn.net", port: 8443, path: `/up?a=1&b=<"c'>` };
const http: HealthCheckTarget = { type: "HTTP", host: "192.0.2.1", port: 80, path: "/" };

const checkXml = (over: Record<string, string> = {}, version = 3): string => {
  const config = {
    Port: "443",
    Type: "HTTPS",
    ResourcePath: "/healthz",
    FullyQualifiedDomainName: "App.a.cdn.net.",
    RequestInterval: "10",
    FailureThreshold: "3",
    Disabled: "true",
    ...over,
  };
  const fields = Object.entries(config)
    .map(([name, value]) => (value === "" ? "" : `<${name}>${value}</${name}>`))
    .join("");
  return `<HealthCheck><Id>hc-1</Id><CallerReference>ref</CallerReference><HealthCheckConfig>${fields}</HealthCheckConfig><HealthCheckVersion>${version}</HealthCheckVersion></HealthCheck>`;
};
const created = { status: 201, body: answer("CreateHealthCheckResponse", checkXml()) };
const updated = { body: answer("UpdateHealthCheckResponse", checkXml()) };
const listed = (checks: string, next = "") =>
  answer(
    "ListHealthChecksResponse",
    `<HealthChecks>${checks}</HealthChecks><IsTruncated>${next !== ""}</IsTruncated>${next}<MaxItems>1000</MaxItems>`,
  );
const endpointOf = ({ type, host, port, path }: HealthCheckTarget) => ({
  ...(/^\d/.test(host) ? { IPAddress: host } : { FullyQualifiedDomainName: host }),
  Port: port,
  ResourcePath: path,
  ...(type === "HTTPS" && { EnableSNI: true }),
});

describe("requests, beside those of AWS's own client", () => {
  it.each([
    ["over HTTPS", https, false],
    ["asleep", https, true],
    ["with an odd path and port", odd, false],
    ["of an address", http, false],
  ])("CreateHealthCheck %s", async (_, target, disabled) => {
    const ours = await record([created]);
    await route53At(ours.url).createCheck("tranche-1", target, disabled);
    const theirs = await record([created]);
    await sdkAt(theirs.url).send(
      new CreateHealthCheckCommand({
        CallerReference: "tranche-1",
        HealthCheckConfig: { Type: target.type, ...endpointOf(target), RequestInterval: 10, FailureThreshold: 3, Disabled: disabled },
      }),
    );
    expect(ours.sent.map(essence)).toEqual(theirs.sent.map(essence));
  });

  it.each([
    ["over HTTPS", https, true],
    ["with an odd path and port", odd, false],
    ["of an address", http, false],
  ])("UpdateHealthCheck %s", async (_, target, disabled) => {
    const ours = await record([updated]);
    await route53At(ours.url).updateCheck({ id: "hc-1", version: 2 }, target, disabled);
    const theirs = await record([updated]);
    await sdkAt(theirs.url).send(
      new UpdateHealthCheckCommand({
        HealthCheckId: "hc-1",
        HealthCheckVersion: 2,
        ...endpointOf(target),
        FailureThreshold: 3,
        Inverted: false,
        Disabled: disabled,
      }),
    );
    expect(ours.sent.map(essence)).toEqual(theirs.sent.map(essence));
  });

  it("DeleteHealthCheck", async () => {
    const reply = { body: answer("DeleteHealthCheckResponse", "") };
    const ours = await record([reply]);
    expect(await route53At(ours.url).deleteCheck("hc-1")).toEqual({ status: "done" });
    const theirs = await record([reply]);
    await sdkAt(theirs.url).send(new DeleteHealthCheckCommand({ HealthCheckId: "hc-1" }));
    expect(ours.sent.map(essence)).toEqual(theirs.sent.map(essence));
  });

  it("ListHealthChecks, first and next page", async () => {
    const replies = [{ body: listed(checkXml(), "<NextMarker>hc-2</NextMarker>") }, { body: listed("") }];
    const ours = await record(replies);
    await route53At(ours.url).listChecks();
    const theirs = await record(replies);
    const sdk = sdkAt(theirs.url);
    const page = await sdk.send(new ListHealthChecksCommand({ MaxItems: 1000 }));
    await sdk.send(new ListHealthChecksCommand({ MaxItems: 1000, Marker: page.NextMarker }));
    expect(ours.sent.map(essence)).toEqual(theirs.sent.map(essence));
    expect(ours.sent).toHaveLength(2);
  });

  it("ChangeResourceRecordSets that attaches a check, and one that creates a pair's half", async () => {
    const reply = { body: changeAnswer("ChangeResourceRecordSetsResponse") };
    const before = cname("www.example.com", "Primary", 100);
    const ours = await record([reply]);
    await route53At(ours.url).rewrite([
      { domain: "www.example.com", zoneId: "Z1", records: [before], after: [{ ...before, healthCheckId: "hc-1" }] },
    ]);
    const theirs = await record([reply]);
    const set = {
      Name: "www.example.com.",
      Type: "CNAME",
      SetIdentifier: "Primary",
      Weight: 100,
      TTL: 60,
      ResourceRecords: [{ Value: "primary.cdn.example.net" }],
    } as const;
    await sdkAt(theirs.url).send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: "Z1",
        ChangeBatch: {
          Changes: [
            { Action: "DELETE", ResourceRecordSet: { ...set, ResourceRecords: [...set.ResourceRecords] } },
            { Action: "CREATE", ResourceRecordSet: { ...set, ResourceRecords: [...set.ResourceRecords], HealthCheckId: "hc-1" } },
          ],
        },
      }),
    );
    expect(ours.sent.map(essence)).toEqual(theirs.sent.map(essence));
  });
});

describe("answers, beside what AWS's own client makes of them", () => {
  const variants: [string, string][] = [
    ["a check of a name", checkXml()],
    [
      "a check of an address",
      checkXml({ FullyQualifiedDomainName: "", IPAddress: "192.0.2.1", Type: "HTTP", Port: "80", Disabled: "false" }),
    ],
    ["a check without port, path and flags", checkXml({ Port: "", ResourcePath: "", Disabled: "" }, 12)],
    ["a path with entities", checkXml({ ResourcePath: "/a?b=1&amp;c=&lt;d&gt;" })],
  ];
  it.each(variants)("%s", async (_, xml) => {
    const { url } = await record([{ body: answer("GetHealthCheckResponse", xml) }]);
    const { HealthCheck: theirs } = await sdkAt(url).send(new GetHealthCheckCommand({ HealthCheckId: "hc-1" }));
    const config = theirs?.HealthCheckConfig;
    const listing = await record([{ body: listed(xml) }]);
    const ours = await route53At(listing.url).listChecks();
    expect(ours.status === "done" && [...ours.checks.values()]).toEqual([
      {
        id: theirs?.Id,
        version: theirs?.HealthCheckVersion,
        reference: theirs?.CallerReference,
        disabled: config?.Disabled ?? false,
        target: {
          type: config?.Type,
          host: (config?.FullyQualifiedDomainName ?? config?.IPAddress ?? "").toLowerCase().replace(/\.$/, ""),
          port: config?.Port ?? 443,
          path: config?.ResourcePath ?? "/",
        },
      },
    ]);
  });

  it.each<[string, Record<string, string>]>([
    ["an inverted check", { Inverted: "true" }],
    ["a calculated one", { Type: "CALCULATED", FullyQualifiedDomainName: "", Port: "" }],
    ["one for a text", { Type: "HTTPS_STR_MATCH", SearchString: "ok" }],
  ])("%s is not what tranche means by one", async (_, over) => {
    const { url } = await record([{ body: listed(checkXml(over)) }]);
    const ours = await route53At(url).listChecks();
    expect(ours.status === "done" && ours.checks.get("hc-1")?.target).toBeNull();
  });

  it.each<[string, string, number, object]>([
    ["NoSuchHealthCheck", "gone", 404, { status: "missing" }],
    ["HealthCheckVersionMismatch", "old", 409, { status: "stale" }],
    ["AccessDenied", "no", 403, { status: "failed", retryable: false, detail: expect.stringContaining("does not permit") }],
    ["Throttling", "Rate exceeded", 400, { status: "failed", retryable: true }],
  ])("%s means the same to both", async (code, message, status, wanted) => {
    const { url } = await record([errorAnswer(code, message, status)]);
    expect(await route53At(url).updateCheck({ id: "hc-1", version: 1 }, https, true)).toMatchObject(wanted);
    const error = await sdkAt(url)
      .send(new UpdateHealthCheckCommand({ HealthCheckId: "hc-1" }))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
  });
});

describe("at the local Route 53", () => {
  let dns: ReturnType<typeof route53At>;
  beforeEach(() => {
    dns = route53At(server.url);
  });
  const done = <T extends { status: string }>(result: T) => {
    if (result.status !== "done") throw new Error(JSON.stringify(result));
    return result as Extract<T, { status: "done" }>;
  };

  it("a check is made, found again, changed, and deleted", async () => {
    const { check } = done(await dns.createCheck("one", https, false));
    expect(check).toEqual({ id: check.id, version: 1, reference: "one", target: https, disabled: false });
    expect(done(await dns.createCheck("one", https, false)).check).toEqual(check);
    // Asked for under other settings of ours it is the same check; its endpoint may not differ.
    expect(done(await dns.createCheck("one", https, true)).check).toEqual(check);
    expect(await dns.createCheck("one", odd, false)).toEqual({ status: "spent" });
    const { check: asleep } = done(await dns.updateCheck(check, odd, true));
    expect(asleep).toEqual({ ...check, version: 2, target: odd, disabled: true });
    expect(await dns.updateCheck(check, https, false)).toEqual({ status: "stale" });
    expect(done(await dns.listChecks()).checks.get(check.id)).toEqual(asleep);
    expect(await dns.deleteCheck(check.id)).toEqual({ status: "done" });
    expect(await dns.deleteCheck(check.id)).toEqual({ status: "done" });
    expect(await dns.updateCheck(asleep, https, false)).toEqual({ status: "missing" });
    expect(await dns.createCheck("one", https, false)).toEqual({ status: "spent" });
  });

  it("a check whose answer was lost is not made twice", async () => {
    server.setFault({ kind: "reset-after-apply", operations: ["CreateHealthCheck"], times: 1 });
    const { check } = done(await dns.createCheck("two", https, false));
    expect(server.healthChecks.filter(({ callerReference }) => callerReference === "two").map(({ id }) => id)).toEqual([check.id]);
  });

  it("an outage is distinguished from a refusal", async () => {
    server.setFault({ kind: "server-error" });
    expect(await dns.createCheck("three", https, false)).toMatchObject({ status: "failed", retryable: true });
    expect(await dns.listChecks()).toMatchObject({ status: "failed", retryable: true });
    server.setFault({ kind: "access-denied" });
    expect(await dns.deleteCheck("x")).toMatchObject({ status: "failed", retryable: false });
  });
});
