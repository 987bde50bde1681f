import type { StormKind } from "../../../domain/steering/steering.ts";
import type { Page } from "../tenants/change.ts";

/** A storm's part of a month. Times of day are epoch milliseconds, lengths microseconds. */
export type AvoidedStorm = {
  readonly id: number;
  readonly kind: StormKind;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly avoidedUs: number;
};

/** A service with downtime avoided; `id` is its own. */
export type AvoidedService = {
  readonly id: number;
  readonly serviceName: string;
  /** Time that two storms share counts once. */
  readonly avoidedUs: number;
  /** Null: the service does not state what a minute costs. */
  readonly centsPerMinute: number | null;
  /** In how many storms. */
  readonly stormCount: number;
  /** The newest of them, at most `stormsShown`. */
  readonly storms: readonly AvoidedStorm[];
};

/** The downtime avoided of a customer in a span of time: in all, and one page of services, ascending by id. */
export type AvoidedDowntime = {
  readonly avoidedUs: number;
  /** The part of it at services that do not state what a minute costs. */
  readonly unpricedUs: number;
  /** Of the others, rounded once; null: there are none. */
  readonly cents: number | null;
  readonly currency: string;
  readonly serviceCount: number;
  readonly services: readonly AvoidedService[];
};

export const stormsShown = 20;

export interface DowntimeAvoidedStore {
  /** Within storms alone, of deleted services too; of what is on now up to now. [fromMs, toMs), epoch milliseconds. One statement. */
  between(customerId: number, fromMs: number, toMs: number, page: Page): Promise<AvoidedDowntime>;
}
