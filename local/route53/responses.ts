import { renderPlaces } from "./places.ts";
import type { RecordSet } from "./record-set.ts";
import type { AcceptedChange, Zone } from "./store.ts";
import type { Markup } from "./xml.ts";
import { element } from "./xml.ts";

/** `<HostedZone>`: ids are answered with their `/hostedzone/` prefix, names with trailing dot. */
export function renderZone(zone: Zone, recordCount: number): Markup {
  return element("HostedZone", [
    element("Id", `/hostedzone/${zone.id}`),
    element("Name", zone.name),
    element("CallerReference", zone.callerReference),
    element("Config", [...(zone.comment === undefined ? [] : [element("Comment", zone.comment)]), element("PrivateZone", zone.private)]),
    element("ResourceRecordSetCount", recordCount),
  ]);
}

/** What GetHostedZone adds: name servers of a public zone, VPCs of a private one. */
export function renderZoneHome(zone: Zone, nameServers: readonly string[]): Markup {
  if (zone.private) {
    return element("VPCs", [element("VPC", [element("VPCRegion", "us-east-1"), element("VPCId", "vpc-0local")])]);
  }
  const servers = nameServers.map((server) => element("NameServer", server.replace(/\.$/, "")));
  return element("DelegationSet", [element("NameServers", servers)]);
}

export function renderRecordSet(set: RecordSet): Markup {
  const parts = [element("Name", set.name), element("Type", set.type)];
  if (set.setIdentifier !== undefined) parts.push(element("SetIdentifier", set.setIdentifier));
  if (set.weight !== undefined) parts.push(element("Weight", set.weight));
  if (set.region !== undefined) parts.push(element("Region", set.region));
  const { geo, rest } = renderPlaces(set);
  parts.push(...geo);
  if (set.failover !== undefined) parts.push(element("Failover", set.failover));
  if (set.multiValueAnswer !== undefined) parts.push(element("MultiValueAnswer", set.multiValueAnswer));
  if (set.ttlSeconds !== undefined) parts.push(element("TTL", set.ttlSeconds));
  const records = set.values.map((value) => element("ResourceRecord", [element("Value", value)]));
  if (records.length > 0) parts.push(element("ResourceRecords", records));
  if (set.aliasTarget) {
    parts.push(
      element("AliasTarget", [
        element("HostedZoneId", set.aliasTarget.hostedZoneId),
        element("DNSName", set.aliasTarget.dnsName),
        element("EvaluateTargetHealth", set.aliasTarget.evaluateTargetHealth),
      ]),
    );
  }
  if (set.healthCheckId !== undefined) parts.push(element("HealthCheckId", set.healthCheckId));
  return element("ResourceRecordSet", [...parts, ...rest]);
}

export function renderChangeInfo(change: AcceptedChange, inSync: boolean): Markup {
  const parts = [
    element("Id", `/change/${change.changeId}`),
    element("Status", inSync ? "INSYNC" : "PENDING"),
    element("SubmittedAt", new Date(change.acceptedAtMs).toISOString()),
  ];
  if (change.comment !== undefined) parts.push(element("Comment", change.comment));
  return element("ChangeInfo", parts);
}
