import { invalidChangeBatch, invalidInput, malformedInput } from "./api-error.ts";
import { InvalidNameError } from "./names.ts";
import { parsePlaces } from "./places.ts";
import type { AliasTarget, Change, ChangeAction, RecordSet } from "./record-set.ts";
import { canonicalRecordSet, RECORD_TYPES } from "./record-set.ts";
import { boolean, integer, lengthChecked, oneOf, rootOf, structure } from "./request-fields.ts";
import type { XmlElement } from "./xml.ts";

export interface ChangeBatch {
  comment?: string;
  changes: Change[];
}

const ROUTING_FIELDS = [
  "Weight",
  "Region",
  "Failover",
  "GeoLocation",
  "MultiValueAnswer",
  "GeoProximityLocation",
  "CidrRoutingConfig",
] as const;
const RECORD_SET_FIELDS = ["Name", "Type", "SetIdentifier", ...ROUTING_FIELDS, "TTL", "ResourceRecords", "AliasTarget", "HealthCheckId"];
const ONE_OF_ROUTING = "[Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig]";
const ONE_OF_DATA = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]";

/**
 * Reads a ChangeResourceRecordSetsRequest. Throws ApiError: MalformedInput when it is not that XML document,
 * InvalidInput when a field is missing, superfluous or out of range, InvalidChangeBatch when a name is not a DNS name. The
 * order of elements is free, as AWS's own clients send them in whatever order they were given. Routing by traffic policy
 * is outside of this server: InvalidInput.
 */
export function parseChangeRequest(body: string): ChangeBatch {
  const root = rootOf(body, "ChangeResourceRecordSetsRequest");
  const [batch] = structure(root, ["ChangeBatch"], ["ChangeBatch"]).values();
  const parts = structure(batch as XmlElement, ["Comment", "Changes"], ["Changes"]);
  const changes = list(parts.get("Changes"), "Change").map(parseChange);
  const comment = parts.get("Comment")?.text;
  return comment === undefined ? { changes } : { comment, changes };
}

function parseChange(change: XmlElement): Change {
  const parts = structure(change, ["Action", "ResourceRecordSet"], ["Action", "ResourceRecordSet"]);
  const action = oneOf(parts.get("Action"), ["CREATE", "DELETE", "UPSERT"] as const, "action");
  const fields = structure(parts.get("ResourceRecordSet") as XmlElement, RECORD_SET_FIELDS, ["Name", "Type"]);
  requireShape(fields, action);
  return { action, recordSet: parseRecordSet(fields) };
}

function requireShape(fields: Map<string, XmlElement>, action: ChangeAction): void {
  const text = (name: string) => fields.get(name)?.text ?? "null";
  const named = ["Name", "Type", "SetIdentifier"].map((name) => `${name}=${text(name)}`).join(", ");
  const where = `in Change with [Action=${action}, ${named}]`;
  const routing = ROUTING_FIELDS.filter((name) => fields.has(name)).length;
  if (fields.has("SetIdentifier") && routing !== 1) {
    const found = routing === 0 ? "none" : "more than one";
    throw invalidInput(`Invalid request: Expected exactly one of ${ONE_OF_ROUTING}, but found ${found} ${where}`);
  }
  if (!fields.has("SetIdentifier") && routing > 0) {
    throw invalidInput(`Invalid request: Missing field 'SetIdentifier' ${where}`);
  }
  const plain = fields.has("TTL") && fields.has("ResourceRecords");
  const anyPlain = fields.has("TTL") || fields.has("ResourceRecords");
  if (fields.has("AliasTarget") ? anyPlain : !plain) {
    const found = fields.has("AliasTarget") ? "more than one" : "none";
    throw invalidInput(`Invalid request: Expected exactly one of ${ONE_OF_DATA}, but found ${found} ${where}`);
  }
}

function parseRecordSet(fields: Map<string, XmlElement>): RecordSet {
  const set: RecordSet = { name: fields.get("Name")?.text ?? "", type: oneOf(fields.get("Type"), RECORD_TYPES, "type"), values: [] };
  const identifier = fields.get("SetIdentifier")?.text;
  if (identifier !== undefined) set.setIdentifier = lengthChecked(identifier, 128, "setIdentifier");
  const weight = fields.get("Weight");
  if (weight) set.weight = integer(weight, 255, "weight");
  const region = fields.get("Region")?.text;
  if (region !== undefined) set.region = lengthChecked(region, 64, "region");
  const failover = fields.get("Failover");
  if (failover) set.failover = oneOf(failover, ["PRIMARY", "SECONDARY"] as const, "failover");
  const multiValue = fields.get("MultiValueAnswer");
  if (multiValue) set.multiValueAnswer = boolean(multiValue, "multiValueAnswer");
  Object.assign(set, parsePlaces(fields));
  const ttl = fields.get("TTL");
  if (ttl) set.ttlSeconds = integer(ttl, 2_147_483_647, "tTL");
  if (fields.has("ResourceRecords")) {
    set.values = list(fields.get("ResourceRecords"), "ResourceRecord").map((record) => {
      const value = structure(record, ["Value"], ["Value"]).get("Value")?.text ?? "";
      return lengthChecked(value, 4000, "resourceRecords");
    });
  }
  const alias = fields.get("AliasTarget");
  if (alias) set.aliasTarget = parseAlias(alias);
  const healthCheckId = fields.get("HealthCheckId")?.text;
  if (healthCheckId !== undefined) set.healthCheckId = lengthChecked(healthCheckId, 64, "healthCheckId");
  try {
    return canonicalRecordSet(set);
  } catch (error) {
    if (error instanceof InvalidNameError) throw invalidChangeBatch([error.message]);
    throw error;
  }
}

function parseAlias(alias: XmlElement): AliasTarget {
  const names = ["HostedZoneId", "DNSName", "EvaluateTargetHealth"];
  const parts = structure(alias, names, names);
  return {
    hostedZoneId: parts.get("HostedZoneId")?.text ?? "",
    dnsName: parts.get("DNSName")?.text ?? "",
    evaluateTargetHealth: boolean(parts.get("EvaluateTargetHealth") as XmlElement, "evaluateTargetHealth"),
  };
}

function list(parent: XmlElement | undefined, itemName: string): XmlElement[] {
  const items = parent?.children ?? [];
  if (items.length === 0) throw malformedInput("Unexpected list element termination");
  const stranger = items.find(({ name }) => name !== itemName);
  if (stranger) throw malformedInput(`${stranger.name} is not valid, expected ${itemName}`);
  return items;
}
