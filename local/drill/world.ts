import { randomBytes } from "node:crypto";
import type { CloudflareApi } from "../cdn/cloudflare-api.ts";
import { startCloudflareApi } from "../cdn/cloudflare-api.ts";
import { createClosers } from "../closers.ts";
import type { ControlPlane, LocalRuntime } from "../control-plane.ts";
import { startControlPlane } from "../control-plane.ts";
import { startCron } from "./cron.ts";
import type { Neighbourhood, Outside } from "./outside.ts";
import { site, startOutside } from "./outside.ts";

/** A price that makes a minute of a laptop's traffic worth a few dollars. */
export const terms = { rateCentsPerGb: "900", discountRate: "0.5" } as const;

export type World = Outside & {
  readonly plane: ControlPlane;
  readonly analytics: CloudflareApi;
  readonly databaseUrl: string;
  /** Where the public API is. */
  readonly apiUrl: string;
  readonly cronSecret: string;
  readonly logs: readonly string[];
  readonly close: () => Promise<void>;
};

/**
 * The outside world of the drill, with an analytics API, and tranche in the middle of it.
 * @param env variables of the Worker beside those that every drill sets
 * @param runtime where tranche runs: in workerd, or self-hosted
 */
export const startWorld = async (
  env: Readonly<Record<string, string>> = {},
  neighbourhood?: Neighbourhood,
  runtime: LocalRuntime = "workerd",
): Promise<World> => {
  const { opened, close } = createClosers();
  try {
    const outside = await startOutside(opened, neighbourhood);
    const { primary } = outside.cdns;
    const [apiToken, accountId, cfZone] = [
      randomBytes(24).toString("base64url"),
      randomBytes(16).toString("hex"),
      randomBytes(16).toString("hex"),
    ];
    const analytics = opened(
      await startCloudflareApi({
        apiToken,
        accountId,
        zones: [{ id: cfZone, name: site.zone }],
        bytes: (_zone, host, fromMs, toMs) => primary.bytesServed(host, fromMs, toMs),
      }),
    );
    const logs: string[] = [];
    const cronSecret = randomBytes(24).toString("base64url");
    const plane = opened(
      await startControlPlane({
        runtime,
        onLine: (line) => logs.push(line),
        env: {
          ...outside.env,
          CLOUDFLARE_ACCOUNT_ID: accountId,
          CLOUDFLARE_API_TOKEN: apiToken,
          CLOUDFLARE_GRAPHQL_ENDPOINT: analytics.graphqlUrl,
          BILLING_RATE_CENTS_PER_GB: terms.rateCentsPerGb,
          BILLING_DISCOUNT_RATE: terms.discountRate,
          CRON_SECRET: cronSecret,
          SMTP_URL: `smtp+insecure://${outside.sink.smtpAddress}`,
          EVIDENCE_SIGNING_KEY: randomBytes(32).toString("base64"),
          ...env,
        },
      }),
    );
    return { ...outside, plane, databaseUrl: plane.databaseUrl, apiUrl: plane.worker.url, cronSecret, analytics, logs, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** The platform's cron, for the rounds alone: what else it starts, the drill asks for by itself. */
export const startWorldCron = ({ plane }: World): { readonly stop: () => void } =>
  startCron(Date.now(), (minuteMs) => plane.worker.trigger("* * * * *", new Date(minuteMs)));
