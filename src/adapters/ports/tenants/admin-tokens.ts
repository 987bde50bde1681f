import type { AdminScope } from "../../../domain/tenants/access.ts";
import type { Change, Page } from "./change.ts";

export type AdminToken = {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly AdminScope[];
  /** The actor who created it. */
  readonly createdBy: string;
  readonly createdAtMs: number;
  /** Null: it ends when it is revoked. */
  readonly expiresAtMs: number | null;
  /** To the minute. */
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
};

export type AdminTokenInput = {
  readonly name: string;
  readonly scopes: readonly AdminScope[];
  readonly expiresAtMs: number | null;
  readonly hash: string;
};

/** The identity behind a live admin token. */
export type AdminTokenOwner = {
  readonly tokenId: number;
  readonly name: string;
  readonly scopes: readonly AdminScope[];
  readonly expiresAtMs: number | null;
  readonly sessionEpoch: number;
};

/** Named admin tokens. Hashes are SHA-256 in lower-case hex; the secret itself never gets here. */
export interface AdminTokenStore {
  /** @returns null for a token that is unknown, revoked or, on the database's clock, expired; notes the use otherwise */
  verify(hash: string): Promise<AdminTokenOwner | null>;
  /** @throws AppError `conflict` where a token that is not revoked has this name */
  create(input: AdminTokenInput, change: Change): Promise<AdminToken>;
  /** Ascending by id, revoked ones included. */
  list(page: Page): Promise<AdminToken[]>;
  /** Revokes once; a token that was revoked before stays as it is. @returns false where there is no such token */
  revoke(id: number, change: Change): Promise<boolean>;
}
