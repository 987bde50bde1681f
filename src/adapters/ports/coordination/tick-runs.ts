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
