import type { CreateHealthCheckCommandInput, HealthCheckConfig } from "@aws-sdk/client-route-53";
import {
  CreateHealthCheckCommand,
  DeleteHealthCheckCommand,
  GetHealthCheckCommand,
  ListHealthChecksCommand,
  UpdateHealthCheckCommand,
} from "@aws-sdk/client-route-53";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDoh } from "../../local/route53/doh.ts";
import type { RecordSet } from "../../local/route53/record-set.ts";
import { eligible } from "../../local/route53/choose.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { change, failure, sdkClient, startTestServer, weighted, zoneId } from "./route53-client.ts";

let server: Route53Server;
let client: ReturnType<typeof sdkClient>;
beforeAll(async () => {
  server = await startTestServer();
  client = sdkClient(server.url);
});
afterAll(() => server.close());

const config = (over: Partial<HealthCheckConfig> = {}): HealthCheckConfig => ({
  Type: "HTTPS",
  FullyQualifiedDomainName: "app.a.cdn.net",
  Port: 443,
  ResourcePath: "/healthz",
  RequestInterval: 10,
  FailureThreshold: 3,
  EnableSNI: true,
  ...over,
});
let references = 0;
const create = (over: Partial<HealthCheckConfig> = {}, CallerReference = `ref-${++references}`) =>
  client.send(new CreateHealthCheckCommand({ CallerReference, HealthCheckConfig: config(over) } as CreateHealthCheckCommandInput));
const idOf = async (over: Partial<HealthCheckConfig> = {}) => String((await create(over)).HealthCheck?.Id);

describe("health checks, as the official client makes them", () => {
  it("are created, read, changed and deleted", async () => {
    const { HealthCheck, Location, $metadata } = await create({ Disabled: true });
    expect([$metadata.httpStatusCode, Location]).toEqual([201, expect.stringContaining(`/healthcheck/${HealthCheck?.Id}`)]);
    expect(HealthCheck).toMatchObject({
      HealthCheckVersion: 1,
      HealthCheckConfig: { ...config(), Disabled: true, Inverted: false, MeasureLatency: false },
    });
    const HealthCheckId = String(HealthCheck?.Id);
    const updated = await client.send(
      new UpdateHealthCheckCommand({ HealthCheckId, HealthCheckVersion: 1, Disabled: false, ResourcePath: "up" }),
    );
    expect(updated.HealthCheck).toMatchObject({
      HealthCheckVersion: 2,
      HealthCheckConfig: { ...config(), Disabled: false, ResourcePath: "/up" },
    });
    expect((await client.send(new GetHealthCheckCommand({ HealthCheckId }))).HealthCheck).toEqual(updated.HealthCheck);
    await client.send(new DeleteHealthCheckCommand({ HealthCheckId }));
    expect(await failure(client.send(new GetHealthCheckCommand({ HealthCheckId })))).toMatchObject({
      name: "NoSuchHealthCheck",
      $metadata: { httpStatusCode: 404 },
    });
    expect((await failure(client.send(new DeleteHealthCheckCommand({ HealthCheckId })))).name).toBe("NoSuchHealthCheck");
  });

  it("are made once per caller reference, which is not given twice", async () => {
    const first = await create({}, "same");
    expect((await create({}, "same")).HealthCheck?.Id).toBe(first.HealthCheck?.Id);
    expect(await failure(create({ Port: 8443 }, "same"))).toMatchObject({
      name: "HealthCheckAlreadyExists",
      $metadata: { httpStatusCode: 409 },
    });
    await client.send(new DeleteHealthCheckCommand({ HealthCheckId: first.HealthCheck?.Id }));
    expect((await failure(create({}, "same"))).name).toBe("HealthCheckAlreadyExists");
  });

  it("are not changed by somebody with an old view", async () => {
    const HealthCheckId = await idOf();
    await client.send(new UpdateHealthCheckCommand({ HealthCheckId, HealthCheckVersion: 1, Disabled: true }));
    const late = failure(client.send(new UpdateHealthCheckCommand({ HealthCheckId, HealthCheckVersion: 1, Disabled: false })));
    expect(await late).toMatchObject({ name: "HealthCheckVersionMismatch", $metadata: { httpStatusCode: 409 } });
  });

  it("are listed page by page", async () => {
    await idOf();
    const seen: string[] = [];
    for (let Marker: string | undefined = undefined, more = true; more;) {
      const page: {
        HealthChecks?: { Id?: string | undefined }[] | undefined;
        IsTruncated?: boolean | undefined;
        NextMarker?: string | undefined;
      } = await client.send(new ListHealthChecksCommand({ MaxItems: 1, ...(Marker !== undefined && { Marker }) }));
      seen.push(...(page.HealthChecks ?? []).map(({ Id }) => String(Id)));
      more = page.IsTruncated === true;
      Marker = page.NextMarker;
    }
    expect(seen).toEqual(server.healthChecks.map(({ id }) => id).toSorted());
    expect(seen.length).toBeGreaterThan(1);
    expect((await failure(client.send(new ListHealthChecksCommand({ Marker: "nope" })))).name).toBe("InvalidInput");
  });

  it.each<[string, Partial<HealthCheckConfig>]>([
    ["nothing to check", { FullyQualifiedDomainName: undefined }],
    ["an address that cannot be reached", { IPAddress: "127.0.0.1" }],
    ["a name that is an address", { FullyQualifiedDomainName: "127.0.0.1" }],
    ["a single label", { FullyQualifiedDomainName: "localhost" }],
    ["SNI without TLS", { Type: "HTTP" }],
    ["an interval between the two", { RequestInterval: 20 }],
    ["a port beyond", { Port: 70_000 }],
    ["a threshold beyond", { FailureThreshold: 11 }],
    ["a long path", { ResourcePath: `/${"x".repeat(255)}` }],
    ["a kind that this server does not speak", { Type: "CALCULATED" }],
  ])("refuse %s", async (_, over) => {
    expect((await failure(create(over))).name).toBe("InvalidInput");
  });

  it("must exist before records name them", async () => {
    const set = weighted("primary", 100, { HealthCheckId: "11111111-2222-3333-4444-555555555555" });
    const refused = failure(change(client, zoneId(server), [{ Action: "CREATE", ResourceRecordSet: set }]));
    expect(await refused).toMatchObject({ name: "NoSuchHealthCheck", $metadata: { httpStatusCode: 404 } });
  });
});

describe("the rule by which records with health checks answer", () => {
  const set = (setIdentifier: string, weight: number, healthCheckId?: string): RecordSet => ({
    name: "app.example.com.",
    type: "CNAME",
    setIdentifier,
    weight,
    values: [],
    ...(healthCheckId !== undefined && { healthCheckId }),
  });
  const sick =
    (...ids: string[]) =>
    (id: string) =>
      !ids.includes(id);
  const [primary, backup] = [set("primary", 100, "p"), set("backup", 0, "b")];

  it.each<[string, RecordSet[], (id: string) => boolean, string[]]>([
    ["all healthy: only non-zero weights", [primary, backup], sick(), ["primary"]],
    ["the non-zero one unhealthy: the zero-weight one", [primary, backup], sick("p"), ["backup"]],
    ["the zero-weight one unhealthy: nothing changes", [primary, backup], sick("b"), ["primary"]],
    ["all unhealthy: all count as healthy", [primary, backup], sick("p", "b"), ["primary", "backup"]],
    ["one of two non-zero ones unhealthy: the other", [primary, set("backup", 50, "b")], sick("p"), ["backup"]],
    ["no health check is healthy", [primary, set("backup", 0)], sick("p"), ["backup"]],
    ["zero everywhere, one unhealthy: the other", [set("primary", 0, "p"), backup], sick("p"), ["backup"]],
  ])("%s", (_, sets, isHealthy, answering) => {
    expect(eligible(sets, isHealthy).map(({ setIdentifier }) => setIdentifier)).toEqual(answering);
  });

  it("shows in the DNS, where a disabled check counts as healthy", async () => {
    const [p, b] = [await idOf(), await idOf()];
    await change(client, zoneId(server), [
      { Action: "CREATE", ResourceRecordSet: weighted("primary", 100, { HealthCheckId: p }) },
      { Action: "CREATE", ResourceRecordSet: weighted("backup", 0, { HealthCheckId: b }) },
    ]);
    const doh = await startDoh({ zones: server });
    const answer = async () => {
      const response = await fetch(`${doh.url}?name=app.example.com&type=CNAME`, { headers: { accept: "application/dns-json" } });
      return ((await response.json()) as { Answer: { data: string }[] }).Answer[0]?.data;
    };
    const seen = [await answer()];
    server.setHealth(p, "unhealthy");
    seen.push(await answer());
    await client.send(new UpdateHealthCheckCommand({ HealthCheckId: p, Disabled: true }));
    seen.push(await answer());
    await client.send(new UpdateHealthCheckCommand({ HealthCheckId: p, Disabled: false, Inverted: true }));
    server.setHealth(p, "healthy");
    seen.push(await answer());
    await doh.close();
    expect(seen).toEqual(["primary.cdn.example.net.", "backup.cdn.example.net.", "primary.cdn.example.net.", "backup.cdn.example.net."]);
  });
});
