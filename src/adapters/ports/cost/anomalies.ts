import type { CostMode } from "../../../domain/cost/mode.ts";
import type { Change, Page, Paged } from "../tenants/change.ts";

/** How an anomaly stands; all but `resolved` are one's that is not over. */
export const anomalyStates = ["open", "acknowledged", "snoozed", "expected", "resolved"] as const;
export type AnomalyState = (typeof anomalyStates)[number];

/** `priced`: events with a cost; `calls`: how many without one an hour has; `egress`: an hour's bytes, as money where its rate is known. */
export type SeriesKind = "priced" | "calls" | "egress";
export type SeriesUnit = "cents" | "bytes" | "calls";

/** Which series something is of. */
export type SeriesName = {
  readonly kind: SeriesKind;
  /** An AWS account; null: of egress. */
  readonly accountId: string | null;
  readonly resourceType: string;
  readonly serviceId: number | null;
  /** As it is called now. */
  readonly serviceName: string | null;
  /** Of egress; null: the sum of all CDNs. */
  readonly cdn: string | null;
  readonly unit: SeriesUnit;
};

/** What is odd of a series. Times are epoch milliseconds, hours their beginnings, values in the unit of the series. */
export type CostAnomaly = {
  readonly id: number;
  readonly seriesId: number;
  readonly series: SeriesName;
  readonly state: AnomalyState;
  readonly severity: "medium" | "high" | "critical";
  readonly score: number;
  readonly explanation: string;
  readonly figures: unknown;
  readonly value: number;
  readonly usual: number | null;
  readonly firstHourMs: number;
  readonly lastHourMs: number;
  readonly hours: number;
  readonly snoozedUntilMs: number | null;
  readonly changedBy: string | null;
  readonly changedAtMs: number | null;
  readonly note: string | null;
  readonly mode: CostMode;
  readonly createdAtMs: number;
  readonly resolvedAtMs: number | null;
};

export type AnomalyFilter = { readonly state?: AnomalyState | undefined; readonly serviceId?: number | undefined };

/** What a person says of an anomaly. `untilMs`: of `snoozed`, 1 to 168 hours ahead. */
export type AnomalyChange =
  | { readonly state: "open" | "acknowledged" | "expected" | "resolved"; readonly note: string | null }
  | { readonly state: "snoozed"; readonly untilMs: number; readonly note: string | null };

/** Anomalies, the newest first. */
export interface AnomalyStore {
  list(customerId: number, filter: AnomalyFilter, page: Page): Promise<Paged<CostAnomaly>[]>;
  find(customerId: number, id: number): Promise<CostAnomaly | null>;
  /** @returns null where there is none. @throws AppError `conflict` where it is resolved */
  change(customerId: number, id: number, to: AnomalyChange, change: Change): Promise<CostAnomaly | null>;
}
