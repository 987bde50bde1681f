import type { Fence } from "./lease.ts";

/** A customer with something to check, and how many billed windows. */
export type CheckedCustomer = { readonly customerId: number; readonly windows: number };

/**
 * Two figures that should be equal and are not. `rule` names what they are, `object` the row; `isNew` is false where an
 * earlier night found it already.
 */
export type Finding = {
  readonly customerId: number;
  readonly rule: "invoice_numbers" | "invoice_sums" | "line_bytes" | "window_bytes" | "window_cents" | "window_invoice" | "window_line";
  readonly objectType: "customer" | "invoice" | "usage_snapshot";
  readonly objectId: number;
  readonly expected: string;
  readonly actual: string;
  readonly isNew: boolean;
};

/** `held`: false where the lease is lost; then nothing was noted. */
export type CheckResult = { readonly held: boolean; readonly findings: readonly Finding[]; readonly cleared: number };

export interface ReconciliationStore {
  /** Ascending by id from after `afterCustomerId`. */
  customers(page: { readonly afterCustomerId: number; readonly limit: number }): Promise<CheckedCustomer[]>;
  /** Compares lines with snapshots, adjustments, storms and invoices, and notes what differs until it no longer does. */
  check(fence: Fence, customerIds: readonly number[], nowMs: number): Promise<CheckResult>;
}
