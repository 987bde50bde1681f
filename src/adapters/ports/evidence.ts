/** Where a chain was cut: its first record is the one after this, and names this hash as the one before. */
export type Pruned = { readonly seq: number; readonly hash: string };

/** What was recorded of storms, hashed and chained per service. */
export interface EvidenceStore {
  /**
   * The records of a storm's service from its beginning to the last one that is about it, as one canonical JSON array
   * (RFC 8785), byte for byte as it was hashed. Records of other storms of the service stand between them, so that the
   * chain has no hole. @returns null for another customer's storm or none; `[]` for one older than the recording; `Pruned`
   * for one whose records were deleted for their age
   */
  bundle(customerId: number, stormId: number): Promise<string | Pruned | null>;
}
