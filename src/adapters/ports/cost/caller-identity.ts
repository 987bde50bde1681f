import type { Budget } from "../platform/budget.ts";
import type { CostAccess } from "./access.ts";
import type { TrailAnswer } from "./trail-files.ts";

/** Whose credentials an account has. */
export interface CallerIdentity {
  /** The ARN that AWS knows them by. Never throws. */
  of(access: CostAccess, budget: Budget): Promise<TrailAnswer<string>>;
}
