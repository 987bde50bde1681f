import type { ChainHead } from "../../../domain/evidence/evidence-claim.ts";
import type { Expectation, Observation, PropagationVerdict, SwitchProof } from "../../../domain/steering/propagation.ts";
import type { Surroundings, Weights, WeightedRecord } from "./dns.ts";
import type { ChainedProof } from "../detection/round.ts";
import type { Fence } from "../coordination/lease.ts";

/** A switch on all of the provider's servers that has not been observed from outside yet. */
export type Unobserved = {
  readonly changeRowId: number;
  /** It was due too long ago for an observation to be meaningful. */
  readonly late: boolean;
  readonly name: string;
  readonly records: readonly WeightedRecord[];
  /** Null: there is nothing besides the pair. */
  readonly surroundings: Surroundings | null;
  readonly to: Weights;
  readonly serviceId?: number;
  /** For which storm it was made, if any, and the head of its service's chain. */
  readonly stormId?: number | null;
  readonly chain?: ChainHead | null;
};

/**
 * What the public DNS answered, as it is stored with the switch. `unproven`: an alias, whose answer is computed elsewhere;
 * `missed`: it could not be queried in time.
 */
export type Observed = {
  readonly atMs: number;
  readonly verdict: PropagationVerdict | "unproven" | "missed";
  readonly type: Expectation["type"];
  readonly expected: readonly string[];
  readonly resolvers: readonly Observation[];
  /** Whether visitors follow; absent in older observations. */
  readonly visitors?: SwitchProof;
};

/** The proof, from outside, that a switch has reached the visitors. */
export interface ObservationStore {
  /**
   * Switches in sync that are due, as no cache may hold the old answer any more, and that are still their domain's
   * latest: round-robin over customers, the most overdue first. Then some that were due more than `lateMs` ago, `late`.
   */
  due(nowMs: number, lateMs: number, limit: number): Promise<readonly Unobserved[]>;
  /**
   * Stores what was seen, once per switch, and for a storm's switch its evidence. One at a time: a round locks the chains of
   * many services in its own order, and a writer that holds only one of them can not deadlock with it.
   * @returns false where it was stored before, another switch has followed meanwhile, or the lease is lost
   */
  save(fence: Fence, changeRowId: number, observed: Observed, proof?: ChainedProof): Promise<boolean>;
}
