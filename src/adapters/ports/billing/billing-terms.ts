import type { BillingCycle } from "../../../domain/billing/billing-cycle.ts";
import type { CreditRule } from "../../../domain/billing/credit.ts";
import type { Change, Page } from "../tenants/change.ts";

export type TermsInput = {
  /** Epoch milliseconds: for windows that begin then or later, and are not billed yet. */
  readonly validFromMs: number;
  /** In minor units of the currency per GiB. */
  readonly rateCentsPerGb: number;
  readonly discountRate: number;
  /** ISO 4217. */
  readonly currency: string;
  /** How often invoices are issued while these terms are the ones in force; null: as the operator's default says. */
  readonly cycle: BillingCycle | null;
  /** Which storms earn while these terms are the ones in force; null: as the operator's default says. */
  readonly creditRule: CreditRule | null;
};

export type CustomerTermsRow = TermsInput & { readonly id: number; readonly createdAtMs: number };

/** What a customer pays, from when on. Rows never change: new terms are a new row. */
export interface BillingTermsStore {
  /** Null where there is no such customer. @throws AppError `conflict` where terms with the same start exist */
  create(customerId: number, input: TermsInput, change: Change): Promise<CustomerTermsRow | null>;
  /** Ascending by id. Null where there is no such customer. */
  list(customerId: number, page: Page): Promise<CustomerTermsRow[] | null>;
}
