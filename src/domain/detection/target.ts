import { isPublicAddress } from "./address.ts";
import type { ProbePath } from "./probe.ts";

/**
 * Zones in which a CDN names its customers' deployments, by the names of CDNs in services. A hostname in one of
 * them is the CDN's, for any customer. Other hostnames of a CDN's customers prove nothing.
 */
export const cdnZones: readonly { readonly cdn: string; readonly zone: string }[] = [
  { cdn: "akamai", zones: ["akamaiedge.net", "akamaized.net", "edgekey.net", "edgesuite.net"] },
  { cdn: "azure", zones: ["azurefd.net", "azureedge.net"] },
  { cdn: "bunny", zones: ["b-cdn.net"] },
  { cdn: "cdn77", zones: ["rsc.cdn77.org"] },
  { cdn: "cloudflare", zones: ["cdn.cloudflare.net"] },
  { cdn: "cloudfront", zones: ["cloudfront.net"] },
  { cdn: "fastly", zones: ["fastly.net", "fastlylb.net"] },
  { cdn: "gcore", zones: ["gcdn.co"] },
  { cdn: "keycdn", zones: ["kxcdn.com"] },
].flatMap(({ cdn, zones }) => zones.map((zone) => ({ cdn, zone })));

/** The TXT record by which a host consents to probes for any customer, and the path with the same meaning. */
export const consentName = (host: string): string => `_tranche-probe.${host}`;
export const consentPath = "/.well-known/tranche-probe";

/** Whether a text, of a record or of a page, is the consent. */
export const isConsent = (text: string): boolean => text.trim().toLowerCase() === "allow";

/** Where a name resolves to; `none`: nowhere. */
export type Whereabouts = "public" | "private" | "none";

/**
 * One private address of one resolver is enough: a probe might connect to it.
 * @param readings the addresses from each resolver; null: it was silent
 * @returns null where no resolver answered
 */
export const whereaboutsOf = (readings: readonly (readonly string[] | null)[]): Whereabouts | null => {
  const heard = readings.filter((reading) => reading !== null);
  if (heard.length === 0) return null;
  const addresses = heard.flat();
  if (addresses.some((address) => !isPublicAddress(address))) return "private";
  return addresses.length === 0 ? "none" : "public";
};

/** The rounds in which an unverified claim is probed: those whose number leaves `phase` when it is divided by `period`. */
export type Turn = readonly [phase: number, period: number];

/** An unverified claim is probed in at most one of so many rounds: a tenth of the cadence (semantics §3). */
export const leastPeriod = 10;

/** The facts about a domain's targets that decide whether they are probed. */
export type Restraint = {
  readonly verified: boolean;
  /** Of an unverified domain, the paths whose target consents. */
  readonly turns?: Readonly<Partial<Record<ProbePath, Turn>>> | null;
  /** Paths whose target leads to a private address. */
  readonly privatePaths?: readonly ProbePath[] | null;
};

/**
 * Whether a path is probed in a round.
 * @param restrainsUnverified false: unverified domains are probed as all others are (DOMAIN_VERIFICATION=off, or local use)
 */
export const isProbed = (
  { verified, turns, privatePaths }: Restraint,
  path: ProbePath,
  round: number,
  restrainsUnverified: boolean,
): boolean => {
  if (privatePaths?.includes(path) === true) return false;
  if (verified || !restrainsUnverified) return true;
  const turn = turns?.[path];
  return turn !== undefined && round % turn[1] === turn[0];
};
