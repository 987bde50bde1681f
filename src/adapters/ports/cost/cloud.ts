import type { Facts } from "../../../domain/cost/zombie-hunt.ts";
import type { Budget } from "../platform/budget.ts";
import type { Unknown } from "./hunting.ts";
import type { UnreadSource } from "./zombies.ts";

type Undated<Fact> = Omit<Fact, "sinceMs">;

/** What idles of an account in the cloud. AWS says of instances alone since when; null: it does not. */
export type CloudFacts = {
  readonly addresses: readonly Undated<Facts["addresses"][number]>[];
  readonly volumes: readonly Undated<Facts["volumes"][number]>[];
  readonly stoppedInstances: readonly (Undated<Facts["stoppedInstances"][number]> & { readonly stoppedMs: number | null })[];
  readonly idleLoadBalancers: readonly Undated<Facts["idleLoadBalancers"][number]>[];
  /** Rules of whose facts a part could not be read, by account. */
  readonly unknown: readonly Unknown[];
  readonly unread: readonly UnreadSource[];
};

/** Looks into customers' accounts in the cloud. */
export interface CloudReader {
  /** All accounts of a customer, each for itself. Never throws. */
  of(customerId: number, budget: Budget): Promise<readonly CloudFacts[]>;
}
