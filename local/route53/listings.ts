import { ApiError, invalidInput } from "./api-error.ts";
import { canonicalName, compareAscii, InvalidNameError, reversedName } from "./names.ts";
import { RECORD_TYPES } from "./record-set.ts";
import { renderRecordSet, renderZone } from "./responses.ts";
import type { Store, Zone } from "./store.ts";
import { compareSortKeys, sortKey } from "./store.ts";
import { element, xmlDocument } from "./xml.ts";

const MAX_ZONES = 100;
const MAX_RECORD_SETS = 300;

/** GET hostedzone: zones of the account in the order of creation, continued with `marker` = NextMarker. */
export function listHostedZones(store: Store, accountId: string, query: URLSearchParams): string {
  const maxItems = parseMaxItems(query, MAX_ZONES);
  const marker = query.get("marker");
  const zones = store.zones.filter((zone) => zone.accountId === accountId);
  const start = marker === null ? 0 : zones.findIndex(({ id }) => id === marker);
  if (start < 0) throw invalidInput(`The marker '${marker}' is not valid.`);
  const { items, next } = page(zones, start, maxItems);
  return xmlDocument("ListHostedZonesResponse", [
    element(
      "HostedZones",
      items.map((zone) => renderZone(zone, store.sorted(zone.id).length)),
    ),
    ...(marker === null ? [] : [element("Marker", marker)]),
    element("IsTruncated", next !== undefined),
    ...(next ? [element("NextMarker", next.id)] : []),
    element("MaxItems", maxItems),
  ]);
}

/** GET hostedzonesbyname: all zones of the account by name with labels reversed, *from* `dnsname` on; it is a start, not a filter. */
export function listHostedZonesByName(store: Store, accountId: string, query: URLSearchParams): string {
  const maxItems = parseMaxItems(query, MAX_ZONES);
  const dnsName = query.get("dnsname");
  const zoneId = query.get("hostedzoneid");
  if (zoneId !== null && dnsName === null) throw invalidInput("hostedzoneid requires dnsname.");
  const key = (zone: Zone) => reversedName(zone.name);
  const own = store.zones.filter((zone) => zone.accountId === accountId);
  const zones = own.sort((a, b) => compareAscii(key(a), key(b)) || compareAscii(a.id, b.id));
  const from = dnsName === null ? "" : reversedName(parseName(dnsName, "InvalidDomainName"));
  const start = zones.findIndex((zone) => key(zone) > from || (key(zone) === from && zone.id >= (zoneId ?? "")));
  const { items, next } = page(zones, start < 0 ? zones.length : start, maxItems);
  return xmlDocument("ListHostedZonesByNameResponse", [
    element(
      "HostedZones",
      items.map((zone) => renderZone(zone, store.sorted(zone.id).length)),
    ),
    ...(dnsName === null ? [] : [element("DNSName", parseName(dnsName, "InvalidDomainName"))]),
    ...(zoneId === null ? [] : [element("HostedZoneId", zoneId)]),
    element("IsTruncated", next !== undefined),
    ...(next ? [element("NextDNSName", next.name), element("NextHostedZoneId", next.id)] : []),
    element("MaxItems", maxItems),
  ]);
}

/** GET rrset: from (name, type, identifier) on, at most 300; `type` needs `name`, `identifier` needs both. */
export function listResourceRecordSets(store: Store, zoneId: string, query: URLSearchParams): string {
  const sets = store.sorted(zoneId);
  const maxItems = parseMaxItems(query, MAX_RECORD_SETS);
  const name = query.get("name");
  const type = query.get("type");
  const identifier = query.get("identifier");
  if (type !== null && name === null) throw invalidInput("type requires name.");
  if (identifier !== null && type === null) throw invalidInput("identifier requires name and type.");
  if (type !== null && !RECORD_TYPES.some((known) => known === type)) throw invalidInput(`Unknown type '${type}'.`);
  let start = 0;
  if (name !== null) {
    const canonical = parseName(name, "InvalidInput");
    const from = sortKey({ name: canonical, type: type ?? "", setIdentifier: identifier ?? "" });
    start = sets.findIndex((set) => compareSortKeys(sortKey(set), from) >= 0);
  }
  const { items, next } = page(sets, start < 0 ? sets.length : start, maxItems);
  return xmlDocument("ListResourceRecordSetsResponse", [
    element("ResourceRecordSets", items.map(renderRecordSet)),
    element("IsTruncated", next !== undefined),
    ...(next ? [element("NextRecordName", next.name), element("NextRecordType", next.type)] : []),
    ...(next?.setIdentifier === undefined ? [] : [element("NextRecordIdentifier", next.setIdentifier)]),
    element("MaxItems", maxItems),
  ]);
}

function page<T>(all: readonly T[], start: number, maxItems: number): { items: readonly T[]; next: T | undefined } {
  return { items: all.slice(start, start + maxItems), next: all[start + maxItems] };
}

/** A larger number than the maximum is not an error: the page is just not longer. */
function parseMaxItems(query: URLSearchParams, max: number): number {
  const text = query.get("maxitems");
  if (text === null) return max;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw invalidInput(`'${text}' is not a valid value for maxitems.`);
  return Math.min(Number(text), max);
}

function parseName(name: string, code: string): string {
  try {
    return canonicalName(name);
  } catch (error) {
    if (error instanceof InvalidNameError) throw new ApiError(400, code, error.message);
    throw error;
  }
}
