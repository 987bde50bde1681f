import type { Claim, ClaimChange } from "../../../domain/tenants/ownership.ts";
import type { Page } from "./change.ts";
import type { Fence } from "../coordination/lease.ts";

/** A claim with its row's keys. */
export type StoredClaim = Claim & {
  readonly customerId: number;
  /** The expected text of its TXT record. */
  readonly token: string;
  readonly tokenExpiresAtMs: number;
  /** Increments with every change: a decision by another revision is stale. */
  readonly rev: number;
};

/** All claims that hold or dispute a name, and the one requested. */
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
  /** Null: the owner was deleted meanwhile, and the next look-up decides. */
  readonly owner: {
    readonly id: number;
    readonly customerId: number;
    readonly serviceId: number;
    readonly verifiedAtMs: number;
    readonly lapsedAtMs: number | null;
  } | null;
};

/** Who changes a claim: somebody by a request, a job under its lease, or a round. */
export type ClaimAuthor = { readonly actor: string; readonly requestId: string | null; readonly fence?: Fence };

/** Ownership of names. Decided by `domain/tenants/ownership.ts`, and written only where the claims have not changed since. */
export interface OwnershipStore {
  /** @returns null where there is no such live domain */
  claims(domainId: number): Promise<NamedClaims | null>;
  /**
   * Writes what was decided, each with its audit row, all or nothing.
   * @param ownId the claim that caused it: the others' audit rows do not reveal whose it is
   * @returns false where a claim has changed meanwhile, or the lease is lost
   */
  save(named: NamedClaims, ownId: number, changes: readonly ClaimChange[], author: ClaimAuthor): Promise<boolean>;
  /** Gives an unproven claim whose token has expired another token. */
  renew(domainId: number, nowMs: number, author: ClaimAuthor): Promise<void>;
  /** The claims to be looked up, round-robin over customers, the most overdue first. */
  due(nowMs: number, limit: number): Promise<readonly DueClaim[]>;
  /** The domains of a service, as many as are examined for one request; null where there is no such live service. */
  ofService(customerId: number, serviceId: number, limit: number): Promise<readonly (DueClaim & { readonly verified: boolean })[] | null>;
  /** Of these domains, those that hold their name. */
  byIds(domainIds: readonly number[]): Promise<readonly DueClaim[]>;
  /** Records that their proof was verified for a first switch. */
  noteFirstSwitch(domainIds: readonly number[], fence: Fence): Promise<void>;
  disputes(page: Page): Promise<Dispute[]>;
}
