import type { Clock } from "../ports/clock.ts";
import { readZonePage, type Zone } from "./messages.ts";
import { liesIn } from "./names.ts";
import { pages } from "./paging.ts";
import type { Call } from "./send.ts";

const ttlMs = 10 * 60_000;
const begunMs = 60_000;
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

/** A listing that was broken off: what it had found, and where it goes on. */
type Begun = { readonly found: readonly Zone[]; readonly next: Readonly<Record<string, string>>; readonly atMs: number };

export type ZoneDirectory = {
  /** @throws Route53Error; a failure is not remembered */
  zones(call: Call): Promise<readonly Zone[]>;
  /** A zone turned out to be gone: the next question asks Route 53. */
  forget(): void;
};

/**
 * Remembers the account's zones for ten minutes, and for one a listing that was broken off, so that one too long for the time
 * of a single call is finished by the next. Holds data only, never a promise: see `createLimit`.
 */
export const createZoneDirectory = (clock: Clock): ZoneDirectory => {
  let known: { readonly zones: readonly Zone[]; readonly atMs: number } | null = null;
  let begun: Begun | null = null;

  /** All hosted zones of the account, listed by name. */
  const list = async (call: Call): Promise<readonly Zone[]> => {
    const atMs = clock.nowMs();
    const before = begun !== null && atMs - begun.atMs < begunMs ? begun : null;
    begun = null;
    const found: Zone[] = [...(before?.found ?? [])];
    for await (const { zones, next } of pages(call, listing, { ...before?.next, maxitems: pageSize })) {
      found.push(...zones);
      begun = next === null ? null : { found: [...found], next, atMs: before?.atMs ?? atMs };
    }
    return found;
  };

  return {
    zones: async (call) => {
      if (known !== null && clock.nowMs() - known.atMs < ttlMs) return known.zones;
      const atMs = clock.nowMs();
      const zones = await list(call);
      known = { zones, atMs };
      return zones;
    },
    forget: () => {
      known = null;
    },
  };
};
