import { z } from "zod";
import type { CloudflareClient } from "./client.ts";
import { CloudflareError } from "./error.ts";
import { withDeadline } from "../deadline.ts";
import { createSingleFlight } from "../single-flight.ts";

/** Zone id by zone name, lower-case. */
export type ZoneIds = ReadonlyMap<string, string>;

/** `gap`: why the list is not known to be whole; null: it is. */
export type ZoneDirectory = { readonly zones: ZoneIds; readonly gap: CloudflareError | null };

const CACHE_MS = 600_000;
/** An incomplete list is fetched again sooner, but not with each reading of a run. */
const GAP_CACHE_MS = 60_000;
const LISTING_MS = 90_000;
/** The most that Cloudflare's list of zones gives at once. */
const PAGE_SIZE = 50;
/** 10,000 zones. An account with more is reported as not read in full. */
const MAX_PAGES = 200;

const zonePage = z.looseObject({
  result: z.array(z.unknown()),
  result_info: z.looseObject({ total_pages: z.int().nonnegative(), total_count: z.int().nonnegative().nullish() }),
});
const zoneRow = z.looseObject({ id: z.string().min(1), name: z.string().min(1) });

/**
 * Active zones of the account, listed once for all concurrent callers and again after ten minutes. A listing that
 * breaks off after its first page is used as far as it goes; one that fails as a whole is not cached.
 */
export function createZoneDirectory(
  client: CloudflareClient,
  zonesUrl: string,
  accountId: string,
  now: () => number,
): (signal: AbortSignal) => Promise<ZoneDirectory> {
  const flight = createSingleFlight<ZoneDirectory>(now, LISTING_MS);
  let cached: { directory: ZoneDirectory; untilMs: number } | null = null;

  async function refresh(): Promise<ZoneDirectory> {
    const directory = await withDeadline(LISTING_MS, (signal) => listZones(client, zonesUrl, accountId, signal));
    cached = { directory, untilMs: now() + (directory.gap === null ? CACHE_MS : directory.gap.isForLater ? 0 : GAP_CACHE_MS) };
    return directory;
  }

  return async (signal) => {
    if (cached !== null && now() < cached.untilMs) return cached.directory;
    return await flight.join(
      refresh,
      signal,
      () => new CloudflareError("deadline", "the zones could not be listed within the time of the reading"),
    );
  };
}

async function listZones(client: CloudflareClient, zonesUrl: string, accountId: string, signal: AbortSignal): Promise<ZoneDirectory> {
  const zones = new Map<string, string>();
  let gap: CloudflareError | null = null;
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const search = new URLSearchParams({ "account.id": accountId, status: "active", page: String(page), per_page: String(PAGE_SIZE) });
    let answer: z.infer<typeof zonePage>;
    try {
      answer = await client.request(`${zonesUrl}?${search.toString()}`, zonePage, { signal });
    } catch (error) {
      if (page === 1 || !(error instanceof CloudflareError)) throw error;
      return { zones, gap: error };
    }
    const before = zones.size;
    for (const row of answer.result) {
      const parsed = zoneRow.safeParse(row);
      if (parsed.success) zones.set(parsed.data.name.toLowerCase(), parsed.data.id);
      else gap ??= new CloudflareError("malformed", "one of its entries makes no sense");
    }
    const { total_pages: total, total_count: count } = answer.result_info;
    pages = total;
    if (page >= pages && zones.size < (count ?? 0)) gap ??= new CloudflareError("malformed", `it names ${zones.size} of ${count} zones`);
    if (page < pages && (zones.size === before || page === MAX_PAGES))
      return { zones, gap: new CloudflareError("malformed", "its pages do not end") };
  }
  return { zones, gap };
}

/** The longest suffix of the host, cut at label boundaries, that is a zone; undefined when none is. */
export function zoneNameForHost(zones: ZoneIds, host: string): string | undefined {
  const labels = host.toLowerCase().split(".");
  const suffixes = labels.map((_, first) => labels.slice(first).join("."));
  return suffixes.find((name) => zones.has(name));
}
