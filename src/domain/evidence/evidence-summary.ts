import type { StormDowntime, Stretch } from "../slo/avoided.ts";
import { downtimeCents, microsecondText } from "../slo/avoided.ts";
import type { JsonValue } from "./canonical-json.ts";

/** How many spans a summary lists; of more the rest is added up. */
export const spansListed = 100;

/**
 * A storm's downtime for the end of its bundle. Avoided is only what came after a switch that the bundle shows: what else an override,
 * or another storm, may have avoided is not proven by it.
 */
export type DowntimeSummary = StormDowntime & {
  /** When it was added up; what is later is not in it. */
  readonly asOfUs: number;
  /** The first spans of the avoided time, in its order. */
  readonly spans: readonly Stretch[];
  /** Those after them; null: there are none. */
  readonly rest: { readonly spans: number; readonly us: number } | null;
};

/** The summary as JSON, as it is signed with the end of a bundle. */
export const summaryFields = (summary: DowntimeSummary): { readonly [key: string]: JsonValue } => ({
  as_of: microsecondText(summary.asOfUs),
  downtime: {
    blamed: summary.blamed.map(({ upstreamCdn, us }) => ({ microseconds: us, upstream_cdn: upstreamCdn })),
    microseconds: summary.downUs,
    unmeasured_microseconds: summary.unmeasuredUs,
  },
  downtime_avoided: {
    cents: downtimeCents(summary.avoidedUs, summary.centsPerMinute),
    cents_per_minute: summary.centsPerMinute,
    currency: summary.centsPerMinute === null ? null : summary.currency,
    microseconds: summary.avoidedUs,
    rest: summary.rest === null ? null : { microseconds: summary.rest.us, spans: summary.rest.spans },
    spans: summary.spans.map(({ fromUs, toUs }) => ({ from: microsecondText(fromUs), to: microsecondText(toUs) })),
  },
});
