import type { QuotaKind } from "../../../domain/tenants/quota.ts";
import type { Change } from "./change.ts";

/** `own`: what an admin set for this customer; null: the default applies. */
export type Quota = { readonly kind: QuotaKind; readonly limit: number; readonly own: number | null; readonly used: number };

/** The limits of customers and their usage. Enforced by the stores of the limited kinds. */
export interface QuotaStore {
  /** Of every kind, in the order of `quotaKinds`. @returns null where there is no such customer */
  read(customerId: number): Promise<readonly Quota[] | null>;
  /**
   * Replaces what was set before. A customer above a new limit keeps what it has, and can create no more.
   * @param limits absent kinds have their default
   * @returns null where there is no such customer
   */
  set(customerId: number, limits: Partial<Readonly<Record<QuotaKind, number>>>, change: Change): Promise<readonly Quota[] | null>;
}
