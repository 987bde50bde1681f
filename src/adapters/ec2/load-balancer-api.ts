import { child, items, optionalText, text, texts, type XmlNode } from "../aws/xml.ts";
import type { Asked, Form, QueryApi } from "./ask.ts";
import type { Listing } from "./listing.ts";

/** The Query API of application, network and gateway load balancers. */
export const loadBalancing: QueryApi = {
  name: "elasticloadbalancing",
  label: "Elastic Load Balancing",
  root: "",
  contentType: "application/x-www-form-urlencoded",
  version: "2015-12-01",
};

/** A load balancer. */
export type Balancer = { readonly arn: string; readonly owner: string };

/** A target group, and the load balancers that forward to it. */
export type TargetGroup = { readonly arn: string; readonly balancers: readonly string[] };

/** The longest page that there is. */
const perPage: Form = { PageSize: "400" };

const nextOf = (result: XmlNode): string | null => {
  const next = optionalText(result, "NextMarker");
  return next === undefined || next === "" ? null : next;
};

export const balancerListing: Listing<Balancer> = {
  action: "DescribeLoadBalancers",
  page: perPage,
  token: "Marker",
  read: (node) => {
    const result = child(node, "DescribeLoadBalancersResult");
    return {
      items: items(result, "LoadBalancers", "member").map((balancer) => {
        const arn = text(balancer, "LoadBalancerArn");
        return { arn, owner: arn.split(":")[4] ?? "" };
      }),
      next: nextOf(result),
    };
  },
};

export const groupListing: Listing<TargetGroup> = {
  action: "DescribeTargetGroups",
  page: perPage,
  token: "Marker",
  read: (node) => {
    const result = child(node, "DescribeTargetGroupsResult");
    return {
      items: items(result, "TargetGroups", "member").map((group) => ({
        arn: text(group, "TargetGroupArn"),
        balancers: texts(group, "LoadBalancerArns", "member"),
      })),
      next: nextOf(result),
    };
  },
};

/** A listener of a load balancer. `hasRules`: it may have others than its default. */
export type Listener = { readonly arn: string; readonly answers: boolean; readonly hasRules: boolean };

/** What answers a request without any target. */
const answering = new Set(["redirect", "fixed-response"]);
const answers = (node: XmlNode, list: string): boolean => items(node, list, "member").some((action) => answering.has(text(action, "Type")));

/** The listeners of a load balancer; `answers`: by their default actions. */
export const listenerListing: Listing<Listener> = {
  action: "DescribeListeners",
  page: perPage,
  token: "Marker",
  read: (node) => {
    const result = child(node, "DescribeListenersResult");
    return {
      items: items(result, "Listeners", "member").map((listener) => ({
        arn: text(listener, "ListenerArn"),
        answers: answers(listener, "DefaultActions"),
        // Of application load balancers alone; a gateway's listener has no protocol.
        hasRules: (optionalText(listener, "Protocol") ?? "").startsWith("HTTP"),
      })),
      next: nextOf(result),
    };
  },
};

/** The rules of a listener: whether each answers by itself. */
export const ruleListing: Listing<boolean> = {
  action: "DescribeRules",
  page: perPage,
  token: "Marker",
  read: (node) => {
    const result = child(node, "DescribeRulesResult");
    return { items: items(result, "Rules", "member").map((rule) => answers(rule, "Actions")), next: nextOf(result) };
  },
};

/** Whether a group has targets, healthy or not. */
export const hasTargets = (arn: string): Asked<boolean> => ({
  action: "DescribeTargetHealth",
  form: { TargetGroupArn: arn },
  read: (node) => items(child(node, "DescribeTargetHealthResult"), "TargetHealthDescriptions", "member").length > 0,
});
