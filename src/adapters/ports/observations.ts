import type { Expectation, Observation, PropagationVerdict } from "../../domain/propagation.ts";
import type { Weights, WeightedRecord } from "./dns.ts";
import type { Fence } from "./lease.ts";

/** A switch on all of the provider's servers that nobody has looked at from outside yet. */
export type Unobserved = {
  readonly changeRowId: number;
  readonly name: string;
  readonly records: readonly WeightedRecord[];
  readonly to: Weights;
  readonly insyncAtMs: number;
};

/** What the public DNS answered, as it is stored with the switch. `unproven`: an alias, whose answer is made elsewhere. */
export type Observed = {
  readonly atMs: number;
  readonly verdict: PropagationVerdict | "unproven";
  readonly type: Expectation["type"];
  readonly expected: readonly string[];
  readonly resolvers: readonly Observation[];
};

/** The proof, from outside, that a switch has reached the visitors. */
export interface ObservationStore {
  /** Switches in sync since `sinceMs`, oldest first, that are still their domain's latest. */
  due(sinceMs: number, limit: number): Promise<readonly Unobserved[]>;
  /** Stores what was seen, once per switch. @returns how many were stored; 0 where the lease is lost */
  save(fence: Fence, seen: readonly { readonly changeRowId: number; readonly observed: Observed }[]): Promise<number>;
}
