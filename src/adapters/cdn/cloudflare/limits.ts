import { z } from "zod";
import type { UsageSpan } from "../../ports/metering/usage.ts";
import type { GraphqlBody } from "./client.ts";
import { FIELDS_WITHOUT_CONFIDENCE } from "./query.ts";

/** What a zone's plan allows one query to ask, as its `settings` node says. */
export type ZoneLimits = {
  readonly maxDurationSeconds: number;
  readonly notOlderThanSeconds: number;
  readonly maxPageSize: number;
  readonly maxNumberOfFields: number;
};

/** Limits, or why the zone cannot be asked. */
export type ZonePlan = { readonly limits: ZoneLimits } | { readonly shut: string };

/** A part of a window that one query may ask for; `index` is the place of the window. */
export type Piece = { readonly index: number; readonly startMs: number; readonly endMs: number };

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

const node = z.looseObject({
  enabled: z.boolean(),
  maxDuration: z.int(),
  notOlderThan: z.int(),
  maxPageSize: z.int(),
  maxNumberOfFields: z.int(),
});
const off = z.looseObject({ httpRequestsAdaptiveGroups: z.looseObject({ enabled: z.literal(false) }) });
const settled = z.looseObject({ httpRequestsAdaptiveGroups: node });

function planOf(settings: unknown): ZonePlan {
  if (off.safeParse(settings).success) return { shut: "analytics are off for this plan" };
  const parsed = settled.safeParse(settings);
  if (!parsed.success) return { shut: "the zone's settings could not be read" };
  const { maxDuration, notOlderThan, maxPageSize, maxNumberOfFields } = parsed.data.httpRequestsAdaptiveGroups;
  if (notOlderThan <= 0 || maxDuration <= 0) return { shut: "its plan keeps no analytics that can be asked for" };
  if (maxPageSize <= 0) return { shut: "its plan gives no rows" };
  if (maxNumberOfFields < FIELDS_WITHOUT_CONFIDENCE) {
    return { shut: `its plan allows ${maxNumberOfFields} fields a query, and a reading needs ${FIELDS_WITHOUT_CONFIDENCE}` };
  }
  return { limits: { maxPageSize, maxNumberOfFields, maxDurationSeconds: maxDuration, notOlderThanSeconds: notOlderThan } };
}

/** By zone tag. A zone that the token may not read is simply absent; one with invalid settings is not queried. */
export const limitsAnswerSchema: z.ZodType<ReadonlyMap<string, ZonePlan>> = z
  .looseObject({
    data: z.looseObject({
      viewer: z.looseObject({ zones: z.array(z.looseObject({ zoneTag: z.string(), settings: z.unknown() })) }),
    }),
  })
  .transform(({ data }) => new Map(data.viewer.zones.map(({ zoneTag, settings }) => [zoneTag, planOf(settings)])));

/** The clock at Cloudflare may be ahead of ours, and the query takes its time. */
const MARGIN_SECONDS = 60;

/**
 * The windows as far as the plan still keeps them, in pieces of whole seconds that are no longer than it allows. A window
 * that the plan no longer keeps in full has none.
 */
export function piecesOf(windows: readonly UsageSpan[], limits: ZoneLimits, nowMs: number): Piece[] {
  const oldestMs = nowMs - (limits.notOlderThanSeconds - MARGIN_SECONDS) * 1_000;
  return windows.flatMap(({ startMs, endMs }, index) => {
    if (startMs < oldestMs) return [];
    const count = Math.ceil((endMs - startMs) / (limits.maxDurationSeconds * 1_000));
    const stepMs = Math.ceil((endMs - startMs) / count / 1_000) * 1_000;
    const at = (part: number) => Math.min(startMs + part * stepMs, endMs);
    return Array.from({ length: Math.ceil((endMs - startMs) / stepMs) }, (_, part) => ({ index, startMs: at(part), endMs: at(part + 1) }));
  });
}
