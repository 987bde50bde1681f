import { Route53Client } from "@aws-sdk/client-route-53";
import { onTestFinished } from "vitest";
import { credentials, type Reply, startRecorder } from "./support.ts";

// The referee is AWS's own client. Both talk to the same recorder; what goes over the wire and what is understood of an
// answer is compared.

/** A recorder that is closed after the test. */
export const record = async (replies: readonly Reply[]) => {
  const recorder = await startRecorder(replies);
  onTestFinished(() => recorder.close());
  return recorder;
};

/** AWS's own client, closed after the test. */
export const sdkAt = (endpoint: string, maxAttempts = 1): Route53Client => {
  const client = new Route53Client({ endpoint, region: "us-east-1", credentials, maxAttempts });
  onTestFinished(() => client.destroy());
  return client;
};
