/** A sighting must come within this time of a storm's detection: a later failure says nothing about its beginning. */
export const firstSightMs = 10 * 60_000;

/** How long a sighting is valid, once a storm is corroborated: bridges gaps between checks. */
const sightHoldsMs = 10 * 60_000;

/** A storm whose credit ends sooner than this is checked again; a longer one needs no update. */
const renewBelowMs = sightHoldsMs / 2;

/** The share of the other customers seen on a CDN that must fail, besides the configured minimum number. */
const failingShare = { of: 1, in: 5 } as const;

/** The fewest samples by which a domain counts. */
export const fewestSamples = 3;

/** A verified domain on a CDN, by its latest samples. `site`: the registrable domain that it lies in. */
export type SeenDomain = { readonly customerId: number; readonly site: string; readonly target: string; readonly fails: boolean };

/** How many other customers were seen on the CDN, and how many fail. Never who. */
export type Sighted = { readonly seen: number; readonly failing: number };

/**
 * Counts customers as witnesses of a storm. Neither its own customer is one, nor whoever shares a registrable domain or a target
 * with it or with a witness that was counted before. A customer fails where none of its domains answers.
 */
export const countWitnesses = (
  domains: readonly SeenDomain[],
  own: { readonly customerId: number; readonly sites: readonly string[]; readonly targets: readonly string[] },
): Sighted => {
  const taken = new Set([...own.sites, ...own.targets]);
  const others = Map.groupBy(
    domains.filter(({ customerId }) => customerId !== own.customerId),
    ({ customerId }) => customerId,
  );
  let [seen, failing] = [0, 0];
  for (const its of others.values()) {
    const names = its.flatMap(({ site, target }) => [site, target]);
    if (names.some((name) => taken.has(name))) continue;
    names.forEach((name) => taken.add(name));
    seen += 1;
    if (its.every(({ fails }) => fails)) failing += 1;
  }
  return { seen, failing };
};

/** Whether other customers see a CDN failing: at least so many, and a share of all that are seen on it. */
export const othersSeeIt = ({ seen, failing }: Sighted, minWitnesses: number): boolean =>
  failing >= minWitnesses && failing * failingShare.in >= seen * failingShare.of;

/** Whether the operator's canaries see a CDN failing: there are some, and none of them answers. */
export const canariesSeeIt = (answered: readonly boolean[]): boolean => answered.length > 0 && !answered.includes(true);

/** A storm that waits for a witness (`creditedUntilMs` null), or counts for as long as it has one. */
export type Watched = { readonly detectedAtMs: number; readonly creditedUntilMs: number | null };

/** Until when a storm counts after a sighting now; null: unchanged. */
export const creditedAfter = ({ detectedAtMs, creditedUntilMs }: Watched, nowMs: number): number | null => {
  const isLate = creditedUntilMs === null ? nowMs > detectedAtMs + firstSightMs : nowMs > creditedUntilMs;
  if (isLate || (creditedUntilMs !== null && creditedUntilMs - nowMs > renewBelowMs)) return null;
  return nowMs + sightHoldsMs;
};
