/** A sighting comes within so long of a storm's detection, or is none of it: a blip hours later says nothing of how it began. */
export const firstSightMs = 10 * 60_000;

/** So long a sighting stands for, once a storm is corroborated: a gap in which nobody could look takes nothing away. */
const sightHoldsMs = 10 * 60_000;

/** A storm whose time is over sooner than this is looked after again; of one that has more, nothing needs to be stored. */
const renewBelowMs = sightHoldsMs / 2;

/** Of the other customers that are seen on a CDN so many must fail, beside the number that the operator asks for. */
const failingShare = { of: 1, in: 5 } as const;

/** Samples of a domain that say something of it. */
export const fewestSamples = 3;

/** A verified domain on a CDN, by its latest samples. `site`: the registrable domain that it lies in. */
export type SeenDomain = { readonly customerId: number; readonly site: string; readonly target: string; readonly fails: boolean };

/** How many other customers were seen on the CDN, and how many of them fail. Never who. */
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
  const others = Map.groupBy(domains.filter(({ customerId }) => customerId !== own.customerId), ({ customerId }) => customerId);
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

/** Whether other customers see a CDN failing: at least so many, and a part of all that are seen on it. */
export const othersSeeIt = ({ seen, failing }: Sighted, minWitnesses: number): boolean =>
  failing >= minWitnesses && failing * failingShare.in >= seen * failingShare.of;

/** Whether the operator's canaries see a CDN failing: there are some, and none of them answers. */
export const canariesSeeIt = (answered: readonly boolean[]): boolean => answered.length > 0 && !answered.includes(true);

/** A storm that waits for a witness (`creditedUntilMs` null), or counts for as long as it has one. */
export type Watched = { readonly detectedAtMs: number; readonly creditedUntilMs: number | null };

/** Until when a storm counts after a sighting now; null: as before. */
export const creditedAfter = ({ detectedAtMs, creditedUntilMs }: Watched, nowMs: number): number | null => {
  const isLate = creditedUntilMs === null ? nowMs > detectedAtMs + firstSightMs : nowMs > creditedUntilMs;
  if (isLate || (creditedUntilMs !== null && creditedUntilMs - nowMs > renewBelowMs)) return null;
  return nowMs + sightHoldsMs;
};
