import type { Expectation, Observation, PropagationVerdict } from "../../domain/propagation.ts";
import type { Weights, WeightedRecord } from "./dns.ts";
import type { Fence } from "./lease.ts";

/** A switch on all of the provider's servers that nobody has looked at from outside yet. */
export type Unobserved = {
  readonly changeRowId: number;
  /** In sync for too long to say anything about it now. */
  readonly late: boolean;
  readonly name: string;
  readonly records: readonly WeightedRecord[];
  readonly to: Weights;
  readonly insyncAtMs: number;
};

/**
 * What the public DNS answered, as it is stored with the switch. `unproven`: an alias, whose answer is made elsewhere;
 * `missed`: nobody could ask in time.
 */
export type Observed = {
  readonly atMs: number;
  readonly verdict: PropagationVerdict | "unproven" | "missed";
  readonly type: Expectation["type"];
  readonly expected: readonly string[];
  readonly resolvers: readonly Observation[];
};

/** The proof, from outside, that a switch has reached the visitors. */
export interface ObservationStore {
  /** Switches in sync since `sinceMs`, oldest first, that are still their domain's latest; then those from before, `late`. */
  due(sinceMs: number, limit: number): Promise<readonly Unobserved[]>;
  /**
   * Stores what was seen, once per switch, and for a storm's switch its evidence. One at a time: a round locks the chains of
   * many services in an order of its own, and against somebody who holds one of them there is no deadlock.
   * @returns false where it was stored before, another switch has followed meanwhile, or the lease is lost
   */
  save(fence: Fence, changeRowId: number, observed: Observed): Promise<boolean>;
}
