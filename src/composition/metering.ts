import { createCloudflareUsage } from "../adapters/cdn/cloudflare/cloudflare-usage.ts";
import { createAuditLogs } from "../adapters/cdn/cloudflare/audit-log.ts";
import { createCustomerSources } from "../adapters/cdn/customer-sources.ts";
import { createFastlyUsage } from "../adapters/cdn/fastly/fastly-usage.ts";
import { createAuditReadings } from "../adapters/db/cost/audit-readings.ts";
import { createCdnAccountStore } from "../adapters/db/metering/cdn-accounts.ts";
import { createIngestStore } from "../adapters/db/metering/ingest.ts";
import { createCorrectionStore } from "../adapters/db/metering/usage-requests.ts";
import { createUsageStore } from "../adapters/db/metering/usage-store.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import type { MeteringDeps } from "../adapters/ports/deps.ts";
import { guardedFetch } from "../adapters/platform/guarded-fetch.ts";
import type { Breakers } from "../adapters/ports/platform/breakers.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";
import { secretBox } from "./platform.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** 0 to 1, for pauses between attempts. */
  readonly chance: () => number;
  readonly fetch: typeof fetch;
  readonly breakers: Breakers;
};

type Jobs = Pick<JobDeps, "ingest" | "usageSources" | "customerSources" | "auditLogs" | "auditReadings" | "usageWindows">;

/** Usage by CDN. A CDN without the operator's credentials is measured only with customers' own. */
export const buildMetering = ({ config, db, clock, random, chance, fetch, breakers }: Needs): MeteringDeps & Jobs => {
  const { cloudflare, cloudflareEndpoint, fastly, fastlyEndpoint } = config;
  const secrets = secretBox(config, random);
  const calls = { fetch, sleep: clock.sleep, random: chance, now: clock.nowMs };
  const own = (which: string) => ({
    ...calls,
    fetch: guardedFetch(fetch, breakers.line({ kind: "cdn", customerId: null, accountId: null, which }), clock),
  });
  return {
    usageSources: [
      ...(cloudflare === null ? [] : [createCloudflareUsage({ ...cloudflare, ...own("cloudflare") })]),
      ...(fastly === null ? [] : [createFastlyUsage({ ...fastly, endpoint: fastlyEndpoint, ...own("fastly") })]),
    ],
    customerSources: createCustomerSources(db, secrets, { ...calls, breakers, cloudflareEndpoint, fastlyEndpoint }),
    auditLogs: createAuditLogs({ secrets, fetch, breakers, clock, graphqlEndpoint: cloudflareEndpoint }),
    auditReadings: createAuditReadings(db),
    measuredCdns: (["cloudflare", "fastly"] as const).filter((cdn) => config[cdn] !== null),
    usageWindows: config.usage,
    ingest: createIngestStore(db),
    usage: createUsageStore(db),
    corrections: createCorrectionStore(db),
    cdnAccounts: createCdnAccountStore(db, secrets),
  };
};
