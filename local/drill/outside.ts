import { randomBytes } from "node:crypto";
import type { ToyCdn } from "../cdn/toy-cdn.ts";
import { startToyCdn } from "../cdn/toy-cdn.ts";
import type { NotifySink } from "../notify-sink/sink.ts";
import { startNotifySink } from "../notify-sink/sink.ts";
import { startDnsTcp } from "../route53/dns-tcp.ts";
import type { DohServer } from "../route53/doh.ts";
import { startDoh } from "../route53/doh.ts";
import type { Route53Options, Route53Server } from "../route53/server.ts";
import { startRoute53 } from "../route53/server.ts";

/** The drill's cadence: everything is real but the calendar. Milliseconds. */
export const cadence = { intervalMs: 1_000, timeoutMs: 1_000, windowMs: 5_000, cooldownMs: 5_000, usageWindowMs: 5_000 } as const;

export const site = { zone: "example.test", host: "app.example.test", primary: "app.primary-cdn.test", backup: "app.backup-cdn.test" } as const;

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

type Closable = { readonly close: () => Promise<void> };

/** What was opened, closed in the opposite order, whatever happens in between. */
export const createClosers = () => {
  const closers: (() => Promise<void>)[] = [];
  let closing: Promise<void> | null = null;
  const closeAll = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer().catch(() => undefined);
  };
  return {
    opened: <T extends Closable>(thing: T): T => {
      closers.push(() => thing.close());
      return thing;
    },
    /** Once; further calls wait for the same. */
    close: (): Promise<void> => (closing ??= closeAll()),
  };
};

/** @param opened called for each part as soon as it runs */
export const startOutside = async (opened: <T extends Closable>(thing: T) => T, { accounts = [], zones }: Neighbourhood = { zones: [] }): Promise<Outside> => {
  const adminToken = randomBytes(24).toString("base64url");
  const [accessKeyId, secretAccessKey] = ["AKIATRANCHEDRILL0000", randomBytes(30).toString("base64")];
  const route53 = opened(await startRoute53({ accessKeyId, secretAccessKey, accounts, zones: [{ name: site.zone }, ...zones], insyncAfterMs: 2_000 }));
  const zoneId = route53.zones[0]?.id ?? "";
  const record = { name: site.host, type: "CNAME", ttlSeconds: 5 } as const;
  route53.seed(zoneId, [
    { ...record, setIdentifier: "primary", weight: 100, values: [site.primary] },
    { ...record, setIdentifier: "backup", weight: 0, values: [site.backup] },
  ]);
  const doh = opened(await startDoh({ zones: route53 }));
  const nameServers = opened(await startDnsTcp({ zones: route53 }));
  const primary = opened(await startToyCdn({ name: "cloudflare" }));
  const backup = opened(await startToyCdn({ name: "fastly" }));
  const sink = opened(await startNotifySink());
  return {
    route53, doh, cdns: { primary, backup }, sink, adminToken, zoneId,
    env: {
      ADMIN_TOKEN: adminToken,
      ALLOW_PRIVATE_TARGETS: "true",
      DOMAIN_VERIFICATION: "off",
      CREDIT_WAITING_PERIOD: "0s",
      CREDIT_MIN_WINDOW: "1s",
      PROBE_INTERVAL: `${cadence.intervalMs}ms`,
      PROBE_TIMEOUT: `${cadence.timeoutMs}ms`,
      ROUTE53_ENDPOINT: route53.url,
      DOH_ENDPOINTS: doh.url,
      NAME_SERVERS_ENDPOINT: nameServers.address,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      USAGE_WINDOW: `${cadence.usageWindowMs}ms`,
      USAGE_LOOKBACK: "3m",
      SECRETS_KEY: randomBytes(32).toString("base64"),
      MAIL_FROM: "tranche@example.test",
      PAGERDUTY_ENDPOINT: sink.url,
    },
  };
};
