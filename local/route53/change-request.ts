import type { ApiError } from "./api-error.ts";
import { invalidChangeBatch, invalidInput, malformedInput } from "./api-error.ts";
import { InvalidNameError } from "./names.ts";
import type { AliasTarget, Change, ChangeAction, RecordSet, RecordType } from "./record-set.ts";
import { canonicalRecordSet, RECORD_TYPES } from "./record-set.ts";
import type { XmlElement } from "./xml.ts";
import { MalformedXmlError, parseXml, ROUTE53_NAMESPACE } from "./xml.ts";

export interface ChangeBatch {
  comment?: string;
  changes: Change[];
}

const ROUTING_FIELDS = ["Weight", "Region", "Failover", "MultiValueAnswer"] as const;
/** Order matters: the API reference has the elements appear in the order listed there. */
const RECORD_SET_FIELDS = [
  "Name", "Type", "SetIdentifier", ...ROUTING_FIELDS, "TTL", "ResourceRecords", "AliasTarget", "HealthCheckId",
];
const ONE_OF_ROUTING =
  "[Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig]";
const ONE_OF_DATA = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]";

/**
 * Reads a ChangeResourceRecordSetsRequest. Throws ApiError: MalformedInput when it is not that XML document,
 * InvalidInput when a field is missing, superfluous, out of place or out of range, InvalidChangeBatch when a name is
 * not a DNS name. Routing by geography, CIDR and traffic policy is outside of this server: InvalidInput.
 */
export function parseChangeRequest(body: string): ChangeBatch {
  const root = parseRoot(body);
  const [batch] = structure(root, ["ChangeBatch"], ["ChangeBatch"]).values();
  const parts = structure(batch as XmlElement, ["Comment", "Changes"], ["Changes"]);
  const changes = list(parts.get("Changes"), "Change").map(parseChange);
  const comment = parts.get("Comment")?.text;
  return comment === undefined ? { changes } : { comment, changes };
}

function parseRoot(body: string): XmlElement {
  const expected = "ChangeResourceRecordSetsRequest";
  let root: XmlElement;
  try {
    root = parseXml(body);
  } catch (error) {
    if (error instanceof MalformedXmlError) throw malformedInput(`Unable to parse XML: ${error.message}`);
    throw error;
  }
  if (root.name !== expected) throw malformedInput(`${root.name} is not valid, expected ${expected}`);
  if (root.attributes.xmlns !== ROUTE53_NAMESPACE) {
    throw invalidInput(`Invalid XML ; cvc-elt.1: Cannot find the declaration of element '${root.name}'.`);
  }
  return root;
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
  const set: RecordSet = { name: fields.get("Name")?.text ?? "", type: parseType(fields.get("Type")), values: [] };
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

/** The children by name: only `allowed` ones, each at most once, in that order, all `required` ones there. */
function structure(parent: XmlElement, allowed: string[], required: string[]): Map<string, XmlElement> {
  const found = new Map<string, XmlElement>();
  let next = 0;
  for (const child of parent.children) {
    const position = allowed.indexOf(child.name, next);
    if (position < 0) {
      const expected = allowed.slice(next).map((name) => `"${ROUTE53_NAMESPACE}":${name}`);
      throw invalidInput(
        "Invalid XML ; cvc-complex-type.2.4.a: Invalid content was found starting with element " +
          `'${child.name}'. One of '{${expected.join(", ")}}' is expected.`,
      );
    }
    next = position + 1;
    found.set(child.name, child);
  }
  const missing = required.find((name) => !found.has(name));
  if (missing === undefined) return found;
  throw invalidInput(
    `Invalid XML ; cvc-complex-type.2.4.b: The content of element '${parent.name}' is not complete. ` +
      `One of '{"${ROUTE53_NAMESPACE}":${missing}}' is expected.`,
  );
}

function list(parent: XmlElement | undefined, itemName: string): XmlElement[] {
  const items = parent?.children ?? [];
  if (items.length === 0) throw malformedInput("Unexpected list element termination");
  const stranger = items.find(({ name }) => name !== itemName);
  if (stranger) throw malformedInput(`${stranger.name} is not valid, expected ${itemName}`);
  return items;
}

function parseType(field: XmlElement | undefined): RecordType {
  return oneOf(field, RECORD_TYPES, "type");
}

function oneOf<const T extends string>(field: XmlElement | undefined, allowed: readonly T[], path: string): T {
  const value = allowed.find((candidate) => candidate === field?.text);
  if (value !== undefined) return value;
  throw constraint(field?.text ?? "", path, `Member must satisfy enum value set: [${allowed.join(", ")}]`);
}

function integer(field: XmlElement, max: number, path: string): number {
  if (!/^-?\d{1,15}$/.test(field.text)) throw malformedInput(`'${field.text}' is not a valid integer for ${path}`);
  const value = Number(field.text);
  if (value < 0) throw constraint(field.text, path, "Member must have value greater than or equal to 0");
  if (value > max) throw constraint(field.text, path, `Member must have value less than or equal to ${max}`);
  return value;
}

function boolean(field: XmlElement, path: string): boolean {
  if (field.text !== "true" && field.text !== "false") {
    throw malformedInput(`'${field.text}' is not a valid boolean for ${path}`);
  }
  return field.text === "true";
}

function lengthChecked(text: string, max: number, path: string): string {
  if (text.length < 1) throw constraint(text, path, "Member must have length greater than or equal to 1");
  if (text.length > max) throw constraint(text, path, `Member must have length less than or equal to ${max}`);
  return text;
}

function constraint(value: string, path: string, rule: string): ApiError {
  const where = `'${value}' at 'changeBatch.changes.member.resourceRecordSet.${path}'`;
  return invalidInput(`1 validation error detected: Value ${where} failed to satisfy constraint: ${rule}`);
}
