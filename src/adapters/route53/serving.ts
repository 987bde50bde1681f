import { cutsOf } from "./delegations.ts";
import { failureOf, isDenied } from "./api/error.ts";
import type { RecordSet, Zone } from "./api/messages.ts";
import { isSteerable } from "./pair.ts";
import { zonesAround } from "./zones.ts";

/** The zone that serves a name, or why none does. `others`: zones that could be mistaken for it, and why they are not used. */
export type Serving = { readonly zone: Zone; readonly others: readonly string[] } | { readonly detail: string };

/** The record sets of a name in a zone. @throws Route53Error */
export type ReadAt = (zone: Zone, name: string) => Promise<readonly RecordSet[]>;

const servers = (sets: readonly RecordSet[]): readonly string[] | null =>
  sets.find(({ type }) => type === "NS")?.values?.map((value) => value.toLowerCase().replace(/\.$/, "")) ?? null;

const title = ({ name, id }: Zone): string => `zone ${name} (${id})`;

const alike = (zones: readonly Zone[], chosen: Zone): readonly string[] =>
  zones
    .filter(({ id }) => id !== chosen.id)
    .map((zone) => `${title(zone)} has the same name and is not the one that is delegated or steered: delete it`);

/** The record sets of a name in a zone; null: the credentials may not read it, as for a zone in which nothing is steered. */
export const permitted = async (at: ReadAt, zone: Zone, name: string): Promise<readonly RecordSet[] | null> => {
  try {
    return await at(zone, name);
  } catch (thrown) {
    if (isDenied(failureOf(thrown))) return null;
    throw thrown;
  }
};

/** Of zones of one name the known one; where it has no records of a name and a single other one has, that one. */
const holding = async (at: ReadAt, zones: readonly Zone[], known: Zone, name: string): Promise<Zone> => {
  const has = async (zone: Zone) => ((await permitted(at, zone, name)) ?? []).some(isSteerable);
  if (zones.length === 1 || (await has(known))) return known;
  const others: Zone[] = [];
  for (const zone of zones) if (zone.id !== known.id && (await has(zone))) others.push(zone);
  return others.length === 1 ? (others[0] ?? known) : known;
};

/** To which name servers a zone delegates at or above `below`, and at which name; null: not at all. */
const handedOn = async (
  at: ReadAt,
  from: Zone,
  below: string,
): Promise<{ readonly cut: string; readonly to: readonly string[] } | null | "unreadable"> => {
  for (const cut of cutsOf(from, below)) {
    const sets = await permitted(at, from, cut);
    if (sets === null) return "unreadable";
    const to = servers(sets);
    if (to !== null) return { cut, to };
  }
  return null;
};

const matching = async (at: ReadAt, zones: readonly Zone[], to: readonly string[]): Promise<readonly Zone[]> => {
  const delegated: Zone[] = [];
  const unreadable: Zone[] = [];
  for (const zone of zones) {
    const sets = await permitted(at, zone, zone.name);
    if (sets === null) unreadable.push(zone);
    else if ((servers(sets) ?? []).some((server) => to.includes(server))) delegated.push(zone);
  }
  // A zone that may not be read is taken where the delegation is to none of the others; reading it reports the missing permission.
  return delegated.length > 0 ? delegated : unreadable.slice(0, 1);
};

/**
 * The zone of the account that serves a name: what the parent delegates decides, not the longest match (RFC 1034 §4.2.1). Of
 * several zones of one name whose parent is not in the account, only a known one can be selected. A parent that may not be
 * read disproves nothing; nor does one that delegates nothing and has no records of the name: it may not be in use.
 * @param knownId the zone in which the name was found before
 * @throws Route53Error
 */
export const servingZone = async (zones: readonly Zone[], name: string, knownId: string | null, at: ReadAt): Promise<Serving> => {
  const [outermost, ...inner] = zonesAround(zones, name);
  if (outermost === undefined)
    return { detail: `no public hosted zone of this AWS account holds ${name}: create it, or use the account that has it` };
  const known = (group: readonly Zone[]): Zone | undefined => group.find(({ id }) => id === knownId);
  let current = outermost.length === 1 ? outermost[0] : known(outermost);
  if (current !== undefined && inner.length === 0) current = await holding(at, outermost, current, name);
  const others = current === undefined ? [] : [...alike(outermost, current)];
  for (const group of inner) {
    const [first] = group;
    if (first === undefined) continue;
    if (current === undefined) {
      current = group.length === 1 ? first : known(group);
      continue;
    }
    const parent: Zone = current;
    const handing = await handedOn(at, parent, first.name);
    if (handing === "unreadable") {
      current = known(group) ?? (parent.id === knownId || group.length > 1 ? parent : first);
      continue;
    }
    const proven = known(group);
    if (handing === null && proven !== undefined && !(await at(parent, name)).some(isSteerable)) {
      others.push(
        ...alike(group, proven),
        `${title(parent)} does not delegate ${title(proven)}, where ${name} was found before, and has no records of it: delegate it by NS records, or delete ${title(parent)} if nobody asks it`,
      );
      current = proven;
      continue;
    }
    if (handing === null) {
      others.push(
        ...group.map(
          (zone) =>
            `${title(zone)} is not delegated by ${title(parent)}: its records are never asked for; delegate it by NS records, or delete it`,
        ),
      );
      continue;
    }
    if (handing.cut !== first.name) {
      // Zones in between are not in this account, and may delegate anywhere.
      current = group.length === 1 ? first : (known(group) ?? current);
      continue;
    }
    const delegated = await matching(at, group, handing.to);
    const chosen = known(delegated) ?? delegated[0];
    if (chosen === undefined) {
      return {
        detail:
          `${first.name} is delegated by NS records in ${title(parent)} to ${handing.to.join(", ")}, which are not the name servers of ` +
          `${group.map(title).join(", ")}: records there are never asked for; correct the delegation, or use the account that holds the zone`,
      };
    }
    others.push(...alike(group, chosen));
    current = chosen;
  }
  if (current !== undefined) return { zone: current, others };
  return {
    detail: `public hosted zones ${outermost.map(({ id }) => id).join(", ")} are all named ${outermost[0]?.name} and only one can be delegated: delete the others`,
  };
};
