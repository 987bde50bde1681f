import type { FastlyClient } from "./client.ts";
import { FastlyError } from "./error.ts";
import { listDomains } from "./listings.ts";
import type { ListedService } from "./listings.ts";

/** Before `untilMs` a service's figures are not known to be those of one host; `reason` is a sentence. */
export type SharedPast = { readonly untilMs: number; readonly reason: string; readonly error: FastlyError | null };

/** Versions that are inspected per service and reading; for who deploys more often the older ones are uncertain. */
const MOST_VERSIONS = 30;

/**
 * Whether a service had other domains in a version that was active after `sinceMs`. A version that was active is locked and
 * never changes again, so its list is fetched once; it was active until its last update at the latest. When domains without
 * versions were added or removed is not recorded.
 * @returns null where the service had no domain but the host since then
 */
export const createDomainHistory = (ask: FastlyClient) => {
  const known = new Map<string, readonly string[]>();

  const domainsOf = async (serviceId: string, version: number, signal: AbortSignal): Promise<readonly string[]> => {
    const key = `${serviceId} ${version}`;
    const domains = known.get(key) ?? (await listDomains(ask, serviceId, signal, version));
    known.set(key, domains);
    return domains;
  };

  return async ({ id, former }: ListedService, host: string, sinceMs: number, signal: AbortSignal): Promise<SharedPast | null> => {
    const recent = former.filter(({ untilMs }) => untilMs > sinceMs).toSorted((a, b) => b.untilMs - a.untilMs);
    for (const [place, { number, untilMs }] of recent.entries()) {
      if (place === MOST_VERSIONS)
        return { untilMs, reason: `Fastly service ${id} has had more than ${MOST_VERSIONS} versions since`, error: null };
      try {
        const others = (await domainsOf(id, number, signal)).filter((name) => name !== host);
        if (others.length > 0)
          return { untilMs, reason: `Fastly service ${id} had other domains too until ${new Date(untilMs).toISOString()}`, error: null };
      } catch (error) {
        if (!(error instanceof FastlyError)) throw error;
        return { untilMs, reason: error.of(`the domain list of version ${number} of Fastly service ${id}`), error };
      }
    }
    return null;
  };
};

export type DomainHistory = ReturnType<typeof createDomainHistory>;
