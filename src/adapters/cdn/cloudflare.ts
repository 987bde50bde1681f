import type { UsageQuery, UsageReading, UsageSource } from "../ports/usage.ts";
import { createCloudflareClient } from "./cloudflare-client.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { buildUsageQuery, usageAnswerSchema } from "./cloudflare-query.ts";
import type { ZoneBytes } from "./cloudflare-query.ts";
import { createZoneDirectory, zoneIdForHost } from "./cloudflare-zones.ts";
import type { ZoneIds } from "./cloudflare-zones.ts";

export type CloudflareUsageOptions = {
  readonly accountId: string;
  /** Needs Zone Read and Zone Analytics Read on the zones to be metered. */
  readonly apiToken: string;
  /** Ends in `/graphql`; the list of zones is its neighbour `/zones`. */
  readonly graphqlEndpoint: string;
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  /** Epoch milliseconds, for the age of the cached zones; the system clock unless told. */
  readonly now?: () => number;
  readonly timeoutMs?: number;
};

type HostGroup = { readonly zoneId: string; readonly hosts: readonly string[] };
type Windows = UsageQuery["windows"];
type Reading = {
  readonly asked: readonly HostGroup[];
  readonly windows: Windows;
  readonly answer: readonly ZoneBytes[];
};

/** Ten zones is Cloudflare's bound (its "Limits" page); the other two keep queries and answers small. */
const ZONES_PER_QUERY = 10;
const HOSTS_PER_GROUP = 100;
const WINDOWS_PER_QUERY = 6;

/**
 * Bytes that Cloudflare served to visitors (`requestSource: eyeball`) by host and window; estimates where it samples.
 * `read` throws UsageSourceError when Cloudflare cannot be read, or when the token may read none of the zones.
 */
export function createCloudflareUsage(options: CloudflareUsageOptions): UsageSource {
  const { graphqlEndpoint, now = Date.now, timeoutMs = 20_000 } = options;
  if (!graphqlEndpoint.endsWith("/graphql")) throw new TypeError("the GraphQL endpoint must end in /graphql");
  const client = createCloudflareClient({ ...options, now, timeoutMs });
  const zonesUrl = graphqlEndpoint.replace(/\/graphql$/, "/zones");
  const zonesOfAccount = createZoneDirectory(client, zonesUrl, options.accountId, now);

  /** Zones that the token may not read are left out of the answer and do not spoil it for the others. */
  async function ask(asked: readonly HostGroup[], windows: Windows): Promise<readonly ZoneBytes[]> {
    const zoneTags = [...new Set(asked.map(({ zoneId }) => zoneId))];
    const body = buildUsageQuery(zoneTags, asked.flatMap(({ hosts }) => hosts), windows);
    try {
      return await client.request(graphqlEndpoint, usageAnswerSchema(windows.length), body);
    } catch (error) {
      if (!(error instanceof CloudflareError) || error.code !== "zone_access") throw error;
      if (asked.length === 1) return [];
      const half = Math.ceil(asked.length / 2);
      return [...(await ask(asked.slice(0, half), windows)), ...(await ask(asked.slice(half), windows))];
    }
  }

  return {
    cdn: "cloudflare",
    async read({ hosts, windows }) {
      if (hosts.length === 0 || windows.length === 0) return { rows: [], unknownHosts: [] };
      const zones = await zonesOfAccount();
      const zoneIdByHost = zonesOf(zones, hosts);
      const readings: Reading[] = [];
      for (const asked of chunk(groupByZone(zoneIdByHost), ZONES_PER_QUERY)) {
        for (const part of chunk(windows, WINDOWS_PER_QUERY)) {
          readings.push({ asked, windows: part, answer: await ask(asked, part) });
        }
      }
      return assemble(zoneIdByHost, readings);
    },
  };
}

function zonesOf(zones: ZoneIds, hosts: readonly string[]): ReadonlyMap<string, string | undefined> {
  return new Map(hosts.map((host) => [host, zoneIdForHost(zones, host)]));
}

function groupByZone(zoneIdByHost: ReadonlyMap<string, string | undefined>): HostGroup[] {
  const known = [...zoneIdByHost].flatMap(([host, zoneId]) => (zoneId === undefined ? [] : [{ host, zoneId }]));
  const byZone = Map.groupBy(known, ({ zoneId }) => zoneId);
  return [...byZone].flatMap(([zoneId, rows]) =>
    chunk(rows, HOSTS_PER_GROUP).map((part) => ({ zoneId, hosts: part.map(({ host }) => host) })),
  );
}

/** A zone missing from a successful answer is unreadable, which is not the same as zero bytes. */
function assemble(zoneIdByHost: ReadonlyMap<string, string | undefined>, readings: readonly Reading[]): UsageReading {
  const unreadable = new Set<string>();
  const rows = readings.flatMap(({ asked, windows, answer }) =>
    asked.flatMap(({ zoneId, hosts }) => {
      const found = answer.filter(({ zoneTag }) => zoneTag === zoneId);
      if (found.length === 0) unreadable.add(zoneId);
      return hosts.flatMap((host) =>
        windows.map(({ startMs, endMs }, index) => {
          const bytes = bytesAmong(found, index, host);
          return { zoneId, row: { host, startMs, endMs, bytes } };
        }),
      );
    }),
  );
  const asked = new Set(readings.flatMap((reading) => reading.asked.map(({ zoneId }) => zoneId)));
  if (asked.size > 0 && asked.size === unreadable.size) {
    throw new CloudflareError("zone_access", "the token may read the analytics of none of the zones");
  }
  return {
    rows: rows.filter(({ zoneId }) => !unreadable.has(zoneId)).map(({ row }) => row),
    unknownHosts: [...zoneIdByHost]
      .filter(([, zoneId]) => zoneId === undefined || unreadable.has(zoneId))
      .map(([host]) => host),
  };
}

/** A zone answers twice when its hosts were asked in two halves; each host is in one of them. */
function bytesAmong(answers: readonly ZoneBytes[], windowIndex: number, host: string): number {
  return answers.reduce((sum, { windows }) => sum + (windows[windowIndex]?.get(host.toLowerCase()) ?? 0), 0);
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
