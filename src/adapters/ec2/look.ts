import type { ZombieRule } from "../../domain/cost/zombie.ts";
import type { CloudFacts } from "../ports/cost/cloud.ts";

/** The customer's account and region that are looked into. */
export type Place = {
  readonly region: string;
  /** By which account something is known: its owner, where that is one of the customer's; null: AWS does not say. */
  readonly accountOf: (owner: string | null) => string;
};

/** What could not be read, and what of it is not known for that. */
export type Gap = { readonly rule: ZombieRule; readonly action: string; readonly problem: string };

/** What idles in one region, by one service of AWS. */
export type Look = Pick<CloudFacts, "addresses" | "volumes" | "stoppedInstances" | "idleLoadBalancers"> & { readonly gaps: readonly Gap[] };

/** Nothing idles, as far as is known. */
export const nothing: Look = { addresses: [], volumes: [], stoppedInstances: [], idleLoadBalancers: [], gaps: [] };

/** The gap of a reading that has a problem. */
export const gapOf = (rule: ZombieRule, action: string, problem: string | null): readonly Gap[] =>
  problem === null ? [] : [{ rule, action, problem }];
