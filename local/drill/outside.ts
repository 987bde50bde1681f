import { randomBytes } from "node:crypto";
import { atHome } from "../at-home.ts";
import type { ToyCdn } from "../cdn/toy-cdn.ts";
import { startToyCdn } from "../cdn/toy-cdn.ts";
import type { Opened } from "../closers.ts";
import type { NotifySink } from "../notify-sink/sink.ts";
import { startNotifySink } from "../notify-sink/sink.ts";
import type { DohServer } from "../route53/doh.ts";
import type { Route53Options, Route53Server } from "../route53/server.ts";
import type { Site } from "../route53/site-dns.ts";
import { startSiteDns } from "../route53/site-dns.ts";

/** The drill's cadence: everything is real but the calendar. Milliseconds. */
export const cadence = { intervalMs: 1_000, timeoutMs: 1_000, windowMs: 5_000, cooldownMs: 5_000, usageWindowMs: 5_000 } as const;

export const site = {
  zone: "example.test",
  host: "app.example.test",
  primary: "app.primary-cdn.test",
  backup: "app.backup-cdn.test",
} as const satisfies Site;

/** The outside world: DNS, two CDNs, and the receivers of messages. */
export type Outside = {
  readonly route53: Route53Server;
  readonly doh: DohServer;
  readonly cdns: { readonly primary: ToyCdn; readonly backup: ToyCdn };
  readonly sink: NotifySink;
  readonly adminToken: string;
  readonly zoneId: string;
  /** What connects a provider to all this, beside its database. */
  readonly env: Readonly<Record<string, string>>;
};

/** What else Route 53 holds: other accounts, and the zones that are theirs. */
export type Neighbourhood = Pick<Route53Options, "accounts" | "zones">;

/** @param opened called for each part as soon as it runs */
export const startOutside = async (opened: Opened, { accounts = [], zones }: Neighbourhood = { zones: [] }): Promise<Outside> => {
  const adminToken = randomBytes(24).toString("base64url");
  const { route53, doh, env } = await startSiteDns(opened, site, { accessKeyId: "AKIATRANCHEDRILL0000", accounts, zones });
  const primary = opened(await startToyCdn({ name: "cloudflare" }));
  const backup = opened(await startToyCdn({ name: "fastly" }));
  const sink = opened(await startNotifySink());
  return {
    route53,
    doh,
    cdns: { primary, backup },
    sink,
    adminToken,
    zoneId: route53.zones[0]?.id ?? "",
    env: {
      ...atHome,
      ...env,
      ADMIN_TOKEN: adminToken,
      CREDIT_MIN_WINDOW: "1s",
      PROBE_INTERVAL: `${cadence.intervalMs}ms`,
      PROBE_TIMEOUT: `${cadence.timeoutMs}ms`,
      USAGE_WINDOW: `${cadence.usageWindowMs}ms`,
      USAGE_LOOKBACK: "3m",
      SECRETS_KEY: randomBytes(32).toString("base64"),
      MAIL_FROM: "tranche@example.test",
      PAGERDUTY_ENDPOINT: sink.url,
    },
  };
};
