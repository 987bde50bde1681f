import type { AccountRole, AttemptLimit } from "../../../domain/tenants/accounts.ts";
import type { Change, Page } from "./change.ts";

/** Somebody who signs in by mail address and password. */
export type Account = {
  readonly id: number;
  /** Null: the operator's. */
  readonly customerId: number | null;
  /** In lower case. */
  readonly address: string;
  readonly role: AccountRole;
  /** The actor who invited. */
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly lastSignInAtMs: number | null;
  /** Null: it may sign in. */
  readonly deactivatedAtMs: number | null;
};

export type AccountCredential = { readonly id: number; readonly address: string; readonly passwordHash: string };

/** A browser that is signed in. */
export type AccountSession = {
  readonly id: number;
  /** The browser, as it calls itself. */
  readonly client: string;
  readonly createdAtMs: number;
  /** To the minute. */
  readonly lastSeenAtMs: number;
  readonly expiresAtMs: number;
};

/** Who is behind a session now. */
export type SessionAccount = Pick<Account, "id" | "customerId" | "address" | "role"> & { readonly sessionId: number };

export type NewSession = { readonly hash: string; readonly client: string; readonly durationMs: number };

/** An invitation that nobody has accepted yet. */
export type Invitation = {
  readonly id: number;
  readonly customerId: number | null;
  readonly address: string;
  readonly role: AccountRole;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
};

export type InvitationInput = {
  readonly customerId: number | null;
  readonly address: string;
  readonly role: AccountRole;
  readonly hash: string;
  readonly validMs: number;
};

/** What an open link is for. */
export type OpenLink = { readonly kind: "invitation" | "reset"; readonly address: string; readonly role: AccountRole };

/**
 * Accounts, their sessions, and the links by which they begin. Hashes of links and sessions are SHA-256 in lower-case hex. `customerId`
 * null is the operator's: never everybody's.
 */
export interface AccountStore {
  /** The first one of the operator. @returns null where there is one already, deactivated ones not counted */
  createFirst(address: string, passwordHash: string): Promise<Account | null>;
  /** Ascending by id, deactivated ones included. */
  list(customerId: number | null, page: Page): Promise<Account[]>;
  get(customerId: number | null, id: number): Promise<Account | null>;
  /** For good; its sessions and links end with it. @returns null where there is no such account @throws AppError `conflict` for the operator's last one */
  deactivate(customerId: number | null, id: number, change: Change): Promise<Account | null>;

  /** Of an account that may sign in. */
  credential(of: { readonly address: string } | { readonly id: number }): Promise<AccountCredential | null>;
  /** The same password by the present rule; nothing where it was changed meanwhile. */
  rehash(credential: AccountCredential, passwordHash: string): Promise<void>;
  /** Ends every session but `keptSessionId`, and every link. @returns false where the password is another one by now, or the account is deactivated */
  changePassword(credential: AccountCredential, passwordHash: string, keptSessionId: number, change: Change): Promise<boolean>;

  /** @returns false where the password is another one by now, or the account is deactivated */
  beginSession(credential: AccountCredential, session: NewSession, change: Change): Promise<boolean>;
  /** @returns null where it is over; notes the use otherwise */
  session(hash: string): Promise<SessionAccount | null>;
  /** The newest first. */
  sessions(accountId: number): Promise<AccountSession[]>;
  /** @returns false where the account has no such session */
  endSession(accountId: number, sessionId: number, change: Change): Promise<boolean>;
  endSessions(accountId: number, change: Change): Promise<void>;

  /** Replaces an open invitation of the same address. @throws AppError `conflict` where the address has an account of the same customer */
  invite(input: InvitationInput, change: Change): Promise<Invitation | null>;
  /** Those that are open, ascending by id. */
  invitations(customerId: number | null, page: Page): Promise<Invitation[]>;
  /** @returns false where there is none that is open */
  withdraw(customerId: number | null, id: number, change: Change): Promise<boolean>;
  link(hash: string): Promise<OpenLink | null>;
  /** Once per link. @returns null where it is of no use any more @throws AppError `conflict` where the address has an account meanwhile */
  accept(hash: string, passwordHash: string, requestId: string): Promise<AccountCredential | null>;
  /** Where the address has an account that may sign in. Links that were sent before stay valid. */
  askReset(address: string, hash: string, validMs: number, requestId: string): Promise<boolean>;
  /** Once per link; ends every session and every other link. @returns null where it is of no use any more */
  reset(hash: string, passwordHash: string, requestId: string): Promise<AccountCredential | null>;

  /** Counts one attempt. @returns null while that is within the limit, else the seconds until the next one */
  attempt(keyHash: string, limit: AttemptLimit): Promise<number | null>;
  /** Of one that was none: it counts no longer. */
  forgive(keyHashes: readonly string[]): Promise<void>;
}
