import type { StormKind } from "../../../domain/steering/steering.ts";
import type { Change } from "../tenants/change.ts";

export type PolicyTerms = {
  readonly thresholdAvail: number;
  readonly windowSeconds: number;
  readonly cooldownSeconds: number;
  readonly maxCoverageFactor: number;
  readonly minSamples: number;
  readonly minFailures: number;
  /** Set for `http_latency` only. */
  readonly latencyMs: number | null;
};

export type PolicyPatch = { readonly [Field in keyof PolicyTerms]?: PolicyTerms[Field] | undefined };

export type StormPolicy = PolicyTerms & {
  readonly id: number;
  readonly serviceId: number;
  readonly kind: StormKind;
  /** Incremented with each change; a storm keeps the version with which it began. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

/** Live storm policies of a live service. A row of another customer is a missing row. */
export interface PolicyStore {
  /**
   * @returns null where there is no such service
   * @throws AppError `conflict` for a second live policy of one kind, `bad_request` above the customer's coverage cap
   */
  create(customerId: number, serviceId: number, kind: StormKind, terms: PolicyTerms, change: Change): Promise<StormPolicy | null>;
  /** Ascending by id; null where there is no such service. */
  list(customerId: number, serviceId: number): Promise<StormPolicy[] | null>;
  /** Makes the next version. @throws AppError `bad_request` above the cap or where latency_ms does not fit the kind */
  update(customerId: number, serviceId: number, id: number, patch: PolicyPatch, change: Change): Promise<StormPolicy | null>;
  /** Ends the storm of the policy; the weights stay. */
  remove(customerId: number, serviceId: number, id: number, change: Change): Promise<boolean>;
}
