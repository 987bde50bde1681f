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
