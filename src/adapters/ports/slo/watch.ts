import type { AlertDecisions, OpenAlert } from "../../../domain/slo/alerts.ts";
import type { ObjectiveTerms } from "../../../domain/slo/objective.ts";
import type { Tallies } from "../../../domain/slo/tally.ts";
import type { Fence } from "../coordination/lease.ts";

/** An objective as its alerts are judged. */
export type WatchedObjective = {
  readonly objectiveId: number;
  readonly terms: ObjectiveTerms;
  readonly tallies: Tallies;
  readonly open: readonly OpenAlert[];
};

/** What an evaluation changes of an objective; `open`: its alerts as they were judged. */
export type WatchedChange = { readonly objectiveId: number; readonly open: readonly OpenAlert[] } & AlertDecisions;

export interface BudgetWatch {
  /**
   * Live objectives of live services whose alerts may change, of the customers in turn, so that the first thousands are everybody's.
   * @param scope `changing`: of services in an outage, or until a while ago; with open alerts; whose terms or corrections are new.
   *   `all`: every one
   * @param seed which of a customer's come first
   */
  candidates(scope: "changing" | "all", seed: number, nowMs: number, limit: number): Promise<readonly number[]>;
  /** Those of them that still live. One statement. */
  measure(objectiveIds: readonly number[], nowMs: number): Promise<readonly WatchedObjective[]>;
  /**
   * Stores evaluations, in one statement: of alerts that somebody else has changed meanwhile nothing.
   * @returns null: the lease is lost, and nothing was stored
   */
  save(
    fence: Fence,
    changes: readonly WatchedChange[],
    nowMs: number,
  ): Promise<{ readonly fired: number; readonly resolved: number } | null>;
}
