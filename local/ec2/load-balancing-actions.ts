import { randomUUID } from "node:crypto";
import { ApiError } from "../route53/api-error.ts";
import type { Markup } from "../route53/xml.ts";
import { element, xmlDocument } from "../route53/xml.ts";
import type { Refusals } from "./form.ts";
import { pageOf, requireFields, sizeOf } from "./form.ts";
import type { SiteGroup, Spot } from "./site.ts";

const NAMESPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
const PAGE: readonly [number, number] = [1, 400];

const refusals: Refusals = {
  unknown: (name) => new ApiError(400, "ValidationError", `${name} is not a parameter that this server knows`),
  invalid: (name, value) => new ApiError(400, "ValidationError", `'${value}' is not a valid value of ${name}`),
};

/** The actions of Elastic Load Balancing that this server plays. */
export const loadBalancingActions: Record<string, (spot: Spot, form: URLSearchParams) => string> = {
  DescribeLoadBalancers: (spot, form) =>
    describe("DescribeLoadBalancers", "LoadBalancers", spot.site.balancers ?? [], form, ({ name, type = "application" }) =>
      element("member", [
        element("LoadBalancerArn", balancerArn(spot, name)),
        element("LoadBalancerName", name),
        element("Type", type),
        element("State", [element("Code", "active")]),
      ]),
    ),
  DescribeTargetGroups: (spot, form) =>
    describe("DescribeTargetGroups", "TargetGroups", spot.site.groups ?? [], form, ({ name, balancers }) => {
      const arns = balancers.map((balancer) => element("member", balancerArn(spot, balancer)));
      return element("member", [
        element("TargetGroupArn", groupArn(spot, name)),
        element("TargetGroupName", name),
        element("LoadBalancerArns", arns),
      ]);
    }),
  DescribeTargetHealth: (spot, form) => {
    requireFields(form, (name) => name === "TargetGroupArn", refusals);
    const targets = groupOf(spot, form.get("TargetGroupArn")).targets.map(({ id, state }) =>
      element("member", [element("Target", [element("Id", id), element("Port", 80)]), element("TargetHealth", [element("State", state)])]),
    );
    return render("DescribeTargetHealth", [element("TargetHealthDescriptions", targets)]);
  },
};

function balancerArn({ accountId, region, site }: Spot, name: string): string {
  const { type = "application" } = (site.balancers ?? []).find((one) => one.name === name) ?? {};
  const kind = { application: "app", network: "net", gateway: "gwy" }[type];
  return `arn:aws:elasticloadbalancing:${region}:${accountId}:loadbalancer/${kind}/${name}/50dc6c495c0c9188`;
}

function groupArn({ accountId, region }: Spot, name: string): string {
  return `arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/${name}/73e2d6bc24d8a067`;
}

function groupOf(spot: Spot, arn: string | null): SiteGroup {
  if (arn === null) throw new ApiError(400, "ValidationError", "A target group ARN must be specified");
  const group = (spot.site.groups ?? []).find(({ name }) => groupArn(spot, name) === arn);
  if (group === undefined) throw new ApiError(400, "TargetGroupNotFound", `Target groups '${arn}' not found`);
  return group;
}

function describe<Item>(
  action: string,
  listName: string,
  all: readonly Item[],
  form: URLSearchParams,
  member: (item: Item) => Markup,
): string {
  requireFields(form, (name) => name === "PageSize" || name === "Marker", refusals);
  const { items, next } = pageOf(all, form, "Marker", sizeOf(form, "PageSize", PAGE, refusals), refusals);
  return render(action, [element(listName, items.map(member)), ...(next === null ? [] : [element("NextMarker", next)])]);
}

function render(action: string, result: readonly Markup[]): string {
  const content = [element(`${action}Result`, result), element("ResponseMetadata", [element("RequestId", randomUUID())])];
  return xmlDocument(`${action}Response`, content, NAMESPACE);
}
