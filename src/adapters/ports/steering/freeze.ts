import type { Change } from "../tenants/change.ts";
import type { Panic } from "./panic.ts";

/** An admin's global freeze: nothing is switched for anybody. */
export type Freeze = {
  readonly reason: string;
  /** Null: until it is lifted. */
  readonly untilMs: number | null;
  readonly actor: string;
  readonly setAtMs: number;
};

/** Everything that is ordered of more than one service, as it is in force at a moment. */
export type StandingOrders = {
  readonly panic: Panic | null;
  readonly freeze: Freeze | null;
  /** Of all services of the customer who asks; null: there is none, or nobody in particular asks. */
  readonly ofCustomer: Freeze | null;
};

/** The freeze of all services of one customer. */
export interface CustomerFreezeStore {
  /** The freeze in force at that time. */
  get(customerId: number, nowMs: number): Promise<Freeze | null>;
  /**
   * Freezes all services, those to come included, in one row: each one's own order stays as it is, and counts again once this is lifted.
   * What is ordered of a single service afterwards counts for that one. Takes effect with the next round.
   * @returns null where there is no such customer
   */
  set(customerId: number, order: Pick<Freeze, "reason" | "untilMs">, change: Change): Promise<Freeze | null>;
  lift(customerId: number, change: Change): Promise<void>;
}

export interface FreezeStore {
  /** In one statement. @param customerId 0: of nobody in particular */
  standing(customerId: number, nowMs: number): Promise<StandingOrders>;
  /** The freeze in force at that time; null: there is none, or it has expired. */
  get(nowMs: number): Promise<Freeze | null>;
  /** Replaces an earlier one. Takes effect with the next round of every shard. */
  set(order: Pick<Freeze, "reason" | "untilMs">, change: Change): Promise<Freeze>;
  lift(change: Change): Promise<void>;
}
