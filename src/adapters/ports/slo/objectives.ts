import type { ObjectiveTerms } from "../../../domain/slo/objective.ts";
import type { Tallies } from "../../../domain/slo/status.ts";
import type { Change, Page } from "../tenants/change.ts";

export type ObjectiveInput = ObjectiveTerms & { readonly name: string };

export type ObjectivePatch = { readonly [Field in keyof ObjectiveInput]?: ObjectiveInput[Field] | undefined };

export type Objective = ObjectiveTerms & {
  readonly id: number;
  readonly serviceId: number;
  readonly serviceName: string;
  readonly name: string;
  /** Incremented with each change; closed days keep the version by which they were judged. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

/** An objective with what was measured for it. */
export type MeasuredObjective = {
  readonly customerId: number;
  readonly objective: Objective;
  readonly tallies: Tallies;
};

/** Live objectives of live services. A row of another customer is a missing row. */
export interface ObjectiveStore {
  /** @returns null where there is no such service. @throws AppError `conflict` for a name that is taken, `quota` when there are too many */
  create(customerId: number, serviceId: number, input: ObjectiveInput, change: Change): Promise<Objective | null>;
  /** Ascending by id; null where there is no such service. */
  list(customerId: number, serviceId: number, page: Page): Promise<Objective[] | null>;
  get(customerId: number, serviceId: number, id: number): Promise<Objective | null>;
  /** Makes the next version. @throws AppError `conflict` for a name that is taken, `bad_request` where a warning would come after critical */
  update(customerId: number, serviceId: number, id: number, patch: ObjectivePatch, change: Change): Promise<Objective | null>;
  /** Its alerts are resolved with it. */
  remove(customerId: number, serviceId: number, id: number, change: Change): Promise<boolean>;
}

/** Which objectives are measured. */
export type MeasuredScope =
  /** Of a customer: all, those of some services, or one. Ascending by id. */
  | { readonly customerId: number; readonly serviceIds?: readonly number[]; readonly objectiveId?: number; readonly page: Page }
  /** Of all customers, of live services: of some, or all. Ascending by id. */
  | { readonly serviceIds?: readonly number[]; readonly page: Page };

/** What was measured for objectives: one statement, whatever their number. */
export interface ObjectiveMeasures {
  /** @param atUs the end of rolling windows, microseconds since the epoch; null: the database's present */
  measure(scope: MeasuredScope, atUs: number | null): Promise<{ readonly atUs: number; readonly measured: readonly MeasuredObjective[] }>;
}
