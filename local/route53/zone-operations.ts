import { ApiError, invalidInput } from "./api-error.ts";
import { canonicalName, InvalidNameError, isWithinZone } from "./names.ts";
import type { OperationContext } from "./operations.ts";
import { RECORD_TYPES } from "./record-set.ts";
import { boolean, lengthChecked, rootOf, structure } from "./request-fields.ts";
import { answerFrom, viewOf } from "./resolve.ts";
import { renderChangeInfo, renderZone, renderZoneHome } from "./responses.ts";
import { element, xmlDocument } from "./xml.ts";

/** CreateHostedZone: public, or private with a VPC. A caller reference counts once and for all. Throws ApiError. */
export function createHostedZone({ store, account, insyncAfterMs, nowMs }: OperationContext, body: string): string {
  const root = rootOf(body, "CreateHostedZoneRequest");
  const fields = structure(root, ["Name", "VPC", "CallerReference", "HostedZoneConfig", "DelegationSetId"], ["Name", "CallerReference"]);
  const callerReference = lengthChecked(fields.get("CallerReference")?.text ?? "", 128, "callerReference");
  const config = fields.get("HostedZoneConfig");
  const settings = config && structure(config, ["Comment", "PrivateZone"], []);
  const isPrivate = settings?.get("PrivateZone");
  const vpc = fields.get("VPC");
  if (vpc) structure(vpc, ["VPCRegion", "VPCId"], []);
  if (isPrivate && boolean(isPrivate, "hostedZoneConfig.privateZone") && !vpc)
    throw invalidInput("When you're creating a private hosted zone, you must specify a VPC.");
  if (fields.has("DelegationSetId")) throw new ApiError(400, "NoSuchDelegationSet", "This server knows no reusable delegation sets.");
  const name = nameOf(fields.get("Name")?.text ?? "");
  if (store.zones.some((zone) => zone.accountId === account.accountId && zone.callerReference === callerReference)) {
    throw new ApiError(
      409,
      "HostedZoneAlreadyExists",
      `A hosted zone has already been created with the specified caller reference: ${callerReference}`,
    );
  }
  const comment = settings?.get("Comment")?.text;
  const zone = store.createZone({
    name,
    private: vpc !== undefined,
    accountId: account.accountId,
    callerReference,
    ...(comment !== undefined && { comment }),
  });
  const sets = store.sorted(zone.id);
  const nameServers = sets.find(({ type }) => type === "NS")?.values ?? [];
  return xmlDocument("CreateHostedZoneResponse", [
    renderZone(zone, sets.length),
    renderChangeInfo(store.noteZoneChange(zone.id, nowMs), insyncAfterMs <= 0),
    renderZoneHome(zone, nameServers),
  ]);
}

function nameOf(text: string): string {
  try {
    return canonicalName(text);
  } catch (error) {
    if (error instanceof InvalidNameError) throw new ApiError(400, "InvalidDomainName", error.message);
    throw error;
  }
}

export function getHostedZoneCount({ store, account }: OperationContext): string {
  const own = store.zones.filter(({ accountId }) => accountId === account.accountId);
  return xmlDocument("GetHostedZoneCountResponse", [element("HostedZoneCount", own.length)]);
}

/** Quotas of an account that has not asked for more (Route 53 Developer Guide, "Quotas"). */
const LIMITS: Readonly<Record<string, number>> = {
  MAX_HEALTH_CHECKS_BY_OWNER: 200,
  MAX_HOSTED_ZONES_BY_OWNER: 500,
  MAX_REUSABLE_DELEGATION_SETS_BY_OWNER: 100,
  MAX_TRAFFIC_POLICIES_BY_OWNER: 50,
  MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER: 5,
};

export function getAccountLimit({ store, account }: OperationContext, type: string): string {
  const value = Object.hasOwn(LIMITS, type) ? LIMITS[type] : undefined;
  if (value === undefined)
    throw invalidInput(
      `1 validation error detected: Value '${type}' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [${Object.keys(LIMITS).join(", ")}]`,
    );
  const zones = store.zones.filter(({ accountId }) => accountId === account.accountId).length;
  const counts: Readonly<Record<string, number>> = {
    MAX_HEALTH_CHECKS_BY_OWNER: account.healthChecks.all.length,
    MAX_HOSTED_ZONES_BY_OWNER: zones,
  };
  return xmlDocument("GetAccountLimitResponse", [
    element("Limit", [element("Type", type), element("Value", value)]),
    element("Count", counts[type] ?? 0),
  ]);
}

/** ChangeTagsForResource: the tags are validated and discarded. Throws ApiError. */
export function changeTags({ store, account }: OperationContext, type: "healthcheck" | "hostedzone", id: string, body: string): string {
  structure(rootOf(body, "ChangeTagsForResourceRequest"), ["AddTags", "RemoveTagKeys"], []);
  if (type === "hostedzone") store.zone(id);
  else account.healthChecks.get(id);
  return xmlDocument("ChangeTagsForResourceResponse", []);
}

/** TestDNSAnswer: what a name server of that public zone answers, without following a CNAME. Throws ApiError. */
export function testDnsAnswer({ store, resolve }: OperationContext, query: URLSearchParams): string {
  const zone = store.zone((query.get("hostedzoneid") ?? "").replace(/^\/?hostedzone\//, ""));
  if (zone.private) throw invalidInput("TestDNSAnswer supports public hosted zones only.");
  const type = query.get("recordtype") ?? "";
  if (!RECORD_TYPES.some((known) => known === type)) throw invalidInput(`Unknown type '${type}'.`);
  const name = nameOf(query.get("recordname") ?? "");
  if (!isWithinZone(name, zone.name)) throw invalidInput(`The record name ${name} is not within the zone ${zone.name}`);
  const sets = store.sorted(zone.id);
  const answers = answerFrom(viewOf(sets), name, type, resolve);
  const nameServer = sets.find((set) => set.type === "NS" && set.name === zone.name)?.values[0] ?? "";
  return xmlDocument("TestDNSAnswerResponse", [
    element("Nameserver", nameServer.replace(/\.$/, "")),
    element("RecordName", name.replace(/\.$/, "")),
    element("RecordType", answers?.[0]?.type ?? type),
    element(
      "RecordData",
      (answers ?? []).map(({ data }) => element("RecordDataEntry", data)),
    ),
    element("ResponseCode", answers ? "NOERROR" : "NXDOMAIN"),
    element("Protocol", "UDP"),
  ]);
}
