import type { Change, Page } from "../tenants/change.ts";

/** Why billed windows are to be computed again by the next invoice. `toMs` null: a storm that is on. */
export type AdjustmentCause = {
  readonly id: number;
  readonly customerId: number;
  readonly serviceId: number;
  readonly cause: "storm" | "usage";
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly notedAtMs: number;
  /** It was found to change bytes but no cents: it waits for the next invoice, and does not cause one. */
  readonly idle: boolean;
};

/** The queue of adjustments. Triggers fill it, billing empties it; an operator may add a window to it. */
export interface AdjustmentStore {
  /** By id, ascending. */
  list(page: Page): Promise<readonly AdjustmentCause[]>;
  /**
   * Has the next run compute a billed window again; one that waits for that already does so once.
   * @param snapshotId of the window, as findings name it
   * @returns null: there is no such window
   * @throws AppError `conflict` for one that is not billed yet
   */
  want(order: { readonly snapshotId: number; readonly reason: string }, change: Change): Promise<AdjustmentCause | null>;
}
