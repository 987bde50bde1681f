import type { Change, Page } from "../tenants/change.ts";

/** Time that does not count for a service's objectives. Epoch milliseconds, half-open. */
export type SloCorrectionInput = { readonly fromMs: number; readonly toMs: number; readonly reason: string };

export type SloCorrection = SloCorrectionInput & {
  readonly id: number;
  readonly serviceId: number;
  readonly actor: string;
  readonly createdAtMs: number;
};

/** How many corrections a service has at most. */
export const mostCorrections = 500;

/** Live corrections of live services. A row of another customer is a missing row. */
export interface SloCorrectionStore {
  /**
   * @returns null where there is no such service. @throws AppError `bad_request` where it ends in the future, begins too long ago or
   *   touches the window of no live objective; `conflict` where there are too many
   */
  create(customerId: number, serviceId: number, input: SloCorrectionInput, change: Change): Promise<SloCorrection | null>;
  /** Ascending by id; null where there is no such service. */
  list(customerId: number, serviceId: number, page: Page): Promise<SloCorrection[] | null>;
  /** What days that are over say stays as it is. */
  remove(customerId: number, serviceId: number, id: number, change: Change): Promise<boolean>;
}
