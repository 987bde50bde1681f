import { describe, failureOf } from "../route53/api/error.ts";
import type { Ask, Form } from "./ask.ts";
import { balancerListing, groupListing, hasTargets, listenerListing, ruleListing, type TargetGroup } from "./load-balancer-api.ts";
import { listAll, type Listing } from "./listing.ts";
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

/** Something that was asked and not answered, by its action. */
class Unasked extends Error {
  override readonly name = "Unasked";
  readonly action: string;
  constructor(action: string, problem: string) {
    super(problem);
    this.action = action;
  }
}

/** All of a listing; null: what it is of was deleted since it was listed. @throws Unasked where a part can not be read */
const wholeOf = async <Item>(ask: Ask, listing: Listing<Item>, form: Form, gone: string): Promise<readonly Item[] | null> => {
  const { items, problem, code } = await listAll(ask, listing, form);
  if (code === gone) return null;
  if (problem !== null) throw new Unasked(listing.action, problem);
  return items;
};

/** Whether it answers by itself: by a redirect, or a fixed response, which need no target; or is gone. @throws Unasked */
const needsNoTarget = async (ask: Ask, balancer: string): Promise<boolean> => {
  const listeners = await wholeOf(ask, listenerListing, { LoadBalancerArn: balancer }, "LoadBalancerNotFound");
  if (listeners === null || listeners.some(({ answers }) => answers)) return true;
  for (const { arn, hasRules } of listeners)
    if (hasRules && (await wholeOf(ask, ruleListing, { ListenerArn: arn }, "ListenerNotFound"))?.includes(true) === true) return true;
  return false;
};

/** Load balancers of a region that neither forward to a target nor answer by themselves. Never throws. */
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
      if (!(await serves(ask, own)) && !(await needsNoTarget(ask, arn))) idle.push({ id: arn, account: accountOf(owner), region });
    } catch (thrown) {
      // What is denied, or fails after all retries, of one of them is so of the others.
      const [action, problem] =
        thrown instanceof Unasked ? [thrown.action, thrown.message] : ["DescribeTargetHealth", describe(failureOf(thrown))];
      return { ...nothing, idleLoadBalancers: idle, gaps: [...gaps, ...gapOf(rule, action, problem)] };
    }
  }
  return { ...nothing, idleLoadBalancers: idle, gaps };
};
