import { withDeadline } from "../deadline.ts";
import type { FastlyClient } from "./client.ts";
import { FastlyError } from "./error.ts";
import { SERVICES, domainsOfService, gapOf, listDomains, listServices, listVersionless } from "./listings.ts";
import type { Gap, ListedDomain, ListedService } from "./listings.ts";
import { eachOf } from "../in-parts.ts";
import { createSingleFlight } from "../single-flight.ts";

/** `domains`: those of its active version, lower-case; null where they could not be listed, or no version is active. */
export type FastlyService = ListedService & { readonly domains: readonly string[] | null };

/** What an account has, as far as it could be listed. */
export type FastlyDirectory = {
  readonly services: readonly FastlyService[];
  readonly versionless: readonly ListedDomain[];
  readonly gaps: readonly Gap[];
};

/** How long a listing is cached; one with gaps for less, but so that the readings of one run share it. */
const CACHE_MS = 600_000;
const GAPS_CACHE_MS = 60_000;
/** How long one listing may take, whoever waits for it. */
const LISTING_MS = 90_000;
const LISTS_AT_ONCE = 3;

/**
 * Services and domains that the token sees, listed once for all concurrent callers. A service whose domains cannot be
 * listed is a gap and does not hinder the others. What could be listed of a listing that ran out of time is used for the
 * next one. A listing that fails as a whole is not cached.
 * @throws FastlyError where the services cannot be listed and no domain is known otherwise, or none of them can be
 */
export const createFastlyDirectory = (ask: FastlyClient, now: () => number): ((signal: AbortSignal) => Promise<FastlyDirectory>) => {
  const flight = createSingleFlight<FastlyDirectory>(now, LISTING_MS);
  const known = new Map<string, { readonly domains: readonly string[]; readonly untilMs: number }>();
  let cached: { readonly directory: FastlyDirectory; readonly untilMs: number } | null = null;

  const domainsOf = async ({ id, isActive }: ListedService, gaps: Gap[], signal: AbortSignal): Promise<readonly string[] | null> => {
    if (!isActive) return null;
    const before = known.get(id);
    if (before !== undefined && now() < before.untilMs) return before.domains;
    try {
      const domains = await listDomains(ask, id, signal);
      known.set(id, { domains, untilMs: now() + CACHE_MS });
      return domains;
    } catch (error) {
      if (!(error instanceof FastlyError)) throw error;
      gaps.push(gapOf(domainsOfService(id), error));
      return null;
    }
  };

  const list = async (signal: AbortSignal): Promise<FastlyDirectory> => {
    const [listed, versionless] = await Promise.all([
      listServices(ask, signal).catch((error: unknown) => {
        if (error instanceof FastlyError) return error;
        throw error;
      }),
      listVersionless(ask, signal),
    ]);
    if (listed instanceof FastlyError && (listed.code === "auth" || versionless.items.length === 0)) throw listed;
    const { items, gaps: serviceGaps } = listed instanceof FastlyError ? { items: [], gaps: [gapOf(SERVICES, listed)] } : listed;
    const gaps = [...serviceGaps, ...versionless.gaps];
    const services: FastlyService[] = [];
    const domainGaps: Gap[] = [];
    await eachOf(items, LISTS_AT_ONCE, async (service) => {
      services.push({ ...service, domains: await domainsOf(service, domainGaps, signal) });
    });
    const [first] = domainGaps;
    const isNothingListed = services.every(({ domains }) => domains === null) && versionless.items.length === 0;
    if (first !== undefined && isNothingListed) throw first.error;
    return { services, versionless: versionless.items, gaps: [...gaps, ...domainGaps] };
  };

  const refresh = async (): Promise<FastlyDirectory> => {
    const directory = await withDeadline(LISTING_MS, list);
    const lifeMs = directory.gaps.length === 0 ? CACHE_MS : directory.gaps.some(({ error }) => error.isForLater) ? 0 : GAPS_CACHE_MS;
    cached = { directory, untilMs: now() + lifeMs };
    return directory;
  };

  return async (signal) => {
    if (cached !== null && now() < cached.untilMs) return cached.directory;
    return await flight.join(
      refresh,
      signal,
      () => new FastlyError("deadline", "the account could not be listed within the time of the reading"),
    );
  };
};
