import type { KeySource } from "../platform/aws-keys.ts";
import type { BreakerLine } from "../platform/breakers.ts";
import type { CostScope } from "./accounts.ts";

/** A live cost account with what requests to AWS in its name are signed with. */
export type CostAccess = CostScope & {
  readonly customerId: number;
  readonly id: number;
  readonly createdAtMs: number;
  /** Of the stored key, or of the assumed role. Where neither can be used, `get` throws why, in words for the customer. */
  readonly keys: KeySource;
  /** The circuit breaker that its calls heed. Absent: none, as of whoever wants the account's own answer. */
  readonly line?: BreakerLine;
};

/** The credentials that customers have given for the AWS accounts whose costs are watched. */
export interface CostDirectory {
  /** Live accounts of all customers in the order of their ids, those after `afterId`. @throws where the database does not answer */
  page(afterId: number, limit: number): Promise<readonly CostAccess[]>;
  /** Live accounts of one customer. @throws where the database does not answer */
  ofCustomer(customerId: number): Promise<readonly CostAccess[]>;
  /** @returns null where there is no such live account. @throws where the database does not answer */
  of(customerId: number, id: number): Promise<CostAccess | null>;
}
