import type { Change } from "../tenants/change.ts";

/** An order to split the work into so many shards. `force`: in a storm as well. */
export type ShardNumber = { readonly shards: number; readonly reason: string; readonly force: boolean };

/** An order to give shards to a provider. `shards` null: all that there are. `force`: though it shows no sign of life. */
export type ShardMove = {
  readonly to: string;
  readonly shards: readonly number[] | null;
  readonly reason: string;
  readonly force: boolean;
};

/** Numbers of shards: given away, where they were wanted already, and never held by anybody. */
export type ShardsMoved = { readonly moved: readonly number[]; readonly stayed: readonly number[]; readonly unheld: readonly number[] };

/** An operator's orders to the shards. Each waits for what is being written under their leases, which end by it. */
export interface ShardControl {
  /**
   * Splits the work anew; the number that there is already changes nothing.
   * @returns the number before
   * @throws AppError `conflict` in a storm, unless forced
   */
  split(order: ShardNumber, change: Change): Promise<number>;
  /**
   * Prefers a provider for shards, as a hand-back does: it takes them in its next slot, and nobody else before the
   * time of a lease is over.
   * @throws AppError `bad_request` for a shard that there is not, `conflict` where the provider is silent, unless forced
   */
  move(order: ShardMove, change: Change): Promise<ShardsMoved>;
}
