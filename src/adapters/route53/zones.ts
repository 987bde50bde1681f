import type { Clock } from "../ports/platform/clock.ts";
import { failureOf, isUnsent } from "./api/error.ts";
import { readZonePage, type Zone } from "./api/messages.ts";
import { liesIn } from "./names.ts";
import { pages } from "./api/paging.ts";
import type { Call } from "./api/send.ts";

const ttlMs = 10 * 60_000;
const begunMs = 60_000;
/** How long a failed listing is not retried where it is not required. */
const awayMs = 120_000;
const pageSize = "100";

/**
 * The public zones that a name lies in, on label boundaries (semantics §7), the outermost first, those of one name together: which
 * one serves it is not decided here. `name` is canonical.
 */
export const zonesAround = (zones: readonly Zone[], name: string): readonly (readonly Zone[])[] => {
  const holding = zones.filter((zone) => !zone.isPrivate && liesIn(name, zone.name));
  return [...Map.groupBy(holding, (zone) => zone.name)].toSorted(([a], [b]) => a.length - b.length).map(([, group]) => group);
};

const listing = { path: "hostedzonesbyname", root: "ListHostedZonesByNameResponse", read: readZonePage };

/** An interrupted listing: what it found, and its continuation. */
type Begun = { readonly found: readonly Zone[]; readonly next: Readonly<Record<string, string>>; readonly atMs: number };

export type ZoneDirectory = {
  /** @throws Route53Error; a failure is not cached */
  zones(call: Call): Promise<readonly Zone[]>;
  /** The recent failure of the listing; null: there is none. */
  recentFailure(): unknown;
  /** The last listing, however old; null: none. */
  lastKnown(): readonly Zone[] | null;
  /** Invalidates the cache, where a zone was found deleted. */
  forget(): void;
};

/**
 * Caches the account's zones for ten minutes, and for one an interrupted listing, so that one too long for the time
 * of a single call is finished by the next. Holds data only, never a promise: see `createLimit`.
 */
export const createZoneDirectory = (clock: Clock): ZoneDirectory => {
  let known: { readonly zones: readonly Zone[]; readonly atMs: number } | null = null;
  let begun: Begun | null = null;
  let last: readonly Zone[] | null = null;
  let failed: { readonly thrown: unknown; readonly atMs: number } | null = null;

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
      try {
        const zones = await list(call);
        known = { zones, atMs };
        [last, failed] = [zones, null];
        return zones;
      } catch (thrown) {
        if (!isUnsent(failureOf(thrown))) failed = { thrown, atMs: clock.nowMs() };
        throw thrown;
      }
    },
    recentFailure: () => (failed !== null && clock.nowMs() - failed.atMs < awayMs ? failed.thrown : null),
    lastKnown: () => last,
    forget: () => {
      known = null;
    },
  };
};
