import { Route53Client } from "@aws-sdk/client-route-53";
import { afterEach } from "vitest";
import { credentials, type Reply, startRecorder } from "./support.ts";

// The referee is AWS's own client. Both talk to the same recorder; what goes over the wire and what is understood of an
// answer is compared.

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A recorder that is closed after the test. */
export const record = async (replies: readonly Reply[]) => {
  const recorder = await startRecorder(replies);
  closers.push(recorder.close);
  return recorder;
};

/** AWS's own client, closed after the test. */
export const sdkAt = (endpoint: string, maxAttempts = 1): Route53Client => {
  const client = new Route53Client({ endpoint, region: "us-east-1", credentials, maxAttempts });
  closers.push(() => client.destroy());
  return client;
};
