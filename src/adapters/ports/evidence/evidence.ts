import type { SignedHead } from "../../../domain/evidence/evidence-claim.ts";

/** `nextAfterSeq`: the last record's sequence number, where more follow; null: these are all. */
export type EvidencePage = {
  readonly bundle: string;
  readonly nextAfterSeq: number | null;
  /** Where the bundle ends as a whole, on its last page with what the storm's visitors got; null: it is empty. */
  readonly head: SignedHead | null;
};
/** Where a chain was cut: its first record is the one after this, and names this hash as the one before. */
export type Pruned = { readonly seq: number; readonly hash: string };

/** The records of storms, hashed and chained per service. */
export interface EvidenceStore {
  /**
   * The records of a storm's service from its beginning to the storm's last one, as one canonical JSON array
   * (RFC 8785), byte for byte as it was hashed. Includes the service's records of other storms in between, so that the
   * chain has no gap. As many as fit in an answer; the pages follow each other in the chain.
   * @param afterSeq the record after which the page begins
   * @returns null for another customer's storm or none; `[]` for one older than the recording; where the chain was cut for one
   * whose records were deleted for their age
   */
  bundle(customerId: number, stormId: number, afterSeq?: number): Promise<EvidencePage | { readonly pruned: Pruned } | null>;
}
