import { randomUUID } from "node:crypto";
import { ApiError } from "../route53/api-error.ts";
import type { Markup } from "../route53/xml.ts";
import { element, xmlDocument } from "../route53/xml.ts";
import type { Refusals } from "./form.ts";
import { pageOf, requireFields, sizeOf } from "./form.ts";
import type { Site, SiteInstance, SiteVolume, Spot } from "./site.ts";

const NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/";
const MOST_VALUES = 200;

const refusals: Refusals = {
  unknown: (name) => new ApiError(400, "UnknownParameter", `The parameter ${name} is not recognized`),
  invalid: (name, value) => new ApiError(400, "InvalidParameterValue", `Value ( ${value} ) for parameter ${name} is invalid.`),
};

type Filters = ReadonlyMap<string, readonly string[]>;
type Matches<Item> = Record<string, (item: Item, values: readonly string[]) => boolean>;

/** The actions of EC2 that this server plays. */
export const ec2Actions: Record<string, (spot: Spot, form: URLSearchParams) => string> = {
  DescribeAddresses: ({ region, site }, form) => {
    requireFields(form, () => false, refusals);
    return render("DescribeAddresses", [
      element(
        "addressesSet",
        (site.addresses ?? []).map((one) => address(one, region)),
      ),
    ]);
  },
  DescribeVolumes: (spot, form) => {
    const isAttached: Matches<SiteVolume> = {
      status: ({ instanceIds = [] }, values) => values.includes(instanceIds.length === 0 ? "available" : "in-use"),
      "attachment.instance-id": ({ instanceIds = [] }, values) => instanceIds.some((id) => values.includes(id)),
    };
    return describe("DescribeVolumes", spot.site.volumes ?? [], form, isAttached, [5, 500], (page) => [
      element(
        "volumeSet",
        page.map((one) => volume(one, spot.region)),
      ),
    ]);
  },
  DescribeInstances: (spot, form) => {
    const byState: Matches<SiteInstance> = { "instance-state-name": ({ state }, values) => values.includes(state) };
    return describe("DescribeInstances", spot.site.instances ?? [], form, byState, [5, 1_000], (page) => [
      element(
        "reservationSet",
        page.map((one) => reservation(one, spot)),
      ),
    ]);
  },
};

function describe<Item>(
  action: string,
  all: readonly Item[],
  form: URLSearchParams,
  matches: Matches<Item>,
  bounds: readonly [number, number],
  content: (page: readonly Item[]) => readonly Markup[],
): string {
  requireFields(form, (name) => /^(MaxResults|NextToken|Filter\.\d+\.(Name|Value\.\d+))$/.test(name), refusals);
  const filters = filtersOf(form, matches);
  const fitting = all.filter((item) => [...filters].every(([name, values]) => matches[name]?.(item, values)));
  const { items, next } = pageOf(fitting, form, "NextToken", sizeOf(form, "MaxResults", bounds, refusals), refusals);
  return render(action, [...content(items), ...(next === null ? [] : [element("nextToken", next)])]);
}

function filtersOf(form: URLSearchParams, matches: object): Filters {
  const filters = new Map<string, string[]>();
  for (const [field, name] of form) {
    const [, number] = /^Filter\.(\d+)\.Name$/.exec(field) ?? [];
    if (number === undefined) continue;
    if (!Object.hasOwn(matches, name)) throw new ApiError(400, "InvalidParameterValue", `The filter '${name}' is invalid`);
    const values = [...form].filter(([other]) => other.startsWith(`Filter.${number}.Value.`)).map(([, value]) => value);
    if (values.length === 0) throw new ApiError(400, "InvalidParameterValue", `The filter '${name}' has no value`);
    if (values.length > MOST_VALUES) {
      throw new ApiError(400, "FilterLimitExceeded", `The maximum number of filter values specified on a single call is ${MOST_VALUES}`);
    }
    filters.set(name, values);
  }
  return filters;
}

function address(one: NonNullable<Site["addresses"]>[number], region: string): Markup {
  return element("item", [
    element("publicIp", one.publicIp),
    element("allocationId", one.allocationId),
    element("domain", "vpc"),
    ...(one.instanceId === undefined ? [] : [element("instanceId", one.instanceId)]),
    ...(one.associationId === undefined ? [] : [element("associationId", one.associationId)]),
    ...(one.serviceManaged === undefined ? [] : [element("serviceManaged", one.serviceManaged)]),
    element("networkBorderGroup", region),
  ]);
}

function volume({ volumeId, volumeType, size, instanceIds = [] }: SiteVolume, region: string): Markup {
  const attachments = instanceIds.map((instanceId) =>
    element("item", [element("volumeId", volumeId), element("instanceId", instanceId), element("status", "attached")]),
  );
  return element("item", [
    element("volumeId", volumeId),
    element("size", size),
    element("availabilityZone", `${region}a`),
    element("status", instanceIds.length === 0 ? "available" : "in-use"),
    element("attachmentSet", attachments),
    element("volumeType", volumeType),
  ]);
}

/** Each instance has been launched for itself. */
function reservation({ instanceId, state, reason = "" }: SiteInstance, { accountId }: Spot): Markup {
  const [code, name] = state === "running" ? [16, "running"] : [80, "stopped"];
  const instance = element("item", [
    element("instanceId", instanceId),
    element("instanceState", [element("code", code), element("name", name)]),
    element("reason", reason),
  ]);
  return element("item", [
    element("reservationId", `r-${instanceId.slice(2)}`),
    element("ownerId", accountId),
    element("instancesSet", [instance]),
  ]);
}

function render(action: string, content: readonly Markup[]): string {
  return xmlDocument(`${action}Response`, [element("requestId", randomUUID()), ...content], NAMESPACE);
}
