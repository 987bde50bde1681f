import { isIP } from "node:net";
import { canonicalName, InvalidNameError, isWithinZone } from "./names.ts";
import type { Change, RecordSet } from "./record-set.ts";
import { isIdentical, isSameSet } from "./record-set.ts";

/** Limits of one change batch (Route 53 quotas); an UPSERT counts twice, an alias counts as one record. */
const MAX_BATCH_RECORDS = 1000;
const MAX_BATCH_CHARACTERS = 32_000;
const MAX_WEIGHTED_PER_NAME = 100;

/** What the rules need to know of the zone and of its account. */
export interface RuleContext {
  zoneName: string;
  /** Record sets at that name as they are after the changes before this one. */
  at(name: string): readonly RecordSet[];
  /** A zone of this account by its bare id; undefined for zones of AWS itself, whose alias targets are not checked. */
  zone(id: string): { name: string; at(name: string): readonly RecordSet[] } | undefined;
}

/** Messages about the batch as a whole: its size, and several changes of one record set other than DELETE + CREATE. */
export function checkBatch(changes: readonly Change[]): string[] {
  let records = 0;
  let characters = 0;
  for (const { action, recordSet } of changes) {
    const factor = action === "UPSERT" ? 2 : 1;
    records += factor * Math.max(1, recordSet.values.length);
    characters += factor * recordSet.values.reduce((sum, value) => sum + value.length, 0);
  }
  if (records > MAX_BATCH_RECORDS) return [`Number of records limit of ${MAX_BATCH_RECORDS} exceeded.`];
  if (characters > MAX_BATCH_CHARACTERS) return [`RDATA character limit of ${MAX_BATCH_CHARACTERS} exceeded.`];
  const actions = new Map<string, string[]>();
  const titles = new Map<string, string>();
  for (const { action, recordSet } of changes) {
    const key = JSON.stringify([recordSet.name, recordSet.type, recordSet.setIdentifier]);
    actions.set(key, [...(actions.get(key) ?? []), action]);
    titles.set(key, `${recordSet.type} ${recordSet.name}`);
  }
  return [...actions]
    .filter(([, taken]) => taken.length > 1 && taken.join() !== "DELETE,CREATE")
    .map(([key]) => `The request contains an invalid set of changes for a resource record set '${titles.get(key)}'`);
}

/** Messages about one change, in the words of Route 53 where they are known; empty when it may be applied. */
export function checkChange({ action, recordSet }: Change, context: RuleContext): string[] {
  if (!isWithinZone(recordSet.name, context.zoneName)) {
    return [`RRSet with DNS name ${recordSet.name} is not permitted in zone ${context.zoneName}`];
  }
  const neighbours = context.at(recordSet.name);
  const live = neighbours.find((other) => isSameSet(other, recordSet));
  if (action === "DELETE") return checkDelete(recordSet, live, context.zoneName);
  if (action === "CREATE" && live) {
    return [`Tried to create resource record set ${describe(recordSet)} but it already exists`];
  }
  const others = neighbours.filter((other) => other !== live);
  return [...checkValues(recordSet), ...checkPlace(recordSet, others, context.zoneName), ...checkAlias(recordSet, context)];
}

function checkDelete(set: RecordSet, live: RecordSet | undefined, zoneName: string): string[] {
  const attempt = `Tried to delete resource record set ${describe(set)}`;
  if (!live) return [`${attempt} but it was not found`];
  if (!isIdentical(live, set)) return [`${attempt} but the values provided do not match the current values`];
  if (set.name !== zoneName) return [];
  if (set.type === "SOA") return ["A HostedZone must contain exactly one SOA record."];
  if (set.type === "NS") return ["A HostedZone must contain at least one NS record for the zone itself."];
  return [];
}

function checkPlace(set: RecordSet, others: readonly RecordSet[], zoneName: string): string[] {
  const subject = `RRSet of type ${set.type} with DNS name ${set.name} is not permitted`;
  if (set.type === "CNAME" && set.name === zoneName) return [`${subject} at apex in zone ${zoneName}`];
  if (set.type === "CNAME" && others.some(({ type }) => type !== "CNAME")) {
    return [`${subject} as it conflicts with other records with the same DNS name in zone ${zoneName}`];
  }
  if (set.type !== "CNAME" && others.some(({ type }) => type === "CNAME")) {
    return [`${subject} because a conflicting RRSet of type CNAME with the same DNS name already exists in zone ${zoneName}`];
  }
  return checkGroup(
    set,
    others.filter(({ type }) => type === set.type),
  );
}

/** Record sets of the same name and type have to follow the same routing policy. */
function checkGroup(set: RecordSet, group: readonly RecordSet[]): string[] {
  if (group.length === 0) return [];
  const subject = `RRSet with DNS name ${set.name}, type ${set.type}`;
  if (set.setIdentifier === undefined) {
    return [`${subject} cannot be created as other RRSets exist with the same name and type.`];
  }
  const policy = policyOf(set);
  const identified = `${subject}, SetIdentifier ${set.setIdentifier} cannot be created as`;
  if (group.some((other) => policyOf(other) !== policy)) {
    return [`${identified} a non-${policy} set exists with the same name and type.`];
  }
  const place = placeOf(set);
  if (place !== undefined && group.some((other) => placeOf(other) === place)) {
    return [`${identified} another set exists with the same name, type and ${policy === "failover" ? "failover" : "location"} (${place}).`];
  }
  if (policy !== "weighted") return [];
  const plain = group.filter(({ ttlSeconds }) => ttlSeconds !== undefined);
  if (set.ttlSeconds !== undefined && plain.some(({ ttlSeconds }) => ttlSeconds !== set.ttlSeconds)) {
    return [`${identified} weighted sets must contain the same TTL.`];
  }
  if (group.length >= MAX_WEIGHTED_PER_NAME) {
    return [`${identified} more than ${MAX_WEIGHTED_PER_NAME} weighted sets exist with the same name and type.`];
  }
  return [];
}

function policyOf(set: RecordSet): string {
  if (set.weight !== undefined) return "weighted";
  if (set.region !== undefined) return "latency";
  if (set.failover !== undefined) return "failover";
  if (set.geoLocation) return "geolocation";
  if (set.geoProximityLocation) return "geoproximity";
  if (set.cidrRoutingConfig) return "IP-based";
  return set.multiValueAnswer === undefined ? "simple" : "multivalue answer";
}

/** What two sets of one group must not share. */
function placeOf({ region, failover, geoLocation: geo, cidrRoutingConfig: cidr }: RecordSet): string | undefined {
  if (geo) return [geo.continentCode, geo.countryCode, geo.subdivisionCode].join("/");
  return region ?? failover ?? (cidr && `${cidr.collectionId}/${cidr.locationName}`);
}

function checkValues(set: RecordSet): string[] {
  if (set.aliasTarget) return [];
  // The API reference: one ResourceRecord per weighted record set. A CNAME has one by RFC 1034.
  if (set.values.length > 1 && (set.type === "CNAME" || set.weight !== undefined)) {
    return [`RRSet with DNS name ${set.name}, type ${set.type} cannot have more than one ResourceRecord.`];
  }
  if (new Set(set.values).size < set.values.length) {
    return [`Duplicate Resource Record: '${set.values.find((value, at) => set.values.indexOf(value) !== at)}'`];
  }
  return set.values.flatMap((value) => {
    const fault = valueFault(set.type, value);
    return fault === undefined ? [] : [`Invalid Resource Record: '${fault}'`];
  });
}

function valueFault(type: string, value: string): string | undefined {
  const fatal = (problem: string) => `FATAL problem: ${problem} encountered with '${value}'`;
  if (type === "A") {
    return isIP(value) === 4 ? undefined : fatal("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)");
  }
  if (type === "AAAA") {
    return isIP(value) === 6 ? undefined : fatal("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)");
  }
  if (type === "TXT" || type === "SPF") {
    if (!/^\s*"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*\s*$/.test(value)) {
      return fatal("InvalidCharacterString (Value should be enclosed in quotation marks)");
    }
    const strings = value.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
    const fits = strings.every((text) => text.replace(/\\(?:\d{3}|.)/g, "x").length <= 257);
    return fits ? undefined : fatal("CharacterStringTooLong (Value is too long)");
  }
  if (type !== "CNAME") return undefined;
  try {
    canonicalName(value);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidNameError) return error.message;
    throw error;
  }
}

function checkAlias(set: RecordSet, context: RuleContext): string[] {
  const alias = set.aliasTarget;
  if (alias && set.multiValueAnswer !== undefined)
    return [`RRSet with DNS name ${set.name}, type ${set.type}: a multivalue answer set cannot be an alias.`];
  const zone = alias && context.zone(alias.hostedZoneId);
  if (!alias || !zone) return [];
  const target = `${alias.dnsName}, type ${set.type} in zone ${alias.hostedZoneId},`;
  const attempt = `Tried to create an alias that targets ${target}`;
  const faults: string[] = [];
  if (!isWithinZone(alias.dnsName, zone.name)) {
    faults.push(`${attempt} but the alias target name does not lie within the target zone`);
  }
  if (!zone.at(alias.dnsName).some(({ type }) => type === set.type)) {
    faults.push(`${attempt} but that target was not found`);
  }
  return faults;
}

/** How Route 53 names a record set in its messages. */
function describe(set: RecordSet): string {
  const identifier = set.setIdentifier === undefined ? "" : `, set-identifier='${set.setIdentifier}'`;
  return `[name='${set.name}', type='${set.type}'${identifier}]`;
}
