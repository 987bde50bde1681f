import type { Change } from "../tenants/change.ts";

/** How many CDNs a customer can have rates of. */
export const mostCostRates = 100;

/** What a CDN charges a customer. At least one of both is known. */
export type CostRate = {
  readonly cdn: string;
  /** Of 10^9 bytes, in cents, exact: a decimal with four places. */
  readonly centsPerGb: string | null;
  /** What the contract costs a month, whether it is used or not. */
  readonly monthlyCents: number | null;
  readonly updatedAtMs: number;
};

/** Rates by the name of their CDN, in the order of those names. */
export interface CostRateStore {
  /** At most `mostCostRates`. */
  list(customerId: number): Promise<CostRate[]>;
  find(customerId: number, cdn: string): Promise<CostRate | null>;
  /** Sets both; null forgets one. @returns null where there is no such customer. @throws AppError `conflict` where there are too many */
  put(customerId: number, rate: Omit<CostRate, "updatedAtMs">, change: Change): Promise<CostRate | null>;
  /** @returns whether there was one */
  remove(customerId: number, cdn: string, change: Change): Promise<boolean>;
}
