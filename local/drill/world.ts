import { randomBytes } from "node:crypto";
import type { CloudflareApi } from "../cdn/cloudflare-api.ts";
import { startCloudflareApi } from "../cdn/cloudflare-api.ts";
import type { ToyCdn } from "../cdn/toy-cdn.ts";
import { startToyCdn } from "../cdn/toy-cdn.ts";
import type { ControlPlane } from "../control-plane.ts";
import { startControlPlane } from "../control-plane.ts";
import type { DohServer } from "../route53/doh.ts";
import { startDoh } from "../route53/doh.ts";
import type { Route53Server } from "../route53/server.ts";
import { startRoute53 } from "../route53/server.ts";

/** The drill's cadence: everything is real but the calendar. Milliseconds. */
export const cadence = { intervalMs: 1_000, timeoutMs: 1_000, windowMs: 5_000, cooldownMs: 5_000, usageWindowMs: 5_000 } as const;

/** A price that makes a minute of a laptop's traffic worth a few dollars. */
export const terms = { rateCentsPerGb: "900", discountRate: "0.5" } as const;

export const site = { zone: "example.test", host: "app.example.test", primary: "app.primary-cdn.test", backup: "app.backup-cdn.test" } as const;

export type World = {
  readonly plane: ControlPlane;
  readonly route53: Route53Server;
  readonly doh: DohServer;
  readonly cdns: { readonly primary: ToyCdn; readonly backup: ToyCdn };
  readonly analytics: CloudflareApi;
  readonly adminToken: string;
  readonly zoneId: string;
  readonly logs: readonly string[];
  readonly close: () => Promise<void>;
};

/**
 * The outside world of the drill (DNS, two CDNs, an analytics API) and tranche in the middle of it.
 * @param env variables of the Worker beside those that every drill sets
 */
export const startWorld = async (env: Readonly<Record<string, string>> = {}): Promise<World> => {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer().catch(() => undefined);
  };
  const opened = <T extends { close: () => Promise<void> }>(thing: T): T => {
    closers.push(() => thing.close());
    return thing;
  };
  try {
    const adminToken = randomBytes(24).toString("base64url");
    const [accessKeyId, secretAccessKey] = ["AKIATRANCHEDRILL0000", randomBytes(30).toString("base64")];
    const [apiToken, accountId] = [randomBytes(24).toString("base64url"), randomBytes(16).toString("hex")];
    const route53 = opened(await startRoute53({ accessKeyId, secretAccessKey, zones: [{ name: site.zone }], insyncAfterMs: 2_000 }));
    const zoneId = route53.zones[0]?.id ?? "";
    const record = { name: site.host, type: "CNAME", ttlSeconds: 5 } as const;
    route53.seed(zoneId, [
      { ...record, setIdentifier: "primary", weight: 100, values: [site.primary] },
      { ...record, setIdentifier: "backup", weight: 0, values: [site.backup] },
    ]);
    const doh = opened(await startDoh({ zones: route53 }));
    const primary = opened(await startToyCdn({ name: "cloudflare" }));
    const backup = opened(await startToyCdn({ name: "fastly" }));
    const cfZone = randomBytes(16).toString("hex");
    const analytics = opened(
      await startCloudflareApi({
        apiToken,
        accountId,
        zones: [{ id: cfZone, name: site.zone }],
        bytes: (_zone, host, fromMs, toMs) => primary.bytesServed(host, fromMs, toMs),
      }),
    );
    const logs: string[] = [];
    const plane = opened(
      await startControlPlane({
        onLine: (line) => logs.push(line),
        env: {
          ADMIN_TOKEN: adminToken,
          ALLOW_PRIVATE_TARGETS: "true",
          DOMAIN_VERIFICATION: "off",
          PROBE_INTERVAL: `${cadence.intervalMs}ms`,
          PROBE_TIMEOUT: `${cadence.timeoutMs}ms`,
          ROUTE53_ENDPOINT: route53.url,
          DOH_ENDPOINTS: doh.url,
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          USAGE_WINDOW: `${cadence.usageWindowMs}ms`,
          USAGE_LOOKBACK: "3m",
          CLOUDFLARE_ACCOUNT_ID: accountId,
          CLOUDFLARE_API_TOKEN: apiToken,
          CLOUDFLARE_GRAPHQL_ENDPOINT: analytics.graphqlUrl,
          BILLING_RATE_CENTS_PER_GB: terms.rateCentsPerGb,
          BILLING_DISCOUNT_RATE: terms.discountRate,
          ...env,
        },
      }),
    );
    return { plane, route53, doh, cdns: { primary, backup }, analytics, adminToken, zoneId, logs, close };
  } catch (error) {
    await close();
    throw error;
  }
};
