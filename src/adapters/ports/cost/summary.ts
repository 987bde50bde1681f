import type { SeriesName } from "./anomalies.ts";

/** How many series are shown, those that cost most in front. */
export const mostSummarised = 200;

/** What hours of a series that are over came to, in its unit. */
export type SpanSum = {
  readonly value: number;
  /** What was usual of them; null: of one of them too little was known. */
  readonly usual: number | null;
  /** How many of them were scored. */
  readonly hours: number;
};

/** What a service sent by a CDN, or by all of them. */
export type EgressStanding = {
  readonly seriesId: number;
  readonly series: SeriesName;
  readonly day: SpanSum;
  readonly week: SpanSum;
};

/** How a customer's costs stand at one moment. */
export type CostSummary = {
  readonly asOfMs: number;
  readonly egress: readonly EgressStanding[];
  /** Series beyond `mostSummarised`. */
  readonly omitted: number;
  /** Of those that are `open`. */
  readonly anomalies: { readonly critical: number; readonly high: number; readonly medium: number };
  readonly zombies: {
    readonly open: number;
    readonly critical: number;
    /** Of those with a known price. */
    readonly monthlyWasteCents: number;
    readonly unpriced: number;
  };
  readonly events: { readonly waiting: number; readonly dead: number };
};

/** One look at everything that costs. */
export interface CostSummaryStore {
  summary(customerId: number): Promise<CostSummary>;
}
