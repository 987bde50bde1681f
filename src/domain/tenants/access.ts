/** Roles of a customer's credentials, each including the previous one's rights (semantics §2): read; write; mint, revoke, approve. */
export const roles = ["viewer", "editor", "owner"] as const;
export type Role = (typeof roles)[number];

/**
 * Scopes of admin tokens. `read`: everything of the installation and of each customer. `write`: act for customers, and
 * manage them. `billing`: terms, profiles, the issuer. `freeze`: freeze everything. `tokens`: mint and revoke tokens.
 */
export const adminScopes = ["read", "write", "billing", "freeze", "tokens"] as const;
export type AdminScope = (typeof adminScopes)[number];

export const includesRole = (held: Role, wanted: Role): boolean => roles.indexOf(held) >= roles.indexOf(wanted);

/** The minting credential. `expiresAtMs`: its expiry, epoch milliseconds; null: none. */
export type Minter = { readonly expiresAtMs: number | null } & (
  | { readonly kind: "admin"; readonly scopes: readonly AdminScope[] }
  | { readonly kind: "customer"; readonly role: Role }
);

/** A token never has more rights, or a later expiry, than the credential that minted it. */
const outlives = (minter: Minter, expiresAtMs: number | null): string | null =>
  minter.expiresAtMs === null || (expiresAtMs !== null && expiresAtMs <= minter.expiresAtMs)
    ? null
    : "a credential that expires mints none that outlives it: give an expires_at that is not after its own";

/** An editor both reads and writes. */
const scopesForRole = (role: Role): readonly AdminScope[] => (role === "viewer" ? ["tokens", "read"] : ["tokens", "read", "write"]);

/** @returns why the minter may not make this token of a customer; null: it may */
export const refuseToken = (minter: Minter, wanted: { readonly role: Role; readonly expiresAtMs: number | null }): string | null => {
  if (minter.kind === "admin") {
    const missing = scopesForRole(wanted.role).find((scope) => !minter.scopes.includes(scope));
    if (missing !== undefined) return `to mint a token of the role ${wanted.role} an admin token needs the scope ${missing}`;
  } else {
    if (!includesRole(minter.role, "owner")) return "this needs the role owner";
    if (!includesRole(minter.role, wanted.role)) return "a token mints none above its own role";
  }
  return outlives(minter, wanted.expiresAtMs);
};

/** @returns why the minter may not make this admin token; null: it may */
export const refuseAdminToken = (
  minter: Minter,
  wanted: { readonly scopes: readonly AdminScope[]; readonly expiresAtMs: number | null },
): string | null => {
  if (minter.kind !== "admin") return "only admins may do this";
  const missing = ["tokens" as const, ...wanted.scopes].find((scope) => !minter.scopes.includes(scope));
  if (missing !== undefined) return `an admin token hands on no scope that it has not: ${missing}`;
  return outlives(minter, wanted.expiresAtMs);
};
