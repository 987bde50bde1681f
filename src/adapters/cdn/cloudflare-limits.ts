import { z } from "zod";
import type { UsageQuery } from "../ports/usage.ts";
import type { GraphqlBody } from "./cloudflare-client.ts";

type Windows = UsageQuery["windows"];

/** What a zone's plan allows one query to ask, as its `settings` node says. */
export type ZoneLimits = {
  readonly enabled: boolean;
  readonly maxDurationSeconds: number;
  readonly notOlderThanSeconds: number;
  readonly maxPageSize: number;
  readonly maxNumberOfFields: number;
};

/** A part of a window that one query may ask for; `index` is the place of the window. */
export type Piece = { readonly index: number; readonly startMs: number; readonly endMs: number };

const node = z.looseObject({
  enabled: z.boolean(),
  maxDuration: z.int().positive(),
  notOlderThan: z.int().positive(),
  maxPageSize: z.int().positive(),
  maxNumberOfFields: z.int().positive(),
});

export function buildLimitsQuery(zoneTags: readonly string[]): GraphqlBody {
  const query = `query Limits($zoneTags: [string!]!) {
  viewer {
    zones(filter: { zoneTag_in: $zoneTags }) {
      zoneTag
      settings { httpRequestsAdaptiveGroups { enabled maxDuration notOlderThan maxPageSize maxNumberOfFields } }
    }
  }
}`;
  return { query, variables: { zoneTags } };
}

/** By zone tag. A zone that the token may not read is simply absent. */
export const limitsAnswerSchema: z.ZodType<ReadonlyMap<string, ZoneLimits>> = z
  .looseObject({
    data: z.looseObject({
      viewer: z.looseObject({
        zones: z.array(
          z.looseObject({ zoneTag: z.string(), settings: z.looseObject({ httpRequestsAdaptiveGroups: node }) }),
        ),
      }),
    }),
  })
  .transform(({ data }) => {
    const limits = data.viewer.zones.map(({ zoneTag, settings }): [string, ZoneLimits] => {
      const { enabled, maxDuration, notOlderThan, maxPageSize, maxNumberOfFields } = settings.httpRequestsAdaptiveGroups;
      return [zoneTag, {
        enabled, maxPageSize, maxNumberOfFields, maxDurationSeconds: maxDuration, notOlderThanSeconds: notOlderThan,
      }];
    });
    return new Map(limits);
  });

/** The clock at Cloudflare may be ahead of ours, and the query takes its time. */
const MARGIN_SECONDS = 60;

/** The windows as far as the plan still knows them, in pieces of equal length that are no longer than it allows. */
export function piecesOf(windows: Windows, limits: ZoneLimits, nowMs: number): Piece[] {
  const oldestMs = nowMs - (limits.notOlderThanSeconds - MARGIN_SECONDS) * 1_000;
  return windows.flatMap(({ startMs, endMs }, index) => {
    if (startMs < oldestMs) return [];
    const count = Math.ceil((endMs - startMs) / (limits.maxDurationSeconds * 1_000));
    const at = (part: number) => startMs + Math.round(((endMs - startMs) * part) / count);
    return Array.from({ length: count }, (_, part) => ({ index, startMs: at(part), endMs: at(part + 1) }));
  });
}
