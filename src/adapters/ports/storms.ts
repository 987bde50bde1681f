import type { ChainHead } from "../../domain/evidence-claim.ts";
import type { Page } from "./change.ts";
import type { PolicyKind } from "./policies.ts";
import type { RoutingChange } from "./routing.ts";

export type Storm = {
  readonly id: number;
  readonly serviceId: number;
  readonly policyId: number;
  readonly policyVersion: number;
  readonly kind: PolicyKind;
  readonly state: "storm" | "recovering" | "ended";
  readonly monitorOnly: boolean;
  readonly startedAtMs: number;
  readonly detectedAtMs: number;
  readonly recoveringSinceMs: number | null;
  readonly endedAtMs: number | null;
  readonly endedReason: string | null;
  readonly relapses: number;
  readonly maxCoverageFactor: number;
  /** Whether it earns a discount; decided when it began. */
  readonly credit: "earned" | "pending" | "refused";
  /** Why it does not; null where it does. */
  readonly creditReason: string | null;
};

/** A storm with the switches that were made for it, ascending by id; of very many the first thousand, or as many as fit. `evidenceHead`: the last record about it. */
export type StormDetail = Storm & { readonly changes: readonly RoutingChange[]; readonly changesInAll: number; readonly evidenceHead: ChainHead | null };

/** Times are half-open, epoch milliseconds: storms that touch [fromMs, toMs). */
export type StormFilter = {
  readonly serviceId?: number | undefined;
  readonly active?: boolean | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
};

/** Storms as recorded, those of deleted services included. A row of another customer is a missing row. */
export interface StormStore {
  /** Newest first (descending by id). */
  list(customerId: number, filter: StormFilter, page: Page): Promise<Storm[]>;
  get(customerId: number, id: number): Promise<StormDetail | null>;
}
