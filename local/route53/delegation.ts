import { isWithinZone } from "./names.ts";
import type { RecordSet } from "./record-set.ts";

/** A public zone as resolvers see it. */
export interface PublicZone {
  readonly id: string;
  readonly name: string;
  /** Its name servers are those that the registry names; asked only where no other zone is above it. */
  readonly registered: boolean;
}

/** `lame`: the name is delegated to name servers that are not to be found here. Null: nobody is responsible for it. */
export type Authority = { zone: PublicZone } | "lame" | null;

/**
 * Finds the zone that answers for a name as a resolver does: from the topmost registered zone downwards, by the NS records of
 * each parent. A zone that its parent does not delegate to, by the name servers of that very zone, is never asked.
 * @param recordsAt the record sets of a zone at a name
 */
export function authorityFor(
  zones: readonly PublicZone[],
  name: string,
  recordsAt: (zone: PublicZone, name: string) => readonly RecordSet[],
): Authority {
  const around = zones.filter((zone) => isWithinZone(name, zone.name)).sort((a, b) => a.name.length - b.name.length);
  const top = around[0]?.name;
  let current = around.find((zone) => zone.name === top && zone.registered);
  if (!current) return null;
  const nameServers = (zone: PublicZone, at: string) =>
    recordsAt(zone, at)
      .find(({ type }) => type === "NS")
      ?.values.map(normal) ?? [];
  for (const cut of suffixes(name, current.name)) {
    const servers = nameServers(current, cut);
    if (servers.length === 0) continue;
    const child = around.find((zone) => zone.name === cut && nameServers(zone, cut).some((server) => servers.includes(server)));
    if (!child) return "lame";
    current = child;
  }
  return { zone: current };
}

/** The names between a zone's own and this one, this one included, from the zone downwards. */
function suffixes(name: string, zoneName: string): string[] {
  const labels = name === zoneName ? [] : name.slice(0, -(zoneName.length + 1)).split(".");
  return labels.map((_, index) => `${labels.slice(labels.length - 1 - index).join(".")}.${zoneName}`);
}

const normal = (server: string): string => server.toLowerCase().replace(/\.?$/, ".");
