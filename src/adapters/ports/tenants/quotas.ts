import type { QuotaKind } from "../../../domain/tenants/quota.ts";
import type { Change } from "./change.ts";

/** `own`: what an admin set for this customer; null: the default counts. */
export type Quota = { readonly kind: QuotaKind; readonly limit: number; readonly own: number | null; readonly used: number };

/** The limits of customers, and what they use of them. The stores of what is limited enforce them. */
export interface QuotaStore {
  /** Of every kind, in the order of `quotaKinds`. @returns null where there is no such customer */
  read(customerId: number): Promise<readonly Quota[] | null>;
  /**
   * Takes the place of what was set before. Whoever has more than a new limit keeps it, and gets nothing more.
   * @param limits what is absent has its default
   * @returns null where there is no such customer
   */
  set(customerId: number, limits: Partial<Readonly<Record<QuotaKind, number>>>, change: Change): Promise<readonly Quota[] | null>;
}
