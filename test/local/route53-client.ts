import type { Change, ResourceRecordSet } from "@aws-sdk/client-route-53";
import { ChangeResourceRecordSetsCommand, Route53Client } from "@aws-sdk/client-route-53";
import type { Route53Options, Route53Server } from "../../local/route53/server.ts";
import { startRoute53 } from "../../local/route53/server.ts";

/** Credentials and an unthrottled server, for tests that are about something else. */
export const CREDENTIALS = { accessKeyId: "AKIDLOCAL", secretAccessKey: "local-secret" };

export function startTestServer(options: Partial<Route53Options> = {}): Promise<Route53Server> {
  return startRoute53({
    ...CREDENTIALS,
    zones: [{ name: "example.com" }],
    requestsPerSecond: 1000,
    burst: 10_000,
    ...options,
  });
}

export type Keys = typeof CREDENTIALS & { sessionToken?: string };

/** The official client, pointed at the local server, without retries, so that every answer reaches the test. */
export function sdkClient(url: string, credentials: Keys = CREDENTIALS): Route53Client {
  return new Route53Client({ endpoint: url, region: "us-east-1", credentials, maxAttempts: 1 });
}

export function zoneId(server: Route53Server, index = 0): string {
  const zone = server.zones[index];
  if (!zone) throw new Error(`no zone ${index}`);
  return zone.id;
}

/** One side of a weighted CNAME pair, as the SDK writes it. */
export function weighted(setIdentifier: string, weight: number, more: Partial<ResourceRecordSet> = {}): ResourceRecordSet {
  return {
    Name: "app.example.com",
    Type: "CNAME",
    SetIdentifier: setIdentifier,
    Weight: weight,
    TTL: 60,
    ResourceRecords: [{ Value: `${setIdentifier}.cdn.example.net` }],
    ...more,
  };
}

export function change(client: Route53Client, hostedZoneId: string, changes: Change[]) {
  const input = { HostedZoneId: hostedZoneId, ChangeBatch: { Changes: changes } };
  return client.send(new ChangeResourceRecordSetsCommand(input));
}

/** The error of a promise that has to fail. */
export async function failure(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("expected a failure");
}
