import type { ClosedSpan, Past } from "../../../domain/slo/reconstruct.ts";
import type { Fence } from "../coordination/lease.ts";

/** A service of which it is computed what its visitors got before that was recorded. Times are epoch milliseconds. */
export type DueService = {
  readonly serviceId: number;
  /** Back to when its objectives need it. */
  readonly neededFromMs: number;
  /** Where its recorded spans begin. */
  readonly recordedFromMs: number;
  /** Back to where it is done; null: nothing is. */
  readonly doneFromMs: number | null;
  /** The first minute of which there are samples; null: there is none. */
  readonly firstMs: number | null;
  readonly domains: number;
};

/** What was before states were recorded, from rollups (decision 66). */
export interface ReconstructionStore {
  /**
   * Services with objectives whose windows begin before what is known of them, ascending by id. Those whose minutes are not all
   * rolled up yet have to wait.
   * @param keptFromMs minutes before are not kept
   */
  due(afterServiceId: number, keptFromMs: number, nowMs: number, limit: number): Promise<readonly DueService[]>;
  /** A service in whole minutes. Null: it has no policy, by which to judge it. */
  past(serviceId: number, fromMs: number, minutes: number): Promise<Past | null>;
  /**
   * Adds spans before all that is known, and notes how far back that is done.
   * @param doneFromMs as `due` said, or as it was last stored
   * @returns false, and nothing is stored, where the lease is lost, the service deleted, or somebody else was there first
   */
  save(
    fence: Fence,
    service: Pick<DueService, "serviceId" | "recordedFromMs" | "doneFromMs">,
    spans: readonly ClosedSpan[],
    fromMs: number,
  ): Promise<boolean>;
}
