import { readRecordPage, type RecordSet, type Zone } from "./api/messages.ts";
import { fqdn } from "./names.ts";
import { pages } from "./api/paging.ts";
import type { Call } from "./api/send.ts";

// A name holds a handful of record sets: a short page avoids parsing the 300 that follow it.
const namePageSize = "20";
const zonePageSize = "300";

const listingOf = (zone: Zone) => ({
  path: `hostedzone/${zone.id}/rrset`,
  root: "ListResourceRecordSetsResponse",
  read: readRecordPage,
});

/**
 * Every record set of one name (canonical): the listing starts there and ends after it.
 * @throws Route53Error
 */
export const readName = async (call: Call, zone: Zone, name: string): Promise<readonly RecordSet[]> => {
  const found: RecordSet[] = [];
  for await (const { recordSets } of pages(call, listingOf(zone), { name: fqdn(name), maxitems: namePageSize })) {
    const own = recordSets.filter((set) => set.name === name);
    found.push(...own);
    if (own.length < recordSets.length) break;
  }
  return found;
};

/** The record sets of many names by one listing of their zone; a name without any is absent. @throws Route53Error */
export const readNames = async (call: Call, zone: Zone, names: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly RecordSet[]>> => {
  const found = new Map<string, RecordSet[]>();
  for await (const { recordSets } of pages(call, listingOf(zone), { maxitems: zonePageSize })) {
    for (const set of recordSets) {
      if (!names.has(set.name)) continue;
      const known = found.get(set.name);
      if (known === undefined) found.set(set.name, [set]);
      else known.push(set);
    }
  }
  return found;
};
