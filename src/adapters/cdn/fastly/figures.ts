import { z } from "zod";
import type { FastlyClient } from "./client.ts";
import { FastlyError } from "./error.ts";
import type { Range } from "./spans.ts";

/** Bytes by the start of their minute or hour; one that is not there had no traffic. */
export type Buckets = ReadonlyMap<number, number>;

/** The most series that Domain Inspector returns at once. */
const PAGE_SIZE = 200;
const MAX_PAGES = 50;
const MOST_DOMAINS = 50;
/** Keeps an answer to a few megabytes. */
const MOST_VALUES = 20_000;

const counted = { edge_resp_header_bytes: z.int().nonnegative().optional(), edge_resp_body_bytes: z.int().nonnegative().optional() };
const status = z.literal("success").nullish();

/** `/stats`: a point each bucket that had traffic. */
const statsSchema = z.looseObject({
  status,
  meta: z.looseObject({ by: z.string().nullish() }).nullish(),
  data: z.array(z.looseObject({ start_time: z.int(), ...counted })),
});

/** Domain Inspector: a series each domain, sparse. */
const inspectorSchema = z.looseObject({
  status,
  data: z.array(
    z.looseObject({
      dimensions: z.looseObject({ domain: z.string() }),
      values: z.array(z.looseObject({ timestamp: z.int(), ...counted })),
    }),
  ),
  meta: z.looseObject({ downsample: z.string().nullish(), next_cursor: z.string().nullish() }),
});

type Counted = { readonly edge_resp_header_bytes?: number | undefined; readonly edge_resp_body_bytes?: number | undefined };

/** What went to visitors; `bandwidth` would add what went to origins. */
const bytesOf = (point: Counted): number => (point.edge_resp_header_bytes ?? 0) + (point.edge_resp_body_bytes ?? 0);

const seconds = (ms: number): string => String(ms / 1_000);

/** Adds points to buckets. Points outside of the range were not requested; one within it must be a bucket of its own. */
const collect = (
  buckets: Map<number, number>,
  points: readonly (Counted & { readonly atMs: number })[],
  { unit, fromMs, toMs }: Range,
): void => {
  for (const point of points) {
    if (point.atMs < fromMs || point.atMs >= toMs) continue;
    const what = `the ${unit.name} at ${new Date(point.atMs).toISOString()}`;
    if (point.atMs % unit.ms !== 0) throw new FastlyError("malformed", `${what} is none`);
    if (buckets.has(point.atMs)) throw new FastlyError("malformed", `${what} comes twice`);
    buckets.set(point.atMs, bytesOf(point));
  }
};

const checkUnit = (answered: string | null | undefined, { unit }: Range): void => {
  if (answered != null && answered !== unit.name)
    throw new FastlyError("malformed", `asked by the ${unit.name}, answered by the ${answered}`);
};

/** Everything that a service delivered, whatever the host. @throws FastlyError */
export const readStats = async (ask: FastlyClient, serviceId: string, range: Range, signal: AbortSignal): Promise<Buckets> => {
  const query = { from: seconds(range.fromMs), to: seconds(range.toMs), by: range.unit.name };
  const { data, meta } = await ask(`/stats/service/${encodeURIComponent(serviceId)}`, query, statsSchema, signal);
  checkUnit(meta?.by, range);
  const buckets = new Map<number, number>();
  collect(
    buckets,
    data.map((point) => ({ ...point, atMs: point.start_time * 1_000 })),
    range,
  );
  return buckets;
};

/** How many domains one query of Domain Inspector may ask for. */
export const domainsPerQuery = ({ unit, fromMs, toMs }: Range): number =>
  Math.min(MOST_DOMAINS, Math.max(1, Math.floor(MOST_VALUES / ((toMs - fromMs) / unit.ms))));

/**
 * What a service delivered under each of the names, by Domain Inspector; a name without traffic is absent.
 * @throws FastlyError, `not_available` where it is not booked for the service
 */
export const readInspector = async (
  ask: FastlyClient,
  serviceId: string,
  names: readonly string[],
  range: Range,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buckets>> => {
  const byName = new Map<string, Map<number, number>>();
  const cursors = new Set<string>();
  const query = {
    start: seconds(range.fromMs),
    end: seconds(range.toMs),
    downsample: range.unit.name,
    group_by: "domain",
    metric: "edge_resp_header_bytes,edge_resp_body_bytes",
    domain: names.join(","),
    limit: String(PAGE_SIZE),
  };
  const path = `/metrics/domains/services/${encodeURIComponent(serviceId)}`;
  for (let cursor = ""; !cursors.has(cursor) && cursors.size < MAX_PAGES;) {
    cursors.add(cursor);
    const answer: z.infer<typeof inspectorSchema> = await ask(
      path,
      { ...query, ...(cursor !== "" && { cursor }) },
      inspectorSchema,
      signal,
    );
    checkUnit(answer.meta.downsample, range);
    for (const { dimensions, values } of answer.data) {
      const name = dimensions.domain.toLowerCase();
      if (!names.includes(name)) continue;
      const buckets = byName.get(name) ?? new Map<number, number>();
      byName.set(name, buckets);
      collect(
        buckets,
        values.map((point) => ({ ...point, atMs: point.timestamp * 1_000 })),
        range,
      );
    }
    // The last page's cursor is empty, or not there.
    cursor = answer.meta.next_cursor ?? "";
    if (cursor === "") return byName;
  }
  throw new FastlyError("malformed", "its pages do not end");
};
