import type { CostMode, ModeStanding } from "../../../domain/cost/mode.ts";
import type { Change } from "../tenants/change.ts";

/** A customer's mode with what a promotion is judged by. Times are epoch milliseconds, on the database's clock. */
export type CostModeView = ModeStanding & {
  /** Null: nobody has set it yet. */
  readonly changedBy: string | null;
  readonly nowMs: number;
};

/** How customers are told of anomalies of cost. */
export interface CostModeStore {
  /** @returns null where there is no such customer */
  read(customerId: number): Promise<CostModeView | null>;
  /** Sets another mode where it is still `from`: what was judged. @returns false where it was changed meanwhile */
  set(customerId: number, from: CostMode, to: CostMode, change: Change): Promise<boolean>;
}
