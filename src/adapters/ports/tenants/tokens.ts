import type { Role } from "../../../domain/tenants/access.ts";
import type { Change, Page } from "./change.ts";

export type CustomerToken = {
  readonly id: number;
  readonly customerId: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAtMs: number;
  /** Null: it ends when it is revoked. */
  readonly expiresAtMs: number | null;
  /** To the minute. */
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
};

export type TokenInput = { readonly name: string; readonly role: Role; readonly expiresAtMs: number | null; readonly hash: string };

/** The identity behind a live token. */
export type TokenOwner = {
  readonly tokenId: number;
  readonly customerId: number;
  readonly role: Role;
  readonly expiresAtMs: number | null;
  /** Sessions of the console under an earlier number are over. */
  readonly sessionEpoch: number;
};

/** Customer tokens. Hashes are SHA-256 in lower-case hex; the secret itself never gets here. */
export interface TokenStore {
  /** @returns null for a token that is unknown, revoked or, on the database's clock, expired; notes the use otherwise */
  verify(hash: string): Promise<TokenOwner | null>;
  /** @returns null where there is no such customer */
  create(customerId: number, input: TokenInput, change: Change): Promise<CustomerToken | null>;
  /** Ascending by id, revoked ones included; null where there is no such customer. */
  list(customerId: number, page: Page): Promise<CustomerToken[] | null>;
  /** Revokes once; a token that was revoked before stays as it is. @returns false where there is no such token */
  revoke(customerId: number, id: number, change: Change): Promise<boolean>;
}

/** The claims of a verified JWT. `role` and `customerId` are as claimed, still to be validated. `expiresAtMs`: epoch. */
export type JwtClaims = {
  readonly subject: string | null;
  readonly customerId: unknown;
  readonly role: unknown;
  readonly expiresAtMs: number;
};

/** Verifies JSON Web Tokens (semantics §2). */
export interface JwtVerifier {
  /**
   * @returns null where the token is invalid: signature, algorithm, times, issuer or audience
   * @throws AppError `unavailable` when the keys could not be fetched
   */
  verify(token: string): Promise<JwtClaims | null>;
}
