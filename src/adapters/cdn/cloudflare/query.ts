import { z } from "zod";
import type { Sampling } from "../../ports/metering/usage.ts";
import type { GraphqlBody } from "./client.ts";

type Span = { readonly startMs: number; readonly endMs: number };

export type HostBytes = { readonly bytes: number; readonly sampling: Sampling | null };

/** Bytes by host (lower-case) of one zone and span. */
export type SpanBytes = ReadonlyMap<string, HostBytes>;

/** By zone tag: bytes per span in the order asked, or what is wrong with that part of the answer. */
export type UsageAnswer = ReadonlyMap<string, readonly (SpanBytes | { readonly fault: string })[]>;

/** The form of a query. `withConfidence`: intervals are offered for sampled datasets since October 2025. */
export type QueryShape = { readonly limit: number; readonly withConfidence: boolean };

/** Leaves of one node, for the plan's bound on fields. */
export const FIELDS_WITH_CONFIDENCE = 5;
export const FIELDS_WITHOUT_CONFIDENCE = 3;

/** Spans that one query may ask for where the plan allows so many fields; beside those of the spans there is the zone's tag. */
export const spansPerQuery = (maxNumberOfFields: number, withConfidence: boolean): number =>
  Math.max(1, Math.floor((maxNumberOfFields - 1) / (withConfidence ? FIELDS_WITH_CONFIDENCE : FIELDS_WITHOUT_CONFIDENCE)));

/**
 * One query for several zones and spans: a field `w0`, `w1`, ... per span, every value in a variable.
 * Groups are by host only, so there are never more rows than hosts and `limit` cuts nothing off.
 */
export function buildUsageQuery(
  zoneTags: readonly string[],
  hosts: readonly string[],
  spans: readonly Span[],
  shape: QueryShape,
): GraphqlBody {
  const times = spans.map((_, index) => `, $from${index}: Time!, $to${index}: Time!`).join("");
  const confidence = shape.withConfidence ? "\n        confidence(level: 0.95) { sum { edgeResponseBytes { lower upper } } }" : "";
  const fields = spans.map(
    (_, index) => `w${index}: httpRequestsAdaptiveGroups(
        limit: $limit
        filter: {
          datetime_geq: $from${index}
          datetime_lt: $to${index}
          requestSource: "eyeball"
          clientRequestHTTPHost_in: $hosts
        }
      ) {
        dimensions { clientRequestHTTPHost }
        sum { edgeResponseBytes }
        avg { sampleInterval }${confidence}
      }`,
  );
  const query = `query Usage($zoneTags: [string!]!, $hosts: [string!]!, $limit: uint64!${times}) {
  viewer {
    zones(filter: { zoneTag_in: $zoneTags }) {
      zoneTag
      ${fields.join("\n      ")}
    }
  }
}`;
  const bounds = spans.flatMap(({ startMs, endMs }, index) => [
    [`from${index}`, new Date(startMs).toISOString()],
    [`to${index}`, new Date(endMs).toISOString()],
  ]);
  return { query, variables: { zoneTags, hosts, limit: shape.limit, ...Object.fromEntries(bounds) } };
}

const boundsSchema = z.looseObject({ lower: z.number(), upper: z.number() });

const groups = z.array(
  z.looseObject({
    dimensions: z.looseObject({ clientRequestHTTPHost: z.string() }),
    sum: z.looseObject({ edgeResponseBytes: z.int().nonnegative() }),
    avg: z.looseObject({ sampleInterval: z.number().nonnegative() }),
    confidence: z
      .looseObject({ sum: z.looseObject({ edgeResponseBytes: boundsSchema.nullish() }) })
      .nullish()
      .catch(null),
  }),
);

/**
 * The answer to `buildUsageQuery` for that many spans. A zone that the token may not read is simply absent; an invalid
 * part for one zone and span does not affect the others.
 */
export function usageAnswerSchema(spanCount: number): z.ZodType<UsageAnswer> {
  const aliases = Array.from({ length: spanCount }, (_, index) => `w${index}`);
  const zone = z.looseObject({ zoneTag: z.string() });
  const spanOf = (rows: unknown): SpanBytes | { readonly fault: string } => {
    const parsed = groups.safeParse(rows);
    return parsed.success ? bytesByHost(parsed.data) : { fault: z.prettifyError(parsed.error) };
  };
  return z.looseObject({ data: z.looseObject({ viewer: z.looseObject({ zones: z.array(zone) }) }) }).transform(({ data }) => {
    const byZone = Map.groupBy(data.viewer.zones, ({ zoneTag }) => zoneTag);
    return new Map(
      [...byZone].map(([zoneTag, [row, ...more]]) => [
        zoneTag,
        aliases.map((alias) => (more.length > 0 ? { fault: "the zone comes twice" } : spanOf(row?.[alias]))),
      ]),
    );
  });
}

function samplingOf(row: z.infer<typeof groups>[number]): Sampling | null {
  if (row.avg.sampleInterval <= 1) return null;
  const bytes = row.sum.edgeResponseBytes;
  const { lower, upper } = row.confidence?.sum.edgeResponseBytes ?? { lower: null, upper: null };
  return {
    interval: row.avg.sampleInterval,
    lowerBytes: lower === null ? null : Math.min(Math.max(Math.floor(lower), 0), bytes),
    upperBytes: upper === null ? null : Math.max(Math.ceil(upper), bytes),
  };
}

function bytesByHost(rows: z.infer<typeof groups>): ReadonlyMap<string, HostBytes> {
  const byHost = new Map<string, HostBytes>();
  for (const row of rows) {
    const host = row.dimensions.clientRequestHTTPHost.toLowerCase();
    const added = { bytes: row.sum.edgeResponseBytes, sampling: samplingOf(row) };
    const before = byHost.get(host);
    byHost.set(host, before === undefined ? added : addBytes(before, added));
  }
  return byHost;
}

/** Sums of counts and bounds. A bound that one part lacks is unknown for the sum. */
export function addBytes(a: HostBytes, b: HostBytes): HostBytes {
  const bytes = a.bytes + b.bytes;
  if (a.sampling === null && b.sampling === null) return { bytes, sampling: null };
  const bound = (name: "lowerBytes" | "upperBytes"): number | null => {
    const [left, right] = [a, b].map((part) => (part.sampling === null ? part.bytes : part.sampling[name]));
    return left == null || right == null ? null : left + right;
  };
  const interval = Math.max(a.sampling?.interval ?? 1, b.sampling?.interval ?? 1);
  return { bytes, sampling: { interval, lowerBytes: bound("lowerBytes"), upperBytes: bound("upperBytes") } };
}
