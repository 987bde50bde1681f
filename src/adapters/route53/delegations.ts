import type { RecordSet, Zone } from "./api/messages.ts";

/** Stands for the name of a zone that is known by its id alone. */
export const unnamed = "";

/**
 * The names between a zone and a name below it (both canonical), the name itself included, at which the zone could delegate
 * to other name servers; the outermost first. `a.b.example.com` in `example.com`: `b.example.com`, `a.b.example.com`.
 */
export const cutsOf = (zone: Zone, name: string): readonly string[] => {
  // Of a zone that is known by its id alone only is known that the name was found there.
  if (name === zone.name || zone.name === unnamed) return [];
  const labels = name.slice(0, -zone.name.length - 1).split(".");
  return labels.map((_, index) => [...labels.slice(labels.length - 1 - index), zone.name].join("."));
};

/**
 * Why records of a name in this zone are never queried: an NS record set at a cut above or at it delegates the name to
 * another zone (RFC 1034 §4.2.1). Null where none does. A zone of the account itself would have been the longer match.
 * @param at the record sets at a cut
 */
export const delegationOf = (zone: Zone, name: string, at: (cut: string) => readonly RecordSet[]): string | null => {
  for (const cut of cutsOf(zone, name)) {
    const servers = at(cut).find(({ type }) => type === "NS");
    if (servers === undefined) continue;
    const to = (servers.values ?? []).map((value) => value.replace(/\.$/, "")).join(", ");
    return (
      `${cut} is delegated by NS records in zone ${zone.name} (${zone.id}) to ${to}, outside of this AWS account: records of ` +
      `${name} in that zone are never asked for; use the account that holds the zone ${cut}, or remove the delegation`
    );
  }
  return null;
};
