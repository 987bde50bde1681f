import type { Digest, WeekFacts } from "../../../domain/slo/digest.ts";
import type { ObjectiveTerms, SpanUs } from "../../../domain/slo/objective.ts";
import type { Tallies, Tally } from "../../../domain/slo/tally.ts";
import type { Fence } from "../coordination/lease.ts";

export type Week = SpanUs & { readonly week: string };

/** A customer whose digest of a week is due. */
export type DueCustomer = Omit<WeekFacts, "week" | "objectives"> & { readonly customerId: number };

/** An objective at the end of a week, by the terms then in force and the corrections then known. */
export type WeekObjective = {
  readonly customerId: number;
  readonly objectiveId: number;
  readonly name: string;
  readonly serviceId: number;
  readonly service: string;
  readonly terms: ObjectiveTerms;
  readonly tallies: Tallies;
  readonly ofWeek: Tally;
};

export interface DigestBook {
  /** Customers without a digest of the week who had a live objective at its end, or a storm that began in it; ascending by id. */
  due(week: Week, afterCustomerId: number, limit: number, nowMs: number): Promise<readonly DueCustomer[]>;
  /** All that these customers had at its end, ascending by id. One statement a page. */
  objectives(
    customerIds: readonly number[],
    week: Week,
    afterObjectiveId: number,
    limit: number,
    nowMs: number,
  ): Promise<readonly WeekObjective[]>;
  /** In one statement; a digest that is there stays. @returns how many are new; null: the lease is lost, and nothing was stored */
  save(fence: Fence, digests: readonly { readonly customerId: number; readonly digest: Digest }[]): Promise<number | null>;
}
