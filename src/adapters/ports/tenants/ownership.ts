import type { Claim, ClaimChange } from "../../../domain/tenants/ownership.ts";
import type { Page } from "./change.ts";
import type { Fence } from "../coordination/lease.ts";

/** A claim with what its row is known by. */
export type StoredClaim = Claim & {
  readonly customerId: number;
  /** The text of its TXT record. */
  readonly token: string;
  readonly tokenExpiresAtMs: number;
  /** Rises with every change: whoever decided by another one decided by what is not true any more. */
  readonly rev: number;
};

/** Of a name, all claims that hold or dispute it, and the one that was asked for. */
export type NamedClaims = { readonly name: string; readonly claims: readonly StoredClaim[] };

/** A claim whose record is to be looked up. */
export type DueClaim = { readonly id: number; readonly name: string; readonly token: string };

/** Somebody who has proven a name that another customer holds. For admins alone: it says who both are. */
export type Dispute = {
  /** The newcomer's domain. */
  readonly id: number;
  readonly name: string;
  readonly customerId: number;
  readonly serviceId: number;
  readonly disputedAtMs: number;
  readonly seenAtMs: number | null;
  /** Null: the owner is gone meanwhile, and the next look decides. */
  readonly owner: { readonly id: number; readonly customerId: number; readonly serviceId: number; readonly verifiedAtMs: number; readonly lapsedAtMs: number | null } | null;
};

/** Who changes a claim: somebody by a request, a job under its lease, or a round. */
export type ClaimAuthor = { readonly actor: string; readonly requestId: string | null; readonly fence?: Fence };

/** Whose a name is. Everything is decided by `domain/tenants/ownership.ts` and written only where what it was decided by still stands. */
export interface OwnershipStore {
  /** @returns null where there is no such live domain */
  claims(domainId: number): Promise<NamedClaims | null>;
  /**
   * Writes what was decided, each with its audit row, all or nothing.
   * @param ownId whose doing it is: the others' audit rows do not say who that was
   * @returns false where a claim has changed meanwhile, or the lease is lost
   */
  save(named: NamedClaims, ownId: number, changes: readonly ClaimChange[], author: ClaimAuthor): Promise<boolean>;
  /** Gives a claim that has proven nothing in its time another token. */
  renew(domainId: number, nowMs: number, author: ClaimAuthor): Promise<void>;
  /** What is to be looked up, the most overdue first, the customers in turns. */
  due(nowMs: number, limit: number): Promise<readonly DueClaim[]>;
  /** The domains of a service, as many as are looked at for one request; null where there is no such live service. */
  ofService(customerId: number, serviceId: number, limit: number): Promise<readonly (DueClaim & { readonly verified: boolean })[] | null>;
  /** Of these domains, those that hold their name. */
  byIds(domainIds: readonly number[]): Promise<readonly DueClaim[]>;
  /** Their proof was looked up for a first switch, and stood. */
  noteFirstSwitch(domainIds: readonly number[], fence: Fence): Promise<void>;
  disputes(page: Page): Promise<Dispute[]>;
}

