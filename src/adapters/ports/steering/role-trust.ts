import type { RoleTrust } from "../../../domain/steering/role-trust.ts";
import type { Budget } from "../platform/budget.ts";

/** Guards against the confused deputy problem: which roles named by customers may be assumed for them. */
export interface RoleTrustCheck {
  /** Tries to assume it without its external id, and with an unused one. Never throws. */
  trustOf(role: { readonly roleArn: string; readonly region: string }, budget: Budget): Promise<RoleTrust>;
}
