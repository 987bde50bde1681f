import type { Role } from "../adapters/ports/tokens.ts";

/** Who asks, once the credential has been verified. `actor` is how the audit log names them. */
export type Principal =
  | { readonly kind: "admin"; readonly actor: string }
  | { readonly kind: "customer"; readonly actor: string; readonly customerId: number; readonly role: Role };

export const mayWrite = (principal: Principal): boolean => principal.kind === "admin" || principal.role === "editor";
