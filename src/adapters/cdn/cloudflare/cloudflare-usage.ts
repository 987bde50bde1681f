import type { UsageReading, UsageSource } from "../../ports/metering/usage.ts";
import { batchesOf, noteUnasked, readBatch } from "./batch.ts";
import type { HostGroup, OpenGroup } from "./batch.ts";
import { createQueryBudget } from "./budget.ts";
import { createCloudflareClient } from "./client.ts";
import { CloudflareError } from "./error.ts";
import { piecesOf } from "./limits.ts";
import { createPlanDirectory } from "./plans.ts";
import type { KnownPlan } from "./plans.ts";
import { createSplitter } from "./split.ts";
import { createZoneDirectory, zoneNameForHost } from "./zones.ts";
import type { ZoneDirectory } from "./zones.ts";
import { withDeadline } from "../deadline.ts";
import { createReadingBook } from "../reading-book.ts";
import type { ReadingBook } from "../reading-book.ts";
import type { UsageOptions } from "../usage-options.ts";

export type CloudflareUsageOptions = UsageOptions & {
  readonly accountId: string;
  /** Needs Zone Read and Zone Analytics Read on the zones to be metered. */
  readonly apiToken: string;
  /** Ends in `/graphql`; the list of zones is its neighbour `/zones`. */
  readonly graphqlEndpoint: string;
  /** Queries in five minutes; default: Cloudflare's quota, less a reserve. */
  readonly queryBudget?: number;
};

/** The first batch rotates with each run, so that a spent budget does not always affect the same zones. */
const TURN_MS = 300_000;
/** How long a zone whose queries failed is queried by itself. */
const TROUBLE_MS = 600_000;

/** Hosts by zone. Where the list of zones is incomplete, only a host that is itself a zone is certain. */
const groupByZone = (hosts: readonly string[], { zones, gap }: ZoneDirectory, book: ReadingBook): HostGroup[] => {
  const covered: { readonly host: string; readonly zoneId: string }[] = [];
  for (const host of new Set(hosts)) {
    const name = zoneNameForHost(zones, host);
    const zoneId = name === undefined ? undefined : zones.get(name);
    if (zoneId !== undefined && (gap === null || name === host.toLowerCase())) covered.push({ host, zoneId });
    else if (gap === null) book.absent([host], "no Cloudflare zone of this account covers the host");
    else if (gap.isForLater) book.deferred([host], gap);
    else book.absent([host], `which zone of the account covers the host is not certain: ${gap.of("the list of zones")}`);
  }
  return [...Map.groupBy(covered, ({ zoneId }) => zoneId)].map(([zoneId, own]) => ({ zoneId, hosts: own.map(({ host }) => host) }));
};

/** The zones that may be queried; for the others the reason is recorded in the book. */
const openGroups = (
  groups: readonly HostGroup[],
  plans: ReadonlyMap<string, KnownPlan>,
  nameOf: (zoneId: string) => string,
  book: ReadingBook,
): OpenGroup[] =>
  groups.flatMap((group) => {
    const plan = plans.get(group.zoneId);
    const zone = `zone ${nameOf(group.zoneId)}`;
    if (plan === undefined) return [];
    if (plan instanceof CloudflareError) {
      if (plan.isForLater) book.deferred(group.hosts, plan);
      else book.failed(group.hosts, plan.of(`${zone}: its settings`, "were"), plan);
      return [];
    }
    if ("limits" in plan) return [{ ...group, limits: plan.limits }];
    book.unreadable(group.hosts, `${zone}: ${plan.shut}`);
    book.skipped(zone, plan.shut);
    return [];
  });

/**
 * Bytes that Cloudflare served to visitors (`requestSource: eyeball`) by host and span; estimates where it samples, and
 * then marked so. Each zone is queried within the limits that its `settings` node states; spans that its plan no longer keeps
 * are left out.
 *
 * Deadlines: a job waits for `read`, 120 s at most; `read` for the list of zones and their limits, which may be
 * shared, then for one query at a time; a query for three attempts of 20 s at most, and one for several zones is
 * split after the first. When the time is up the request in flight is aborted, what was read is returned, and the rest is
 * deferred, as it is when the quota is spent.
 * `read` throws UsageSourceError when Cloudflare cannot be read, or when the token may read none of the zones.
 */
export function createCloudflareUsage(options: CloudflareUsageOptions): UsageSource {
  const { graphqlEndpoint, now = Date.now, timeoutMs = 20_000, readTimeoutMs = 120_000 } = options;
  if (!graphqlEndpoint.endsWith("/graphql")) throw new TypeError("the GraphQL endpoint must end in /graphql");
  const spend = createQueryBudget(now, options.queryBudget);
  const client = createCloudflareClient({ ...options, now, timeoutMs, spend });
  const zonesOfAccount = createZoneDirectory(client, graphqlEndpoint.replace(/\/graphql$/, "/zones"), options.accountId, now);
  const plansOf = createPlanDirectory(client, graphqlEndpoint, now);
  const reader = { client, graphqlEndpoint, confidence: { isOffered: true } };
  const troubledUntilMs = new Map<string, number>();
  const troubled = (zoneId: string): void => void troubledUntilMs.set(zoneId, now() + TROUBLE_MS);

  return {
    cdn: "cloudflare",
    read: async (query) =>
      await withDeadline(readTimeoutMs, async (signal) => {
        const book = createReadingBook(query);
        if (query.hosts.length === 0 || query.windows.length === 0) return book.close();
        const directory = await zonesOfAccount(signal);
        if (directory.gap !== null) book.skipped("the list of zones", directory.gap.of("the list of zones"));
        const names = new Map([...directory.zones].map(([name, zoneId]) => [zoneId, name]));
        const nameOf = (zoneId: string): string => names.get(zoneId) ?? zoneId;
        const groups = groupByZone(query.hosts, directory, book);
        const nowMs = now();
        const apart = new Set([...troubledUntilMs].filter(([, untilMs]) => nowMs < untilMs).map(([zoneId]) => zoneId));
        const split = createSplitter(signal);
        const plans = await plansOf(
          groups.map(({ zoneId }) => zoneId),
          apart,
          split,
          signal,
        );
        for (const [zoneId, plan] of plans) if (plan instanceof CloudflareError && plan.retryable && !plan.isForLater) troubled(zoneId);
        const askable = openGroups(groups, plans, nameOf, book).filter(({ limits }) => piecesOf(query.windows, limits, nowMs).length > 0);
        const batches = batchesOf(askable, apart, Math.floor(nowMs / TURN_MS));
        const reading = { windows: query.windows, nowMs, split, book, zoneName: nameOf, troubled };
        for (const [place, batch] of batches.entries()) {
          try {
            await readBatch(reader, reading, batch);
          } catch (error) {
            if (!(error instanceof CloudflareError)) throw error;
            noteUnasked(
              book,
              batches.slice(place + 1).flatMap((later) => later.groups),
              error,
            );
            break;
          }
        }
        return closed(book);
      }),
  };
}

const closed = (book: ReadingBook): UsageReading => {
  try {
    return book.close();
  } catch (error) {
    if (!(error instanceof CloudflareError) || error.code !== "zone_access") throw error;
    throw new CloudflareError("zone_access", `the token may read the analytics of none of the zones (${error.message})`);
  }
};
