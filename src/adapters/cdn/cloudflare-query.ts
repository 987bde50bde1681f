import { z } from "zod";
import type { UsageQuery } from "../ports/usage.ts";
import type { GraphqlBody } from "./cloudflare-client.ts";

type Windows = UsageQuery["windows"];

/** Bytes per window (in the order asked) and host, of one zone. */
export type ZoneBytes = { readonly zoneTag: string; readonly windows: readonly ReadonlyMap<string, number>[] };

/**
 * One query for several zones and windows: a field `w0`, `w1`, ... per window, every value in a variable.
 * Groups are by host only, so there are never more rows than hosts and `limit` cuts nothing off.
 */
export function buildUsageQuery(zoneTags: readonly string[], hosts: readonly string[], windows: Windows): GraphqlBody {
  const times = windows.map((_, index) => `, $from${index}: Time!, $to${index}: Time!`).join("");
  const fields = windows.map(
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
  const bounds = windows.flatMap(({ startMs, endMs }, index) => [
    [`from${index}`, new Date(startMs).toISOString()],
    [`to${index}`, new Date(endMs).toISOString()],
  ]);
  return { query, variables: { zoneTags, hosts, limit: hosts.length, ...Object.fromEntries(bounds) } };
}

const groups = z.array(
  z.looseObject({
    dimensions: z.looseObject({ clientRequestHTTPHost: z.string() }),
    sum: z.looseObject({ edgeResponseBytes: z.int().nonnegative() }),
  }),
);

/** The answer to `buildUsageQuery` for that many windows. A zone that the token may not read is simply absent. */
export function usageAnswerSchema(windowCount: number): z.ZodType<readonly ZoneBytes[]> {
  const aliases = Array.from({ length: windowCount }, (_, index) => `w${index}`);
  const zone = z
    .looseObject({ zoneTag: z.string(), ...Object.fromEntries(aliases.map((alias) => [alias, groups])) })
    .transform((row) => ({
      zoneTag: row.zoneTag,
      windows: aliases.map((alias) => bytesByHost(groups.parse(row[alias]))),
    }));
  return z
    .looseObject({ data: z.looseObject({ viewer: z.looseObject({ zones: z.array(zone) }) }) })
    .transform(({ data }) => data.viewer.zones);
}

function bytesByHost(rows: z.infer<typeof groups>): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const { dimensions, sum } of rows) {
    const host = dimensions.clientRequestHTTPHost.toLowerCase();
    bytes.set(host, (bytes.get(host) ?? 0) + sum.edgeResponseBytes);
  }
  return bytes;
}
