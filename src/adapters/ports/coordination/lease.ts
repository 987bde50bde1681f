/** A fencing token: a write names the lease and epoch under which it was decided, and has no effect under another. */
export type Fence = { readonly name: string; readonly epoch: number };

/**
 * The result of acquiring a lease. Where granted, `from` is the provider that held it before (null: nobody).
 * Where refused, `by` is the provider that holds it or is preferred (null: there is no such lease), and
 * `freeInMs` when that ends unless it is renewed.
 */
export type Taking =
  | { readonly held: Fence; readonly from: string | null }
  | { readonly held: null; readonly by: string | null; readonly freeInMs: number };

/** Leases on the database's clock, one statement each (semantics §10). */
export interface LeaseStore {
  /** How long a lease lasts without renewal; it is renewed three times within that. */
  readonly ttlMs: number;
  /**
   * Acquires a free or lapsed lease.
   * @param holder provider and run id: a doubled run of the same provider is another holder. A holder that asks again re-acquires
   *   its own lease with another epoch: it has restarted, or the first answer was lost
   * @param shards of a shard's lease, the number of shards it is meant for: refused where that is no longer the number
   */
  take(name: string, provider: string, holder: string, shards?: number): Promise<Taking>;
  /** `take` for callers that need no reason of refusal. @returns null where refused */
  acquire(name: string, provider: string, holder: string, shards?: number): Promise<Fence | null>;
  /** Extends a lease that is still held. @returns false where it is lost */
  renew(fence: Fence): Promise<boolean>;
  /** Releases a lease early; its provider keeps a short preference. A lost lease is not touched. */
  release(fence: Fence): Promise<void>;
  /** Releases a lease that is still held, without any preference: the first to ask gets it. */
  giveUp(fence: Fence): Promise<void>;
  /**
   * Hands a lease to the preferred provider where that is another one, whose heartbeat and public face have both been good
   * for so long, and no storm is active: it is released in that one's name, so that it has the preference. At most once within that
   * time: where the other one did not take this lease, or released it at once, the hand-back is not repeated immediately.
   * @returns whether it was handed back; the fence is invalid then
   */
  handBack(fence: Fence, preferred: string, goodForMs: number): Promise<boolean>;
}

/**
 * The latest run of a tick, per shard and provider: how a run notices its successor. It only saves work; the
 * right to act comes from the lease alone.
 */
export interface TickRunStore {
  /** Registers this run. */
  begin(shardIndex: number, provider: string, run: string): Promise<void>;
  /** Whether no other run of that shard and provider has begun since. */
  isLatest(shardIndex: number, provider: string, run: string): Promise<boolean>;
}
