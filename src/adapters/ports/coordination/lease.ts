/** Proof of the right to act: a write names the lease and epoch under which it was decided, or it writes nothing. */
export type Fence = { readonly name: string; readonly epoch: number };

/**
 * What became of asking for a lease. Where it was given, `from` is the provider that had it before (null: nobody ever).
 * Where it was refused, `by` is the provider that has it or is preferred (null: there is no such lease to be had), and
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
   * Takes a free or lapsed lease anew.
   * @param holder provider and run id: a doubled run of the same provider is another holder. A holder that asks again gets
   *   its own lease anew, with another epoch: it has forgotten the first, or never learnt of it
   * @param shards of a shard's lease, the number of shards it is meant for: refused where that is not the number any more
   */
  take(name: string, provider: string, holder: string, shards?: number): Promise<Taking>;
  /** `take` for who does not ask by whom it was refused. @returns null where it was */
  acquire(name: string, provider: string, holder: string, shards?: number): Promise<Fence | null>;
  /** Extends a lease that is still held. @returns false where it is lost */
  renew(fence: Fence): Promise<boolean>;
  /** Gives a lease back early; its provider keeps a short preference. A lost lease is left alone. */
  release(fence: Fence): Promise<void>;
  /** Lets go of a lease that is still held, without any preference: whoever comes first has it. */
  giveUp(fence: Fence): Promise<void>;
  /**
   * Hands a lease to the preferred provider where that is another one, whose heartbeat and public face have both been good
   * for so long, and no storm is active: it is released in that one's name, so that it has the preference. Once within that
   * time: where the other one did not come for this lease, or gave it away at once, it is not asked again and again.
   * @returns whether it was handed back; the fence is worth nothing then
   */
  handBack(fence: Fence, preferred: string, goodForMs: number): Promise<boolean>;
}

/**
 * The latest run of a tick, per shard and provider: how a run knows that its successor is there. It only saves work; the
 * right to act is the lease's alone.
 */
export interface TickRunStore {
  /** Says that this run is there. */
  begin(shardIndex: number, provider: string, run: string): Promise<void>;
  /** Whether no other run of that shard and provider has begun since. */
  isLatest(shardIndex: number, provider: string, run: string): Promise<boolean>;
}
