import type { UsageQuery, UsageReading, UsageSource } from "../ports/usage.ts";
import { createQueryBudget } from "./cloudflare-budget.ts";
import { createCloudflareClient } from "./cloudflare-client.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { buildLimitsQuery, limitsAnswerSchema, piecesOf } from "./cloudflare-limits.ts";
import type { Piece, ZoneLimits } from "./cloudflare-limits.ts";
import { addBytes, buildUsageQuery, fieldsPerSpan, usageAnswerSchema } from "./cloudflare-query.ts";
import type { HostBytes, ZoneBytes } from "./cloudflare-query.ts";
import { createZoneDirectory, zoneIdForHost } from "./cloudflare-zones.ts";

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
  /** Epoch milliseconds, for the age of what is cached and of what may be asked; the system clock unless told. */
  readonly now?: () => number;
  readonly timeoutMs?: number;
  /** Queries in five minutes; Cloudflare's quota, less a reserve, unless told. */
  readonly queryBudget?: number;
};

/** Hosts of one zone that are asked for together. */
type HostGroup = { readonly zoneId: string; readonly hosts: readonly string[] };
/** Groups of zones with the same limits, at most ten zones, and what is asked of them. */
type Batch = { readonly groups: readonly HostGroup[]; readonly limits: ZoneLimits; readonly pieces: readonly Piece[] };
type Windows = UsageQuery["windows"];

/** Ten zones is Cloudflare's bound (its "Limits" page); the other one keeps queries and answers small. */
const ZONES_PER_QUERY = 10;
const HOSTS_PER_GROUP = 100;
/** How long a zone's limits are believed: plans change by hand. */
const LIMITS_CACHE_MS = 600_000;
/** With each run another batch goes first, so that a spent budget does not always hit the same. */
const TURN_MS = 300_000;

/**
 * Bytes that Cloudflare served to visitors (`requestSource: eyeball`) by host and window; estimates where it samples, and
 * then marked so. Each zone is asked within the limits that its `settings` node states.
 * `read` throws UsageSourceError when Cloudflare cannot be read, or when the token may read none of the zones.
 */
export function createCloudflareUsage(options: CloudflareUsageOptions): UsageSource {
  const { graphqlEndpoint, now = Date.now, timeoutMs = 20_000 } = options;
  if (!graphqlEndpoint.endsWith("/graphql")) throw new TypeError("the GraphQL endpoint must end in /graphql");
  const spend = createQueryBudget(now, options.queryBudget);
  const client = createCloudflareClient({ ...options, now, timeoutMs, spend });
  const zonesOfAccount = createZoneDirectory(client, graphqlEndpoint.replace(/\/graphql$/, "/zones"), options.accountId, now);
  const limitsByZone = new Map<string, { readonly limits: ZoneLimits; readonly untilMs: number }>();
  let withConfidence = true;

  /** Zones that the token may not read are left out of the answer and do not spoil it for the others. */
  async function halving<Item, Answer>(items: readonly Item[], send: (part: readonly Item[]) => Promise<Answer[]>): Promise<Answer[]> {
    try {
      return await send(items);
    } catch (error) {
      if (!(error instanceof CloudflareError) || error.code !== "zone_access") throw error;
      if (items.length === 1) return [];
      const half = Math.ceil(items.length / 2);
      return [...(await halving(items.slice(0, half), send)), ...(await halving(items.slice(half), send))];
    }
  }

  async function learnLimits(zoneIds: readonly string[]): Promise<void> {
    const unknown = zoneIds.filter((zoneId) => (limitsByZone.get(zoneId)?.untilMs ?? 0) <= now());
    for (const part of chunk(unknown, ZONES_PER_QUERY)) {
      const learnt = await halving(part, async (zoneTags) => [
        ...(await client.request(graphqlEndpoint, limitsAnswerSchema, buildLimitsQuery(zoneTags))),
      ]);
      for (const [zoneId, limits] of learnt) limitsByZone.set(zoneId, { limits, untilMs: now() + LIMITS_CACHE_MS });
    }
  }

  async function askOnce(groups: readonly HostGroup[], { limits }: Batch, pieces: readonly Piece[]): Promise<ZoneBytes[]> {
    const zoneTags = [...new Set(groups.map(({ zoneId }) => zoneId))];
    const hosts = groups.flatMap((group) => group.hosts);
    const shape = { limit: Math.min(hosts.length, limits.maxPageSize), withConfidence };
    const body = buildUsageQuery(zoneTags, hosts, pieces, shape);
    return [...(await client.request(graphqlEndpoint, usageAnswerSchema(pieces.length), body))];
  }

  /** Where confidence intervals are not offered, the bytes are still taken. */
  async function ask(groups: readonly HostGroup[], batch: Batch, pieces: readonly Piece[]): Promise<ZoneBytes[]> {
    try {
      return await halving(groups, (part) => askOnce(part, batch, pieces));
    } catch (error) {
      const isRefused = error instanceof CloudflareError && error.code === "refused" && /confidence/i.test(error.message);
      if (!isRefused || !withConfidence) throw error;
      withConfidence = false;
      return await ask(groups, batch, pieces);
    }
  }

  /** Bytes by zone, host and window index, of every zone that answered. */
  async function readBatch(batch: Batch, found: Map<string, HostBytes[]>, answered: Set<string>): Promise<void> {
    const perQuery = Math.max(1, Math.floor((batch.limits.maxNumberOfFields - 1) / fieldsPerSpan({ withConfidence })));
    const parts: [readonly Piece[], readonly ZoneBytes[]][] = [];
    for (const part of chunk(batch.pieces, perQuery)) parts.push([part, await ask(batch.groups, batch, part)]);
    for (const [pieces, zones] of parts) {
      for (const { zoneTag, spans } of zones) {
        answered.add(zoneTag);
        pieces.forEach(({ index }, place) => {
          for (const [host, bytes] of spans[place] ?? []) {
            const sums = found.get(key(zoneTag, host)) ?? [];
            const before = sums[index];
            sums[index] = before === undefined ? bytes : addBytes(before, bytes);
            found.set(key(zoneTag, host), sums);
          }
        });
      }
    }
  }

  return {
    cdn: "cloudflare",
    async read({ hosts, windows }) {
      if (hosts.length === 0 || windows.length === 0) return { rows: [], unknownHosts: [] };
      const zones = await zonesOfAccount();
      const zoneIdByHost = new Map(hosts.map((host) => [host, zoneIdForHost(zones, host)]));
      const groups = groupByZone(zoneIdByHost);
      await learnLimits([...new Set(groups.map(({ zoneId }) => zoneId))]);
      const nowMs = now();
      const limitsOf = (zoneId: string) => limitsByZone.get(zoneId)?.limits;
      const batches = rotate(batchesOf(groups, windows, limitsOf, nowMs), Math.floor(nowMs / TURN_MS));
      const found = new Map<string, HostBytes[]>();
      const answered = new Set<string>();
      const deferred: HostGroup[] = [];
      for (const [place, batch] of batches.entries()) {
        try {
          await readBatch(batch, found, answered);
        } catch (error) {
          if (!(error instanceof CloudflareError) || error.code !== "budget" || place === 0) throw error;
          deferred.push(...batches.slice(place).flatMap((later) => later.groups));
          break;
        }
      }
      const read = batches.filter(({ groups: [first] }) => first !== undefined && !deferred.includes(first));
      return assemble(zoneIdByHost, read, { windows, found, answered, deferred });
    },
  };
}

const key = (zoneId: string, host: string): string => `${zoneId} ${host.toLowerCase()}`;

function groupByZone(zoneIdByHost: ReadonlyMap<string, string | undefined>): HostGroup[] {
  const known = [...zoneIdByHost].flatMap(([host, zoneId]) => (zoneId === undefined ? [] : [{ host, zoneId }]));
  const byZone = Map.groupBy(known, ({ zoneId }) => zoneId);
  return [...byZone].flatMap(([zoneId, rows]) =>
    chunk(rows, HOSTS_PER_GROUP).map((part) => ({ zoneId, hosts: part.map(({ host }) => host) })),
  );
}

/** Zones of equal limits together; a zone without limits, or with the dataset off, is not asked. */
function batchesOf(
  groups: readonly HostGroup[], windows: Windows, limitsOf: (zoneId: string) => ZoneLimits | undefined, nowMs: number,
): Batch[] {
  const readable = groups.flatMap((group) => {
    const limits = limitsOf(group.zoneId);
    return limits?.enabled === true ? [{ group, limits }] : [];
  });
  return [...Map.groupBy(readable, ({ limits }) => JSON.stringify(limits)).values()].flatMap((alike) =>
    chunk(alike, ZONES_PER_QUERY).flatMap((part) => {
      const [first] = part;
      if (first === undefined) return [];
      return [{ groups: part.map(({ group }) => group), limits: first.limits, pieces: piecesOf(windows, first.limits, nowMs) }];
    }),
  );
}

/** A zone missing from a successful answer is unreadable, which is not the same as zero bytes. */
function assemble(
  zoneIdByHost: ReadonlyMap<string, string | undefined>,
  batches: readonly Batch[],
  result: {
    readonly windows: Windows;
    readonly found: ReadonlyMap<string, readonly HostBytes[]>;
    readonly answered: ReadonlySet<string>;
    readonly deferred: readonly HostGroup[];
  },
): UsageReading {
  const { windows, found, answered, deferred } = result;
  const rows = batches.flatMap(({ groups, pieces }) => {
    const known = new Set(pieces.map(({ index }) => index));
    return groups.filter(({ zoneId }) => answered.has(zoneId)).flatMap(({ zoneId, hosts }) =>
      hosts.flatMap((host) =>
        windows.flatMap(({ startMs, endMs }, index) => {
          if (!known.has(index)) return [];
          const { bytes, sampling } = found.get(key(zoneId, host))?.[index] ?? { bytes: 0, sampling: null };
          return [{ host, startMs, endMs, bytes, ...(sampling !== null && { sampling }) }];
        }),
      ),
    );
  });
  const deferredHosts = deferred.flatMap(({ hosts }) => hosts);
  const waiting = new Set(deferredHosts);
  // A zone of which no window may be asked any more is neither unknown nor unreadable.
  const silent = new Set(batches.filter(({ pieces }) => pieces.length === 0).flatMap(({ groups }) => groups.map(({ zoneId }) => zoneId)));
  const isUnknown = ([host, zoneId]: [string, string | undefined]) =>
    zoneId === undefined || (!answered.has(zoneId) && !silent.has(zoneId) && !waiting.has(host));
  const unknownHosts = [...zoneIdByHost].filter(isUnknown).map(([host]) => host);
  const zoneIds = [...new Set(zoneIdByHost.values())].filter((zoneId) => zoneId !== undefined);
  if (zoneIds.length > 0 && rows.length === 0 && silent.size === 0 && deferredHosts.length === 0) {
    throw new CloudflareError("zone_access", "the token may read the analytics of none of the zones");
  }
  return { rows, unknownHosts, ...(deferredHosts.length > 0 && { deferredHosts }) };
}

function rotate<T>(items: readonly T[], turns: number): T[] {
  const start = items.length === 0 ? 0 : turns % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
