import type { WeightedRecord } from "../../ports/steering/dns.ts";
import { canonicalName, fqdn } from "../names.ts";
import { bool, child, element, items, leaf, optionalChild, optionalCount, optionalText, text, type XmlNode } from "../../aws/xml.ts";

/** A public or private hosted zone. `name` is canonical, `id` bare. */
export type Zone = { readonly id: string; readonly name: string; readonly isPrivate: boolean };

/** The continuation of a listing, as query parameters of the next request; null at its end. */
export type NextPage = Readonly<Record<string, string>> | null;

/** A record set of any kind, as far as steering must know it. */
export type RecordSet = Omit<WeightedRecord, "setIdentifier" | "weight"> & {
  readonly setIdentifier?: string;
  readonly weight?: number;
  /** Set where the records are routed by something other than weight. */
  readonly otherPolicy?: string;
  /** Of a failover record. */
  readonly failover?: "PRIMARY" | "SECONDARY";
  /** Set where a traffic policy owns the record set: Route 53 refuses to change it by itself. */
  readonly trafficPolicyInstanceId?: string;
};

const otherPolicies = {
  Region: "latency",
  GeoLocation: "geolocation",
  Failover: "failover",
  MultiValueAnswer: "multivalue",
  CidrRoutingConfig: "IP-based",
  GeoProximityLocation: "geoproximity",
} as const;

/** An id without the `/hostedzone/` or `/change/` that answers put before it. */
export const bareId = (id: string): string => id.replace(/^\/?(?:hostedzone|change)\//, "");

/** Reads a `ListHostedZonesByNameResponse`. @throws XmlShapeError */
export const readZonePage = (node: XmlNode): { zones: readonly Zone[]; next: NextPage } => ({
  zones: items(node, "HostedZones", "HostedZone").map((zone) => {
    const config = optionalChild(zone, "Config");
    return {
      id: bareId(text(zone, "Id")),
      name: canonicalName(text(zone, "Name")),
      isPrivate: config !== undefined && config["PrivateZone"] !== undefined && bool(config, "PrivateZone"),
    };
  }),
  next: bool(node, "IsTruncated") ? { dnsname: text(node, "NextDNSName"), hostedzoneid: bareId(text(node, "NextHostedZoneId")) } : null,
});

/** Reads a `ListResourceRecordSetsResponse`. @throws XmlShapeError */
export const readRecordPage = (node: XmlNode): { recordSets: readonly RecordSet[]; next: NextPage } => {
  const identifier = optionalText(node, "NextRecordIdentifier");
  return {
    recordSets: items(node, "ResourceRecordSets", "ResourceRecordSet").map(readRecordSet),
    next: bool(node, "IsTruncated")
      ? {
          name: text(node, "NextRecordName"),
          type: text(node, "NextRecordType"),
          ...(identifier !== undefined && { identifier }),
        }
      : null,
  };
};

const readRecordSet = (node: XmlNode): RecordSet => {
  const alias = optionalChild(node, "AliasTarget");
  const values = items(node, "ResourceRecords", "ResourceRecord").map((record) => optionalText(record, "Value") ?? "");
  const setIdentifier = optionalText(node, "SetIdentifier");
  const weight = optionalCount(node, "Weight");
  const ttl = optionalCount(node, "TTL");
  const healthCheckId = optionalText(node, "HealthCheckId");
  const trafficPolicyInstanceId = optionalText(node, "TrafficPolicyInstanceId");
  const failover = optionalText(node, "Failover");
  const otherPolicy = Object.entries(otherPolicies).find(([tag]) => node[tag] !== undefined)?.[1];
  return {
    name: canonicalName(text(node, "Name")),
    type: text(node, "Type"),
    ...(setIdentifier !== undefined && { setIdentifier }),
    ...(weight !== undefined && { weight }),
    ...(ttl !== undefined && { ttl }),
    ...(values.length > 0 && { values }),
    ...(alias !== undefined && {
      alias: {
        hostedZoneId: text(alias, "HostedZoneId"),
        dnsName: text(alias, "DNSName"),
        evaluateTargetHealth: bool(alias, "EvaluateTargetHealth"),
      },
    }),
    ...(healthCheckId !== undefined && { healthCheckId }),
    ...(otherPolicy !== undefined && { otherPolicy }),
    ...((failover === "PRIMARY" || failover === "SECONDARY") && { failover }),
    ...(trafficPolicyInstanceId !== undefined && { trafficPolicyInstanceId }),
  };
};

/** Reads the `ChangeInfo` of ChangeResourceRecordSets or GetChange. @throws XmlShapeError */
export const readChangeInfo = (node: XmlNode): { id: string; status: "pending" | "insync" } => {
  const info = child(node, "ChangeInfo");
  return { id: bareId(text(info, "Id")), status: text(info, "Status") === "INSYNC" ? "insync" : "pending" };
};

/** One line of a ChangeBatch. */
export type RecordChange = { readonly action: "CREATE" | "DELETE"; readonly record: WeightedRecord };

/** Writes a `ChangeResourceRecordSetsRequest`; the order of elements is the API's schema. */
export const writeChangeBatch = (changes: readonly RecordChange[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>` +
  `<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">` +
  element("ChangeBatch", element("Changes", ...changes.map(writeChange))) +
  `</ChangeResourceRecordSetsRequest>`;

const writeChange = ({ action, record }: RecordChange): string =>
  element("Change", leaf("Action", action), element("ResourceRecordSet", ...writeRecord(record)));

const writeRecord = (record: WeightedRecord): string[] => [
  leaf("Name", fqdn(record.name)),
  leaf("Type", record.type),
  leaf("SetIdentifier", record.setIdentifier),
  leaf("Weight", record.weight),
  ...(record.ttl === undefined ? [] : [leaf("TTL", record.ttl)]),
  ...(record.values === undefined
    ? []
    : [element("ResourceRecords", ...record.values.map((value) => element("ResourceRecord", leaf("Value", value))))]),
  ...(record.alias === undefined
    ? []
    : [
        element(
          "AliasTarget",
          leaf("HostedZoneId", record.alias.hostedZoneId),
          leaf("DNSName", record.alias.dnsName),
          leaf("EvaluateTargetHealth", record.alias.evaluateTargetHealth),
        ),
      ]),
  ...(record.healthCheckId === undefined ? [] : [leaf("HealthCheckId", record.healthCheckId)]),
];
