import type { RoleTrust } from "../../../domain/steering/role-trust.ts";
import type { Budget } from "../platform/budget.ts";

/** Guards against being made somebody's deputy: of roles that customers name, which may be assumed for them. */
export interface RoleTrustCheck {
  /** Tries to assume it without its external id, and with one that nobody has. Never throws. */
  trustOf(role: { readonly roleArn: string; readonly region: string }, budget: Budget): Promise<RoleTrust>;
}
