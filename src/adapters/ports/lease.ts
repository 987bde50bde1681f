/** Proof of the right to act: a write names the lease and epoch under which it was decided, or it writes nothing. */
export type Fence = { readonly name: string; readonly epoch: number };

/** Leases on the database's clock, one statement each (semantics §10). */
export interface LeaseStore {
  /**
   * Takes a free or lapsed lease anew. @returns null while somebody else holds it, or has the preference after a release
   * @param holder provider and run id: a doubled run of the same provider is another holder. A holder that asks again gets
   *   its own lease anew, with another epoch: it has forgotten the first, or never learnt of it
   * @param shards of a shard's lease, the number of shards it is meant for: null where that is not the number any more
   */
  acquire(name: string, provider: string, holder: string, shards?: number): Promise<Fence | null>;
  /** Extends a lease that is still held. @returns false where it is lost */
  renew(fence: Fence): Promise<boolean>;
  /** Gives a lease back early; its provider keeps a short preference. A lost lease is left alone. */
  release(fence: Fence): Promise<void>;
}
