import { cutsOf } from "./delegations.ts";
import type { RecordSet, Zone } from "./messages.ts";
import { zonesAround } from "./zones.ts";

/** The zone that serves a name, or why none does. `others`: zones that could be taken for it, and why they are not. */
export type Serving = { readonly zone: Zone; readonly others: readonly string[] } | { readonly detail: string };

/** The record sets of a name in a zone. @throws Route53Error */
export type ReadAt = (zone: Zone, name: string) => Promise<readonly RecordSet[]>;

const servers = (sets: readonly RecordSet[]): readonly string[] | null =>
  sets.find(({ type }) => type === "NS")?.values?.map((value) => value.toLowerCase().replace(/\.$/, "")) ?? null;

const title = ({ name, id }: Zone): string => `zone ${name} (${id})`;

const alike = (zones: readonly Zone[], chosen: Zone): readonly string[] =>
  zones.filter(({ id }) => id !== chosen.id).map((zone) => `${title(zone)} has the same name and is not the one that is delegated or steered: delete it`);

/** To which name servers a zone hands on what lies at or above `below`, and at which name; null: to none. */
const handedOn = async (at: ReadAt, from: Zone, below: string): Promise<{ readonly cut: string; readonly to: readonly string[] } | null> => {
  for (const cut of cutsOf(from, below)) {
    const to = servers(await at(from, cut));
    if (to !== null) return { cut, to };
  }
  return null;
};

const matching = async (at: ReadAt, zones: readonly Zone[], to: readonly string[]): Promise<readonly Zone[]> => {
  const delegated: Zone[] = [];
  for (const zone of zones) {
    const own = servers(await at(zone, zone.name)) ?? [];
    if (own.some((server) => to.includes(server))) delegated.push(zone);
  }
  return delegated;
};

/**
 * The zone of the account that serves a name: what the parent delegates decides, not the longest match (RFC 1034 §4.2.1). Of
 * several zones of one name whose parent is not in the account, only a known one can be told from the others.
 * @param knownId the zone in which the name was found before
 * @throws Route53Error
 */
export const servingZone = async (zones: readonly Zone[], name: string, knownId: string | null, at: ReadAt): Promise<Serving> => {
  const [outermost, ...inner] = zonesAround(zones, name);
  if (outermost === undefined) return { detail: `no public hosted zone of this AWS account holds ${name}: create it, or use the account that has it` };
  const known = (group: readonly Zone[]): Zone | undefined => group.find(({ id }) => id === knownId);
  let current = outermost.length === 1 ? outermost[0] : known(outermost);
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
    if (handing === null) {
      others.push(...group.map((zone) => `${title(zone)} is not delegated by ${title(parent)}: its records are never asked for; delegate it by NS records, or delete it`));
      continue;
    }
    if (handing.cut !== first.name) {
      // What lies between them is not in this account, and hands on what it likes.
      current = group.length === 1 ? first : (known(group) ?? current);
      continue;
    }
    const delegated = await matching(at, group, handing.to);
    const chosen = known(delegated) ?? delegated[0];
    if (chosen === undefined) {
      return {
        detail: `${first.name} is delegated by NS records in ${title(parent)} to ${handing.to.join(", ")}, which are not the name servers of ` +
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
