import type { ToyCdn } from "../cdn/toy-cdn.ts";
import { startToyCdn } from "../cdn/toy-cdn.ts";
import { createClosers } from "../closers.ts";
import type { Site } from "../route53/site-dns.ts";
import { startSiteDns } from "../route53/site-dns.ts";

/** The stage of a demo storm: two CDNs, and a Route 53 with a pair of records, unless the shell has its own. */
export type Stage = {
  readonly cdns: { readonly primary: ToyCdn; readonly backup: ToyCdn };
  /** What connects the Worker to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
};

/** The visitors' name. `test` is reserved (RFC 6761). */
export const stormHost = "storm-demo.example.test";
const site: Site = { zone: "example.test", host: stormHost, primary: "storm-demo.primary-cdn.test", backup: "storm-demo.backup-cdn.test" };

export const startCdns = async (): Promise<Stage["cdns"]> => ({
  primary: await startToyCdn({ name: "cloudflare" }), backup: await startToyCdn({ name: "fastly" }),
});

/** Rounds that come often enough to be watched. */
const pace = { PROBE_INTERVAL: "2s", PROBE_TIMEOUT: "1s" };

/** @param given what the shell sets; where it has AWS credentials, or a Route 53, that one is used */
export const startStage = async (given: Readonly<Record<string, string>>): Promise<Stage> => {
  const hasDns = given["AWS_ACCESS_KEY_ID"] !== undefined || given["ROUTE53_ENDPOINT"] !== undefined;
  const { opened, close } = createClosers();
  const dns = hasDns ? null : await startSiteDns(opened, site, { accessKeyId: "AKIATRANCHESTORM0000" });
  const cdns = await startCdns();
  return {
    cdns,
    env: { ...pace, ...dns?.env },
    close: async () => {
      await Promise.all([cdns.primary.close(), cdns.backup.close()]);
      await close();
    },
  };
};
