import { randomUUID } from "node:crypto";
import { ApiError } from "../route53/api-error.ts";
import type { Markup } from "../route53/xml.ts";
import { element, xmlDocument } from "../route53/xml.ts";
import type { Refusals } from "./form.ts";
import { pageOf, requireFields, sizeOf } from "./form.ts";
import type { SiteAction, SiteBalancer, SiteGroup, SiteListener, Spot } from "./site.ts";

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
  DescribeListeners: (spot, form) => {
    const balancer = balancerOf(spot, form.get("LoadBalancerArn"));
    return describe(
      "DescribeListeners",
      "Listeners",
      balancer.listeners ?? [],
      form,
      (listener) =>
        element("member", [
          element("ListenerArn", listenerArn(spot, balancer, listener)),
          element("LoadBalancerArn", balancerArn(spot, balancer.name)),
          ...(listener.protocol === undefined ? [] : [element("Port", listener.port), element("Protocol", listener.protocol)]),
          element("DefaultActions", [actionOf(spot, listener.action)]),
        ]),
      ["LoadBalancerArn"],
    );
  },
  DescribeRules: (spot, form) => {
    const { arn, listener } = listenerOf(spot, form.get("ListenerArn"));
    const { rules = [] } = listener;
    const all = [...rules.map((own, index) => ({ own, priority: String(index + 1) })), { own: listener.action, priority: "default" }];
    return describe(
      "DescribeRules",
      "Rules",
      all,
      form,
      ({ own, priority }) =>
        element("member", [
          element("RuleArn", `${arn.replace(":listener/", ":listener-rule/")}/${priority}`),
          element("Priority", priority),
          element("IsDefault", priority === "default"),
          element("Conditions", []),
          element("Actions", [actionOf(spot, own)]),
        ]),
      ["ListenerArn"],
    );
  },
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

function actionOf(spot: Spot, what: SiteAction): Markup {
  if ("forward" in what)
    return element("member", [element("Type", "forward"), element("TargetGroupArn", groupArn(spot, what.forward)), element("Order", 1)]);
  if ("redirect" in what) {
    const config = element("RedirectConfig", [element("Host", what.redirect), element("StatusCode", "HTTP_301")]);
    return element("member", [element("Type", "redirect"), element("Order", 1), config]);
  }
  const config = element("FixedResponseConfig", [element("StatusCode", what.status)]);
  return element("member", [element("Type", "fixed-response"), element("Order", 1), config]);
}

function balancerOf(spot: Spot, arn: string | null): SiteBalancer {
  if (arn === null) throw new ApiError(400, "ValidationError", "You must specify either listener ARNs or a load balancer ARN");
  const balancer = (spot.site.balancers ?? []).find(({ name }) => balancerArn(spot, name) === arn);
  if (balancer === undefined) throw new ApiError(400, "LoadBalancerNotFound", `Load balancers '[${arn}]' not found`);
  return balancer;
}

function listenerArn(spot: Spot, { name }: SiteBalancer, { port }: SiteListener): string {
  return `${balancerArn(spot, name).replace(":loadbalancer/", ":listener/")}/${port.toString(16).padStart(16, "0")}`;
}

function listenerOf(spot: Spot, arn: string | null): { arn: string; listener: SiteListener } {
  if (arn === null) throw new ApiError(400, "ValidationError", "You must specify either listener ARN or rule ARNs");
  for (const balancer of spot.site.balancers ?? []) {
    const listener = balancer.listeners?.find((one) => listenerArn(spot, balancer, one) === arn);
    if (listener !== undefined) return { arn, listener };
  }
  throw new ApiError(400, "ListenerNotFound", `One or more listeners not found`);
}

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
  fields: readonly string[] = [],
): string {
  requireFields(form, (name) => name === "PageSize" || name === "Marker" || fields.includes(name), refusals);
  const { items, next } = pageOf(all, form, "Marker", sizeOf(form, "PageSize", PAGE, refusals), refusals);
  return render(action, [element(listName, items.map(member)), ...(next === null ? [] : [element("NextMarker", next)])]);
}

function render(action: string, result: readonly Markup[]): string {
  const content = [element(`${action}Result`, result), element("ResponseMetadata", [element("RequestId", randomUUID())])];
  return xmlDocument(`${action}Response`, content, NAMESPACE);
}
