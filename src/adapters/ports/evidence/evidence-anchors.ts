import type { Page, Paged } from "../tenants/change.ts";
import type { Fence } from "../coordination/lease.ts";

/** The head of one service's chain, as an anchor has it. */
export type AnchoredHead = { readonly serviceId: number; readonly seq: number; readonly hash: string };

export type Anchor = {
  /** Canonical JSON: `at`, `chains`, `previous_hash`, `root`, `v`. */
  readonly body: string;
  /** SHA-256 of the body, lower-case hex. */
  readonly hash: string;
  /** Null: there is no key. */
  readonly keyId: string | null;
  readonly signature: string | null;
  /** RFC 3161, base64; null with `timestampError` null: no authority is configured. */
  readonly timestamp: string | null;
  readonly timestampError: string | null;
};

export type AnchorLeaf = AnchoredHead & { readonly place: number; readonly path: readonly string[] };

/** A service's own part of an anchor; `id` is the anchor's. */
export type ServiceAnchor = Anchor & Pick<AnchorLeaf, "seq" | "place" | "path"> & { readonly id: number; readonly leafHash: string };

/** Chain heads, anchored independently of each other. */
export interface EvidenceAnchorStore {
  /** Chains that have grown since they were anchored last, by service, and the hash of the latest anchor. */
  grown(limit: number): Promise<{ readonly heads: readonly AnchoredHead[]; readonly latestHash: string | null }>;
  /** Stores an anchor with its leaves, fenced, unless another one has followed `latestHash`. @returns whether it was stored */
  save(fence: Fence, anchor: Anchor, leaves: readonly AnchorLeaf[], latestHash: string | null): Promise<boolean>;
  /** Of one of a customer's services, deleted ones included, in the order of time. @returns null where it is not the customer's */
  ofService(customerId: number, serviceId: number, page: Page): Promise<readonly Paged<ServiceAnchor>[] | null>;
}

/** A time-stamping authority (RFC 3161). */
export interface Timestamps {
  /** @returns its answer in base64, or why there is none; never throws, and waits some seconds at most */
  stamp(hash: string): Promise<{ readonly token: string } | { readonly error: string }>;
}
