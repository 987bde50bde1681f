import type { CustomerTerms } from "../../domain/pricing.ts";
import type { Fence } from "./lease.ts";

/** A customer with something to bill: how many windows, and causes of adjustments. */
export type DueCustomer = { readonly customerId: number; readonly windows: number };

/** One chunk: these customers, in one transaction. Times are epoch milliseconds. */
export type BillingChunk = {
  readonly customerIds: readonly number[];
  readonly fence: Fence;
  /** Of customers without terms of their own. */
  readonly terms: CustomerTerms;
  readonly issuedAtMs: number;
  /** Windows that end later wait (grace). */
  readonly billUntilMs: number;
  /** Windows that end at or before this are marked arrears: an earlier run should have billed them. */
  readonly arrearsUntilMs: number;
  /** At most so many windows, and so many adjustments, at once. */
  readonly maxWindows: number;
};

/** `fenced`: the lease is lost and nothing was written. `more`: `maxWindows` was reached, and more may be due. */
export type ChunkResult =
  | { readonly status: "issued"; readonly invoices: number; readonly lines: number; readonly more: boolean }
  | { readonly status: "fenced" };

/** The database answered and refused the chunk: nothing of it was written, and another chunk may well succeed. */
export class BillingRefused extends Error {
  override readonly name = "BillingRefused";
}

/** Issues invoices. Each window is billed once, whoever calls this how often and at the same time (semantics §9). */
export interface BillingStore {
  /** Customers with windows to bill, ascending by id from after `afterCustomerId`. */
  due(page: {
    readonly billUntilMs: number;
    readonly afterCustomerId: number;
    readonly limit: number;
  }): Promise<DueCustomer[]>;
  /**
   * Bills what is due of these customers, up to `maxWindows`, and adjusts what was billed otherwise than it would be today:
   * one invoice each (and currency), none where there is nothing to say.
   * @throws BillingRefused; any other error means no answer, and the chunk may still have been billed
   */
  issue(chunk: BillingChunk): Promise<ChunkResult>;
}
