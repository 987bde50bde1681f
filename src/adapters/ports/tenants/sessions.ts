/** Which kind of credential a session was opened with: `bootstrap` is ADMIN_TOKEN. */
export const sessionKinds = ["customer", "admin", "bootstrap"] as const;

/** A session of the console. It holds no credential: only the digest of one, by which it is looked up anew. */
export type SessionClaim = {
  readonly kind: (typeof sessionKinds)[number];
  /** SHA-256 of the credential, lower-case hex. */
  readonly digest: string;
  /** The customer that an admin acts for; 0: none is chosen, or the credential is a customer's. */
  readonly customerId: number;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
};

/** Signed sessions, as kept in a cookie. */
export interface SessionTokens {
  sign(claim: SessionClaim): Promise<string>;
  /** @returns null where it is malformed, not signed here, or over */
  read(token: string, nowMs: number): Promise<SessionClaim | null>;
}
