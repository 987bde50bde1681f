import type { ChainHead } from "../../../domain/evidence/evidence-claim.ts";
import type { Expectation, Observation, PropagationVerdict, SwitchProof } from "../../../domain/steering/propagation.ts";
import type { Surroundings, Weights, WeightedRecord } from "./dns.ts";
import type { ChainedProof } from "../detection/round.ts";
import type { Fence } from "../coordination/lease.ts";

/** A switch on all of the provider's servers that nobody has looked at from outside yet. */
export type Unobserved = {
  readonly changeRowId: number;
  /** Its time came too long ago to say anything about it now. */
  readonly late: boolean;
  readonly name: string;
  readonly records: readonly WeightedRecord[];
  /** Null: nothing is around the pair. */
  readonly surroundings: Surroundings | null;
  readonly to: Weights;
  readonly serviceId?: number;
  /** For which storm it was made, if for any, and where the chain of its service ends. */
  readonly stormId?: number | null;
  readonly chain?: ChainHead | null;
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
  /** Whether visitors follow; absent on what was observed before that was told. */
  readonly visitors?: SwitchProof;
};

/** The proof, from outside, that a switch has reached the visitors. */
export interface ObservationStore {
  /**
   * Switches in sync whose time has come, for no cache may hold the old answer any more, and which are still their domain's
   * latest: of each customer in turn, the most overdue first. Then some whose time came more than `lateMs` ago, `late`.
   */
  due(nowMs: number, lateMs: number, limit: number): Promise<readonly Unobserved[]>;
  /**
   * Stores what was seen, once per switch, and for a storm's switch its evidence. One at a time: a round locks the chains of
   * many services in an order of its own, and against somebody who holds one of them there is no deadlock.
   * @returns false where it was stored before, another switch has followed meanwhile, or the lease is lost
   */
  save(fence: Fence, changeRowId: number, observed: Observed, proof?: ChainedProof): Promise<boolean>;
}
