import type { Credit, CreditReason } from "../../../domain/billing/credit.ts";
import type { ChainHead } from "../../../domain/evidence/evidence-claim.ts";
import type { Change, Page } from "../tenants/change.ts";
import type { StormDowntime } from "../../../domain/slo/avoided.ts";
import type { StormKind } from "../../../domain/steering/steering.ts";
import type { RoutingChange } from "../steering/routing.ts";

export type Storm = {
  readonly id: number;
  readonly serviceId: number;
  readonly serviceName: string;
  readonly customerId: number;
  readonly customerName: string;
  readonly policyId: number;
  readonly policyVersion: number;
  readonly kind: StormKind;
  readonly state: "storm" | "recovering" | "ended";
  readonly monitorOnly: boolean;
  readonly startedAtMs: number;
  readonly detectedAtMs: number;
  readonly recoveringSinceMs: number | null;
  readonly endedAtMs: number | null;
  readonly endedReason: string | null;
  readonly relapses: number;
  readonly maxCoverageFactor: number;
  /** Whether it earns a discount; decided when it began, later by a witness or an admin alone. */
  readonly credit: Credit;
  /** Why it does or does not; null: it does, by the rule alone. */
  readonly creditReason: CreditReason | null;
  /** Of a corroborated storm: until when it counts. */
  readonly creditedUntilMs: number | null;
};

/** A storm with what its visitors got, of one that is on so far. */
export type MeasuredStorm = Storm & { readonly downtime: StormDowntime };

/** A storm with the switches that were made for it, ascending by id; of very many the first thousand, or as many as fit. `evidenceHead`: the last record about it. */
export type StormDetail = MeasuredStorm & {
  readonly changes: readonly RoutingChange[];
  readonly changesInAll: number;
  readonly evidenceHead: ChainHead | null;
};

/** Times are half-open, epoch milliseconds: storms that overlap [fromMs, toMs). */
export type StormFilter = {
  readonly serviceId?: number | undefined;
  readonly active?: boolean | undefined;
  readonly state?: Storm["state"] | undefined;
  /** The primary when it began. */
  readonly cdn?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
};

/** Storms as recorded, those of deleted services included. A row of another customer is a missing row. */
export interface StormStore {
  /** Newest first (descending by id). @param customerId null: of all customers */
  list(customerId: number | null, filter: StormFilter, page: Page): Promise<MeasuredStorm[]>;
  get(customerId: number, id: number): Promise<StormDetail | null>;
  /**
   * An admin's decision on the credit of any storm, overriding earlier ones: `earned` for the whole of it, or `refused`.
   * Recorded in its evidence with the reason; what was billed is adjusted. Idempotent.
   * @returns null where there is no such storm
   */
  decide(id: number, credit: "earned" | "refused", reason: string, change: Change): Promise<Storm | null>;
}
