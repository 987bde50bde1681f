import { describe, failureOf } from "../route53/api/error.ts";
import type { Ask } from "./ask.ts";
import { balancerListing, groupListing, hasTargets, type TargetGroup } from "./load-balancer-api.ts";
import { listAll } from "./listing.ts";
import { gapOf, type Look, nothing, type Place } from "./look.ts";

const rule = "load-balancer-idle";

/** Whether one of the groups has a target. @throws Route53Error */
const serves = async (ask: Ask, groups: readonly TargetGroup[]): Promise<boolean> => {
  for (const { arn } of groups) {
    try {
      if (await ask(hasTargets(arn))) return true;
    } catch (thrown) {
      // Deleted since it was listed.
      if (failureOf(thrown).code !== "TargetGroupNotFound") throw thrown;
    }
  }
  return false;
};

/** Load balancers of a region that forward to no target. Never throws. */
export const lookAtLoadBalancers = async (ask: Ask, { region, accountOf }: Place): Promise<Look> => {
  const balancers = await listAll(ask, balancerListing);
  const gaps = gapOf(rule, balancerListing.action, balancers.problem);
  if (balancers.items.length === 0) return { ...nothing, gaps };
  const groups = await listAll(ask, groupListing);
  // Any of them may have a group among those that were not read.
  if (groups.problem !== null) return { ...nothing, gaps: [...gaps, ...gapOf(rule, groupListing.action, groups.problem)] };
  const idle: Look["idleLoadBalancers"][number][] = [];
  for (const { arn, owner } of balancers.items) {
    try {
      const own = groups.items.filter((group) => group.balancers.includes(arn));
      if (!(await serves(ask, own))) idle.push({ id: arn, account: accountOf(owner), region });
    } catch (thrown) {
      // What is denied, or fails after all retries, of one of them is so of the others.
      const problem = describe(failureOf(thrown));
      return { ...nothing, idleLoadBalancers: idle, gaps: [...gaps, ...gapOf(rule, "DescribeTargetHealth", problem)] };
    }
  }
  return { ...nothing, idleLoadBalancers: idle, gaps };
};
