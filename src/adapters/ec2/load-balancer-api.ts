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

/** Whether a group has targets, healthy or not. */
export const hasTargets = (arn: string): Asked<boolean> => ({
  action: "DescribeTargetHealth",
  form: { TargetGroupArn: arn },
  read: (node) => items(child(node, "DescribeTargetHealthResult"), "TargetHealthDescriptions", "member").length > 0,
});
