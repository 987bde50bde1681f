import type { Change } from "../tenants/change.ts";

/** An admin's order that nothing be switched for anybody. */
export type Freeze = {
  readonly reason: string;
  /** Null: until it is lifted. */
  readonly untilMs: number | null;
  readonly actor: string;
  readonly setAtMs: number;
};

export interface FreezeStore {
  /** The freeze in force at that moment; null: there is none, or it has run out. */
  get(nowMs: number): Promise<Freeze | null>;
  /** Takes the place of an earlier one. The next round of every shard obeys. */
  set(order: Pick<Freeze, "reason" | "untilMs">, change: Change): Promise<Freeze>;
  lift(change: Change): Promise<void>;
}
