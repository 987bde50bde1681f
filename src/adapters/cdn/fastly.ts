import { z } from "zod";
import type { HostWindowBytes, UsageQuery, UsageSource } from "../ports/usage.ts";
import { createFastlyClient, FastlyError } from "./fastly-client.ts";
import { createServiceDirectory, serviceForHost } from "./fastly-services.ts";
import type { FastlyService } from "./fastly-services.ts";

export type FastlyUsageOptions = {
  /** Needs the scope global:read. */
  readonly apiToken: string;
  readonly endpoint: string;
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  readonly now?: () => number;
  readonly timeoutMs?: number;
};

type Windows = UsageQuery["windows"];
type Unit = { readonly name: "minute" | "hour"; readonly ms: number };
/** Bytes by the start of their minute or hour. */
type Buckets = ReadonlyMap<number, number>;

const MINUTE: Unit = { name: "minute", ms: 60_000 };
const HOUR: Unit = { name: "hour", ms: 3_600_000 };
/** Fastly's data is complete a quarter of an hour after a minute or hour has ended ("Data latency"). */
const SETTLED_MS = 15 * 60_000;
const DOMAINS_PER_QUERY = 50;
/** The most series that Domain Inspector gives at once. */
const PAGE_SIZE = 200;

const counted = { edge_resp_header_bytes: z.int().nonnegative().optional(), edge_resp_body_bytes: z.int().nonnegative().optional() };

/** `/stats`: a point each bucket that had traffic. */
const statsSchema = z.looseObject({ data: z.array(z.looseObject({ start_time: z.int(), ...counted })) });

/** Domain Inspector: a series each domain, sparse. */
const inspectorSchema = z.looseObject({
  data: z.array(z.looseObject({
    dimensions: z.looseObject({ domain: z.string() }),
    values: z.array(z.looseObject({ timestamp: z.int(), ...counted })),
  })),
  meta: z.looseObject({ next_cursor: z.string().nullish() }),
});

/** What went to visitors; `bandwidth` would add what went to origins. */
const bytesOf = (point: { edge_resp_header_bytes?: number | undefined; edge_resp_body_bytes?: number | undefined }): number =>
  (point.edge_resp_header_bytes ?? 0) + (point.edge_resp_body_bytes ?? 0);

const unitOf = (windows: Windows): Unit => {
  const fits = (unit: Unit) => windows.every(({ startMs, endMs }) => startMs % unit.ms === 0 && endMs % unit.ms === 0);
  if (fits(HOUR)) return HOUR;
  if (fits(MINUTE)) return MINUTE;
  throw new FastlyError("refused", "Fastly counts by the minute: USAGE_WINDOW must be whole minutes");
};

const chunk = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/**
 * Bytes that Fastly delivered to visitors, by host and window. A service with a single domain is read from the historical
 * stats, which every account has. Several domains share one figure there: they are told apart by Domain Inspector, and
 * where it is not booked their hosts count as unknown. Windows that ended less than 15 minutes ago are left out.
 * `read` throws UsageSourceError when Fastly cannot be read.
 */
export const createFastlyUsage = (options: FastlyUsageOptions): UsageSource => {
  const { now = Date.now, timeoutMs = 20_000 } = options;
  const ask = createFastlyClient({ ...options, timeoutMs });
  const servicesOfAccount = createServiceDirectory(ask, now);
  const seconds = (ms: number): string => String(ms / 1_000);

  const readStats = async (service: FastlyService, span: { fromMs: number; toMs: number }, unit: Unit): Promise<Buckets> => {
    const query = { from: seconds(span.fromMs), to: seconds(span.toMs), by: unit.name };
    const { data } = await ask(`/stats/service/${encodeURIComponent(service.id)}`, query, statsSchema);
    return new Map(data.map((point) => [point.start_time * 1_000, bytesOf(point)]));
  };

  const readInspector = async (
    service: FastlyService, hosts: readonly string[], span: { fromMs: number; toMs: number }, unit: Unit,
  ): Promise<ReadonlyMap<string, Buckets>> => {
    const byDomain = new Map<string, Buckets>();
    for (const part of chunk(hosts, DOMAINS_PER_QUERY)) {
      let cursor: string | null = "";
      while (cursor !== null) {
        const query: Record<string, string> = {
          start: seconds(span.fromMs), end: seconds(span.toMs), downsample: unit.name, group_by: "domain",
          metric: "edge_resp_header_bytes,edge_resp_body_bytes", domain: part.join(","), limit: String(PAGE_SIZE),
          ...(cursor !== "" && { cursor }),
        };
        const path = `/metrics/domains/services/${encodeURIComponent(service.id)}`;
        const answer: z.infer<typeof inspectorSchema> = await ask(path, query, inspectorSchema);
        for (const { dimensions, values } of answer.data) {
          const buckets = values.map((point): [number, number] => [point.timestamp * 1_000, bytesOf(point)]);
          byDomain.set(dimensions.domain.toLowerCase(), new Map(buckets));
        }
        // The last page's cursor is empty.
        cursor = answer.meta.next_cursor || null;
      }
    }
    return byDomain;
  };

  /** Buckets by host; null where the hosts of this service can not be told apart. */
  const readService = async (
    service: FastlyService, hosts: readonly string[], span: { fromMs: number; toMs: number }, unit: Unit,
  ): Promise<ReadonlyMap<string, Buckets> | null> => {
    const [only, ...others] = service.domains;
    const [host] = hosts;
    if (others.length === 0 && host !== undefined && only === host.toLowerCase()) {
      return new Map([[only, await readStats(service, span, unit)]]);
    }
    try {
      return await readInspector(service, hosts, span, unit);
    } catch (error) {
      if (error instanceof FastlyError && error.code === "not_available") return null;
      throw error;
    }
  };

  return {
    cdn: "fastly",
    read: async ({ hosts, windows }) => {
      const unit = unitOf(windows);
      const settled = windows.filter(({ endMs }) => endMs <= now() - SETTLED_MS);
      if (hosts.length === 0 || settled.length === 0) return { rows: [], unknownHosts: [] };
      const span = {
        fromMs: Math.min(...settled.map(({ startMs }) => startMs)),
        toMs: Math.max(...settled.map(({ endMs }) => endMs)),
      };
      const services = await servicesOfAccount();
      const unknownHosts: string[] = [];
      const rows: HostWindowBytes[] = [];
      for (const [service, own] of Map.groupBy(new Set(hosts), (host) => serviceForHost(services, host))) {
        const found = service === undefined ? null : await readService(service, own, span, unit);
        if (found === null) {
          unknownHosts.push(...own);
          continue;
        }
        for (const host of own) {
          const buckets = found.get(host.toLowerCase()) ?? new Map<number, number>();
          for (const { startMs, endMs } of settled) {
            let bytes = 0;
            for (let atMs = startMs; atMs < endMs; atMs += unit.ms) bytes += buckets.get(atMs) ?? 0;
            rows.push({ host, startMs, endMs, bytes });
          }
        }
      }
      return { rows, unknownHosts };
    },
  };
};
