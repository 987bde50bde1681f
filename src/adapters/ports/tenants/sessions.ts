import type { Change } from "./change.ts";

/** Which kind of credential a session was opened with: `bootstrap` is ADMIN_TOKEN, `account` a mail address and password. */
export const sessionKinds = ["customer", "admin", "bootstrap", "account"] as const;

/** A session of the console. It holds no credential: only the digest of one, by which it is looked up anew. */
export type SessionClaim = {
  readonly kind: (typeof sessionKinds)[number];
  /** SHA-256 of the credential, lower-case hex. Of an account: 32 random bytes, of which the database has the SHA-256. */
  readonly digest: string;
  /** The customer that an admin acts for; 0: none is chosen, or the credential is a customer's. */
  readonly customerId: number;
  /** Of its credential, when it was begun: all sessions end with the next one. 0 of an account, whose sessions are rows. */
  readonly epoch: number;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
};

/** Whose sessions: of a stored token; of ADMIN_TOKEN, whose id is null. */
export type SessionOwner =
  | { readonly kind: "customer"; readonly tokenId: number }
  | { readonly kind: "admin"; readonly tokenId: number | null };

export interface SessionStore {
  /** Ends every session of a credential, in whichever browser: elsewhere within 30 s. The credential itself stays valid. */
  endAll(owner: SessionOwner, change: Change): Promise<void>;
  /** The present number of the sessions of ADMIN_TOKEN. */
  bootstrapEpoch(): Promise<number>;
}

/** Signed sessions, as kept in a cookie. */
export interface SessionTokens {
  sign(claim: SessionClaim): Promise<string>;
  /** @returns null where it is malformed, not signed here, or over */
  read(token: string, nowMs: number): Promise<SessionClaim | null>;
}
