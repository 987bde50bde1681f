import { GraphQLError } from "graphql";

export type AnalyticsLimits = {
  readonly maxDurationSeconds: number;
  readonly notOlderThanSeconds: number;
  readonly maxPageSize: number;
  readonly maxNumberOfFields: number;
  readonly maxZones: number;
  /** Zones times data nodes in one request; Cloudflare has such a bound but does not publish the figure. */
  readonly maxScopedNodes: number;
};

/** As a zone on the free plan sees them, where the window may be one day and history one week. */
export const FREE_PLAN_LIMITS: AnalyticsLimits = {
  maxDurationSeconds: 86_400,
  notOlderThanSeconds: 604_800,
  maxPageSize: 10_000,
  maxNumberOfFields: 30,
  maxZones: 10,
  maxScopedNodes: 100,
};

/** Bytes that one zone served for one host in [fromMs, toMs). */
export type BytesOf = (zoneId: string, host: string, fromMs: number, toMs: number) => number;

/** One request in so many is counted for that host, 1: all of them. */
export type SampleIntervalOf = (zoneId: string, host: string) => number;

export type GroupSource = {
  readonly bytes: BytesOf;
  readonly sampleInterval: SampleIntervalOf;
  readonly limits: AnalyticsLimits;
  readonly now: () => number;
};

type Filter = {
  AND?: readonly (Filter | null)[] | null;
  datetime_geq?: string | null;
  datetime_lt?: string | null;
  requestSource?: string | null;
  clientRequestHTTPHost?: string | null;
  clientRequestHTTPHost_in?: readonly string[] | null;
};
type Selection = { fromMs: number; toMs: number; hosts: readonly string[] | null; sources: readonly string[] };
type Group = {
  count: number;
  dimensions: { clientRequestHTTPHost: string; datetimeHour: string; requestSource: string };
  sum: { edgeResponseBytes: number };
  avg: { sampleInterval: number };
  confidence: (args: { level: number }) => unknown;
};
export type GroupArgs = { filter?: Filter | null; limit: number; orderBy?: readonly string[] | null };

const HOUR_MS = 3_600_000;

/** Rows of one `httpRequestsAdaptiveGroups` node; a group without bytes has no row, as in the real dataset. */
export function groupsOf(backend: GroupSource, zoneTag: string, args: GroupArgs, dimensions: ReadonlySet<string>): readonly Group[] {
  const { limits } = backend;
  if (args.limit < 1 || args.limit > limits.maxPageSize) {
    throw refusal(400, `limit must be positive number and not greater than ${limits.maxPageSize}`);
  }
  const selection = flatten(args.filter ?? {});
  checkTimes(backend, zoneTag, selection);
  if (selection.hosts === null) throw refusal(400, "this local endpoint answers only with a host in the filter");
  if (selection.sources.some((source) => source !== "eyeball")) return [];
  const spans = dimensions.has("datetimeHour") ? hoursOf(selection) : [selection];
  const cells = selection.hosts.flatMap((host) =>
    spans.map(({ fromMs, toMs }) =>
      groupOf(host, fromMs, backend.bytes(zoneTag, host, fromMs, toMs), backend.sampleInterval(zoneTag, host)),
    ),
  );
  const filled = cells.filter((group) => group.sum.edgeResponseBytes > 0);
  const groups = dimensions.has("clientRequestHTTPHost") ? filled : withoutHost(filled);
  return groups.toSorted((a, b) => compareBy(args.orderBy ?? [], a, b)).slice(0, args.limit);
}

function flatten(filter: Filter): Selection {
  const hosts = [
    ...(filter.clientRequestHTTPHost == null ? [] : [[filter.clientRequestHTTPHost]]),
    ...(filter.clientRequestHTTPHost_in == null ? [] : [filter.clientRequestHTTPHost_in]),
  ];
  const own: Selection = {
    fromMs: filter.datetime_geq == null ? -Infinity : Date.parse(filter.datetime_geq),
    toMs: filter.datetime_lt == null ? Infinity : Date.parse(filter.datetime_lt),
    hosts: hosts.length === 0 ? null : hosts.reduce(intersect),
    sources: filter.requestSource == null ? [] : [filter.requestSource],
  };
  return (filter.AND ?? []).reduce<Selection>((left, next) => {
    const right = flatten(next ?? {});
    return {
      fromMs: Math.max(left.fromMs, right.fromMs),
      toMs: Math.min(left.toMs, right.toMs),
      hosts: left.hosts === null ? right.hosts : right.hosts === null ? left.hosts : intersect(left.hosts, right.hosts),
      sources: [...left.sources, ...right.sources],
    };
  }, own);
}

function intersect(left: readonly string[], right: readonly string[]): readonly string[] {
  return [...new Set(left)].filter((host) => right.includes(host));
}

function checkTimes({ limits, now }: GroupSource, zoneTag: string, { fromMs, toMs }: Selection): void {
  if (!Number.isFinite(fromMs) || !Number.isFinite(toMs) || toMs <= fromMs) {
    throw refusal(400, "query time range is too large or empty: datetime_geq and datetime_lt must bound it");
  }
  const spanSeconds = (toMs - fromMs) / 1000;
  if (spanSeconds > limits.maxDurationSeconds) {
    const wider = `cannot request a time range wider than ${limits.maxDurationSeconds}s`;
    throw refusal(400, `zone "${zoneTag}" ${wider}, but your query time range spans ${spanSeconds}s`);
  }
  if ((now() - fromMs) / 1000 > limits.notOlderThanSeconds) {
    throw refusal(400, `zone "${zoneTag}" cannot request data older than ${limits.notOlderThanSeconds}s`);
  }
}

function hoursOf({ fromMs, toMs }: Selection): { fromMs: number; toMs: number }[] {
  const hours = [];
  for (let hourMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS; hourMs < toMs; hourMs += HOUR_MS) {
    hours.push({ fromMs: Math.max(fromMs, hourMs), toMs: Math.min(toMs, hourMs + HOUR_MS) });
  }
  return hours;
}

/** The toy CDNs count bytes, not log lines, so a group stands for one line; its interval is a tenth either way. */
function groupOf(clientRequestHTTPHost: string, fromMs: number, edgeResponseBytes: number, sampleInterval: number): Group {
  const datetimeHour = new Date(Math.floor(fromMs / HOUR_MS) * HOUR_MS).toISOString().replace(".000Z", "Z");
  return {
    count: 1,
    dimensions: { clientRequestHTTPHost, datetimeHour, requestSource: "eyeball" },
    sum: { edgeResponseBytes },
    avg: { sampleInterval },
    confidence: ({ level }) => {
      if (level <= 0 || level >= 1) throw refusal(400, "confidence level must be between 0 and 1");
      const off = sampleInterval > 1 ? edgeResponseBytes / 10 : 0;
      const interval = { estimate: edgeResponseBytes, lower: edgeResponseBytes - off, upper: edgeResponseBytes + off, sampleSize: 1 };
      return { level, sum: { edgeResponseBytes: interval } };
    },
  };
}

function withoutHost(groups: readonly Group[]): Group[] {
  const byHour = Map.groupBy(groups, (group) => group.dimensions.datetimeHour);
  return [...byHour.values()].map((same) => ({
    ...(same[0] as Group),
    count: same.length,
    sum: { edgeResponseBytes: same.reduce((total, group) => total + group.sum.edgeResponseBytes, 0) },
  }));
}

function compareBy(orderBy: readonly string[], a: Group, b: Group): number {
  for (const order of orderBy) {
    const key = order.replace(/_(ASC|DESC)$/, "");
    const valueOf = (group: Group): string | number =>
      key === "sum_edgeResponseBytes" ? group.sum.edgeResponseBytes : group.dimensions[key as "clientRequestHTTPHost" | "datetimeHour"];
    if (valueOf(a) === valueOf(b)) continue;
    return (valueOf(a) < valueOf(b) ? -1 : 1) * (order.endsWith("_DESC") ? -1 : 1);
  }
  return 0;
}

/** `status` is the HTTP status that Cloudflare documents for this kind of refusal. */
export function refusal(status: number, message: string, code?: string): GraphQLError {
  return new GraphQLError(message, { extensions: { status, ...(code === undefined ? {} : { code }) } });
}
