import type { BillingCycle, CycleBound } from "../../../domain/billing/billing-cycle.ts";
import type { CustomerTerms } from "../../../domain/billing/pricing.ts";
import type { Fence } from "../coordination/lease.ts";

/** A customer with something to bill: how many windows, and causes of adjustments. 0: it only has a cycle to close. */
export type DueCustomer = { readonly customerId: number; readonly windows: number };

/** The parameters of one run. Times are epoch milliseconds. */
export type BillingFrame = {
  /** Of customers without terms of their own. */
  readonly terms: CustomerTerms;
  /** Of customers whose terms name none. */
  readonly cycle: BillingCycle;
  readonly issuedAtMs: number;
  /** Until when each cycle bills now: later windows wait, and those of a cycle that is closed until then. */
  readonly bounds: readonly CycleBound[];
  /** Windows with an incomplete side that end later are not billed yet; earlier ones are, as estimates. */
  readonly withheldAfterMs: number;
  /** At most so many windows, and so many adjustments, at once; what costs something first. */
  readonly maxWindows: number;
};

/** One chunk: these customers, in one transaction. */
export type BillingChunk = BillingFrame & { readonly customerIds: readonly number[]; readonly fence: Fence };

/** `fenced`: the lease is lost and nothing was written. `more`: `maxWindows` was reached, and more may be due. */
export type ChunkResult =
  | { readonly status: "issued"; readonly invoices: number; readonly lines: number; readonly more: boolean }
  | { readonly status: "fenced" };

/** The database answered and refused the chunk: nothing of it was written, and another chunk may succeed. */
export class BillingRefused extends Error {
  override readonly name = "BillingRefused";
}

/** Issues invoices. Each window is billed once, however often and concurrently this is called (semantics §9). */
export interface BillingStore {
  /** Customers with something to bill or a cycle to close, ascending by id from after `afterCustomerId`. */
  due(frame: BillingFrame, page: { readonly afterCustomerId: number; readonly limit: number }): Promise<DueCustomer[]>;
  /**
   * Bills what is due of these customers, up to `maxWindows`, adjusts what would be billed differently today, and
   * closes their cycles: one invoice each (and currency), none where no line has cents. Those lines wait for the next one.
   * @throws BillingRefused; any other error: the outcome is unknown, and the chunk may have been billed
   */
  issue(chunk: BillingChunk): Promise<ChunkResult>;
}
