import { includesRole, adminScopes } from "./access.ts";
import type { AdminScope, Minter, Role } from "./access.ts";
import { refuseToken } from "./access.ts";

/** Roles of accounts: those of a customer's credentials, and `admin`, the operator's, with every scope. */
export const accountRoles = ["viewer", "editor", "owner", "admin"] as const;
export type AccountRole = (typeof accountRoles)[number];

/** What an admin's account may do: everything, as ADMIN_TOKEN. */
export const accountScopes: readonly AdminScope[] = adminScopes;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How long links that are mailed are valid. */
export const invitationMs = 72 * hourMs;
export const resetMs = hourMs;

/** A browser beyond these takes the place of the one that has been signed in for longest. */
export const mostSessions = 20;

/** How many attempts count together, and within which time. */
export type AttemptLimit = { readonly most: number; readonly windowMs: number };

/**
 * Sign-in that fails. Guessing from one place ends after ten; from everywhere after a hundred. Nobody is locked out for good: a window
 * passes, and a link by mail sets a new password whatever has been counted.
 */
export const attemptLimits = {
  client: { most: 50, windowMs: 15 * minuteMs },
  addressAndClient: { most: 10, windowMs: 15 * minuteMs },
  address: { most: 100, windowMs: 15 * minuteMs },
  /** Links that somebody has not got: each is 256 random bits, so this is about the work alone. */
  link: { most: 50, windowMs: 15 * minuteMs },
  resetOfAddress: { most: 3, windowMs: hourMs },
  resetByClient: { most: 20, windowMs: hourMs },
  /** Mail that a customer has sent to strangers. */
  invitations: { most: 50, windowMs: hourMs },
} as const satisfies Readonly<Record<string, AttemptLimit>>;

/** The form in which an address is stored and compared. */
export const accountAddress = (text: string): string => text.trim().toLowerCase();

/** @returns why the minter may not invite somebody with this role; null: it may */
export const refuseAccount = (minter: Minter, role: AccountRole): string | null => {
  if (role !== "admin") return refuseToken(minter, { role, expiresAtMs: null });
  if (minter.kind !== "admin") return "only admins invite admins";
  const missing = adminScopes.find((scope) => !minter.scopes.includes(scope));
  if (missing !== undefined) return `an admin's account has every scope, and who invites lacks ${missing}`;
  return minter.expiresAtMs === null ? null : "a credential that expires invites nobody whose account does not";
};

/** @returns why the minter may not end sessions or the account of somebody with this role; null: it may */
export const refuseRuling = (minter: Minter, role: AccountRole): string | null => {
  if (minter.kind === "admin") return minter.scopes.includes("tokens") ? null : "this needs the scope tokens";
  return role !== "admin" && includesRole(minter.role, "owner") ? null : "this needs the role owner";
};

/** A role of a customer's account. */
export const isCustomerRole = (role: AccountRole): role is Role => role !== "admin";
