/** The claims of a verified JWT. `role` and `customerId` are as claimed, still to be validated. `expiresAtMs`: epoch. */
export type JwtClaims = { readonly subject: string | null; readonly customerId: unknown; readonly role: unknown; readonly expiresAtMs: number };

/** Verifies JSON Web Tokens (semantics §2). */
export interface JwtVerifier {
  /**
   * @returns null where the token is invalid: signature, algorithm, times, issuer or audience
   * @throws AppError `unavailable` when the keys could not be fetched
   */
  verify(token: string): Promise<JwtClaims | null>;
}
