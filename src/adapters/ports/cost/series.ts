import type { Severity } from "../../../domain/cost/score.ts";
import type { Change, Page, Paged } from "../tenants/change.ts";
import type { SeriesName } from "./anomalies.ts";

/** What is usual of a series. Figures in its unit, an hour. */
export type CostBaseline = {
  readonly id: number;
  readonly series: SeriesName;
  readonly mean: number;
  readonly deviation: number;
  readonly count: number;
  /** The latest seen first. */
  readonly actors: readonly string[];
  readonly lastHourMs: number | null;
  readonly updatedAtMs: number;
};

/** An hour of a series as it was scored. `usual`: null where too little was known. */
export type CostTrendHour = {
  readonly hourMs: number;
  readonly value: number;
  readonly usual: { readonly low: number; readonly mean: number; readonly high: number } | null;
  readonly score: number;
  readonly severity: Severity;
  /** Why it was kept out of the baseline: `expected: storm`. */
  readonly label: string | null;
};

export type SeriesFilter = { readonly serviceId?: number | undefined; readonly kind?: SeriesName["kind"] | undefined };

/** Baselines and what they were computed from. */
export interface SeriesStore {
  list(customerId: number, filter: SeriesFilter, page: Page): Promise<Paged<CostBaseline>[]>;
  find(customerId: number, id: number): Promise<CostBaseline | null>;
  /** Forgets what is usual: what comes next is learnt as of a new series, whose memory is `{}`. @returns null where there is none */
  reset(customerId: number, id: number, change: Change): Promise<CostBaseline | null>;
  /** Hours of `[fromMs, toMs)`, ascending. @returns null where there is no such series */
  hours(customerId: number, id: number, span: { readonly fromMs: number; readonly toMs: number }): Promise<CostTrendHour[] | null>;
}
