import type { Change } from "../tenants/change.ts";

/** An admin's global freeze: nothing is switched for anybody. */
export type Freeze = {
  readonly reason: string;
  /** Null: until it is lifted. */
  readonly untilMs: number | null;
  readonly actor: string;
  readonly setAtMs: number;
};

export interface FreezeStore {
  /** The freeze in force at that time; null: there is none, or it has expired. */
  get(nowMs: number): Promise<Freeze | null>;
  /** Replaces an earlier one. Takes effect with the next round of every shard. */
  set(order: Pick<Freeze, "reason" | "untilMs">, change: Change): Promise<Freeze>;
  lift(change: Change): Promise<void>;
}
