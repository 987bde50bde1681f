import type { Change, Page } from "../tenants/change.ts";

export const correctionStates = ["pending", "approved", "rejected", "superseded"] as const;
export type CorrectionState = (typeof correctionStates)[number];

/** What a customer pushed for a billed window to its own favour. Times are epoch milliseconds. */
export type UsageCorrection = {
  readonly id: number;
  readonly customerId: number;
  readonly serviceId: number;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  /** As pushed; null: that side was not. */
  readonly primaryBytes: number | null;
  readonly backupBytes: number | null;
  /** As known when it was pushed. */
  readonly wasPrimaryBytes: number;
  readonly wasBackupBytes: number;
  /** `superseded`: replaced by another push for the window. */
  readonly status: CorrectionState;
  readonly actor: string;
  readonly requestedAtMs: number;
  readonly decidedAtMs: number | null;
  readonly decidedBy: string | null;
  readonly reason: string | null;
};

/** Corrections of billed windows that need an admin. An approved one is pushed again (`UsageStore.push`). */
export interface CorrectionStore {
  /** Ascending by id. @param customerId null: everybody's */
  list(customerId: number | null, filter: { readonly status?: CorrectionState | undefined }, page: Page): Promise<UsageCorrection[]>;
  /** Of any customer: for admins. */
  get(id: number): Promise<UsageCorrection | null>;
  /** Null where it is not pending. */
  reject(id: number, reason: string, change: Change): Promise<UsageCorrection | null>;
}
