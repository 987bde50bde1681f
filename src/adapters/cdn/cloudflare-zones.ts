import { z } from "zod";
import type { CloudflareClient } from "./cloudflare-client.ts";

/** Zone id by zone name, lower-case. */
export type ZoneIds = ReadonlyMap<string, string>;

const CACHE_MS = 600_000;
/** The most that Cloudflare's list of zones gives at once. */
const PAGE_SIZE = 50;

const zonePage = z.looseObject({
  result: z.array(z.looseObject({ id: z.string().min(1), name: z.string().min(1) })),
  result_info: z.looseObject({ total_pages: z.int().nonnegative() }),
});

/** Active zones of the account, asked for again after ten minutes. A failed listing is not remembered. */
export function createZoneDirectory(
  client: CloudflareClient,
  zonesUrl: string,
  accountId: string,
  now: () => number,
): () => Promise<ZoneIds> {
  let cached: { zones: ZoneIds; expiresAtMs: number } | null = null;
  return async () => {
    if (cached !== null && now() < cached.expiresAtMs) return cached.zones;
    const zones = await listZones(client, zonesUrl, accountId);
    cached = { zones, expiresAtMs: now() + CACHE_MS };
    return zones;
  };
}

async function listZones(client: CloudflareClient, zonesUrl: string, accountId: string): Promise<ZoneIds> {
  const zones = new Map<string, string>();
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const search = new URLSearchParams({
      "account.id": accountId,
      status: "active",
      page: String(page),
      per_page: String(PAGE_SIZE),
    });
    const { result, result_info } = await client.request(`${zonesUrl}?${search.toString()}`, zonePage);
    for (const { id, name } of result) zones.set(name.toLowerCase(), id);
    pages = result_info.total_pages;
  }
  return zones;
}

/** The longest suffix of the host, cut at label boundaries, that is a zone; undefined when none is. */
export function zoneIdForHost(zones: ZoneIds, host: string): string | undefined {
  const labels = host.toLowerCase().split(".");
  for (let first = 0; first < labels.length; first += 1) {
    const zoneId = zones.get(labels.slice(first).join("."));
    if (zoneId !== undefined) return zoneId;
  }
  return undefined;
}
