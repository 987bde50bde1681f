import type { AdminScope, Role } from "../domain/tenants/access.ts";
import { includesRole } from "../domain/tenants/access.ts";

/** Who asks, once the credential has been verified. `actor` is how the audit log names them; `expiresAtMs`: epoch, null: never. */
export type Principal =
  | { readonly kind: "admin"; readonly actor: string; readonly scopes: readonly AdminScope[]; readonly expiresAtMs: number | null }
  | {
      readonly kind: "customer"; readonly actor: string; readonly customerId: number; readonly role: Role; readonly expiresAtMs: number | null;
    };

/** What a route asks for: of customers a role, of admins a scope. */
export type Need = { readonly role: Role; readonly scope: AdminScope };

/** @returns why the principal may not do what needs this; null: it may */
export const refuseNeed = (principal: Principal, { role, scope }: Need): string | null => {
  if (principal.kind === "admin") return principal.scopes.includes(scope) ? null : `this needs the scope ${scope}`;
  return includesRole(principal.role, role) ? null : `this needs the role ${role}`;
};
