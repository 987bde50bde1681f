import type { AdminScope, Role } from "../domain/tenants/access.ts";
import { includesRole } from "../domain/tenants/access.ts";

/** Of somebody who is signed in by mail address and password: the account, and the session that this is. */
export type SignedInAccount = { readonly id: number; readonly sessionId: number };

/** The authenticated caller. `actor` is its name in the audit log; `expiresAtMs`: epoch, null: never. */
export type Principal =
  | {
      readonly kind: "admin";
      readonly actor: string;
      readonly scopes: readonly AdminScope[];
      readonly expiresAtMs: number | null;
      /** Null: of ADMIN_TOKEN, or of an account. */
      readonly tokenId: number | null;
      /** Absent: it is none of an account. */
      readonly account?: SignedInAccount;
    }
  | {
      readonly kind: "customer";
      readonly actor: string;
      readonly customerId: number;
      readonly role: Role;
      readonly expiresAtMs: number | null;
      /** Null: it was issued elsewhere, or is of an account. */
      readonly tokenId: number | null;
      readonly account?: SignedInAccount;
    };

/** What a route requires: of customers a role, of admins a scope. */
export type Need = { readonly role: Role; readonly scope: AdminScope };

/** @returns why the principal is not permitted; null: it is */
export const refuseNeed = (principal: Principal, { role, scope }: Need): string | null => {
  if (principal.kind === "admin") return principal.scopes.includes(scope) ? null : `this needs the scope ${scope}`;
  return includesRole(principal.role, role) ? null : `this needs the role ${role}`;
};

/** @returns why the principal may not do what is for admins with this scope alone; null: it may */
export const refuseAdmin = (principal: Principal, scope: AdminScope): string | null =>
  principal.kind === "admin" ? refuseNeed(principal, { role: "owner", scope }) : "only admins may do this";
