import type { Clock } from "../ports/clock.ts";
import { readZonePage, type Zone } from "./messages.ts";
import { liesIn } from "./names.ts";
import { pages } from "./paging.ts";
import type { Call } from "./send.ts";

const ttlMs = 10 * 60_000;
const pageSize = "100";

/**
 * The public zones that serve a name, by the longest match on label boundaries (semantics §7): none, one, or several
 * of the same name, of which only the parent's delegation tells the live one. `name` is canonical.
 */
export const zonesServing = (zones: readonly Zone[], name: string): readonly Zone[] => {
  const holding = zones.filter((zone) => !zone.isPrivate && liesIn(name, zone.name));
  const longest = holding.reduce((length, zone) => Math.max(length, zone.name.length), 0);
  return holding.filter((zone) => zone.name.length === longest);
};

const listing = { path: "hostedzonesbyname", root: "ListHostedZonesByNameResponse", read: readZonePage };

/** All hosted zones of the account, listed by name. @throws Route53Error */
export const listZones = async (call: Call): Promise<readonly Zone[]> => {
  const found: Zone[] = [];
  for await (const { zones } of pages(call, listing, { maxitems: pageSize })) found.push(...zones);
  return found;
};

export type ZoneDirectory = {
  /** @throws Route53Error; a failure is not remembered */
  zones(call: Call): Promise<readonly Zone[]>;
  /** A zone turned out to be gone: the next question asks Route 53. */
  forget(): void;
};

/** Remembers the account's zones for ten minutes. Holds data only, never a promise: see `createLimit`. */
export const createZoneDirectory = (clock: Clock): ZoneDirectory => {
  let known: { readonly zones: readonly Zone[]; readonly atMs: number } | null = null;
  return {
    zones: async (call) => {
      if (known !== null && clock.nowMs() - known.atMs < ttlMs) return known.zones;
      const atMs = clock.nowMs();
      const zones = await listZones(call);
      known = { zones, atMs };
      return zones;
    },
    forget: () => {
      known = null;
    },
  };
};
