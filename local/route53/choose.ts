import type { RecordSet } from "./record-set.ts";

/** From where a query comes, as far as routing policies ask. */
export interface Origin {
  /** The AWS region of the least latency. */
  region?: string;
  continentCode?: string;
  countryCode?: string;
  subdivisionCode?: string;
  /** The location of a CIDR collection in which the address lies. */
  cidrLocation?: string;
}

/** What a zone's name servers know when they choose. */
export interface ChoiceContext {
  /** The record sets of a name of this zone. */
  at(name: string): readonly RecordSet[];
  /** Of a health check, by its id. */
  isHealthy(healthCheckId: string): boolean;
  /** Of an alias target that is not in this zone: a resource of AWS. */
  isTargetHealthy(dnsName: string): boolean;
  /** In [0, 1). */
  random(): number;
  origin: Origin;
}

const MAX_ALIASES = 8;
const MAX_MULTIVALUE = 8;

/**
 * Whether a record counts as healthy: its health check is, and so is, where its alias target is evaluated, that target; both
 * have to be. A group of records is healthy when at least one of it is (Route 53 Developer Guide, "How Amazon Route 53 chooses
 * records when health checking is configured").
 */
export function isRecordHealthy(set: RecordSet, context: ChoiceContext, aliases = MAX_ALIASES): boolean {
  if (set.healthCheckId !== undefined && !context.isHealthy(set.healthCheckId)) return false;
  if (!set.aliasTarget?.evaluateTargetHealth) return true;
  const { dnsName } = set.aliasTarget;
  const group = context.at(dnsName).filter(({ type }) => type === set.type);
  if (group.length === 0) return context.isTargetHealthy(dnsName);
  return aliases > 0 && group.some((one) => isRecordHealthy(one, context, aliases - 1));
}

/** Which record sets of one name and type answer: mostly one. */
export function choose(group: readonly RecordSet[], context: ChoiceContext): readonly RecordSet[] {
  const [first] = group;
  if (!first) return [];
  const healthy = (set: RecordSet) => isRecordHealthy(set, context);
  if (first.failover) {
    // Both unhealthy: the primary.
    const primary = group.find(({ failover }) => failover === "PRIMARY");
    const secondary = group.find(({ failover }) => failover === "SECONDARY");
    const chosen = primary && (healthy(primary) || !secondary || !healthy(secondary)) ? primary : secondary;
    return chosen ? [chosen] : [];
  }
  if (first.multiValueAnswer !== undefined) {
    const left = [...eligibleBy(group, healthy)];
    const drawn: RecordSet[] = [];
    while (left.length > 0 && drawn.length < MAX_MULTIVALUE) drawn.push(...left.splice(Math.floor(context.random() * left.length), 1));
    return drawn;
  }
  const near = nearest(group, context.origin, healthy);
  const drawn = draw(eligibleBy(near, healthy), context.random);
  return drawn ? [drawn] : [];
}

/** Those that the place of a query leaves; the policies that do not ask for it leave all. */
function nearest(group: readonly RecordSet[], origin: Origin, healthy: (set: RecordSet) => boolean): readonly RecordSet[] {
  const [first] = group;
  if (first?.geoLocation) {
    const { subdivisionCode, countryCode, continentCode } = origin;
    const at = (wanted: RecordSet["geoLocation"] & {}) =>
      group.find(
        ({ geoLocation: place = {} }) =>
          place.countryCode === wanted.countryCode &&
          place.subdivisionCode === wanted.subdivisionCode &&
          place.continentCode === wanted.continentCode,
      );
    const places = [
      subdivisionCode !== undefined && countryCode !== undefined ? at({ countryCode, subdivisionCode }) : undefined,
      countryCode === undefined ? undefined : at({ countryCode }),
      continentCode === undefined ? undefined : at({ continentCode }),
      at({ countryCode: "*" }),
    ].flatMap((set) => set ?? []);
    // An unhealthy place gives way to the next larger one; where none is healthy the smallest one answers.
    const place = places.find(healthy) ?? places[0];
    return place ? [place] : [];
  }
  if (first?.cidrRoutingConfig) {
    const located = (name: string) => group.filter(({ cidrRoutingConfig }) => cidrRoutingConfig?.locationName === name);
    const own = origin.cidrLocation === undefined ? [] : located(origin.cidrLocation);
    return own.some(healthy) || located("*").length === 0 ? own : located("*");
  }
  const regionOf = ({ region, geoProximityLocation }: RecordSet) => region ?? geoProximityLocation?.awsRegion;
  const here = origin.region === undefined ? [] : group.filter((set) => regionOf(set) === origin.region);
  return here.some(healthy) ? here : group;
}

/**
 * Which of a group may answer (same page of the guide): the healthy ones of non-zero weight; where there are none of these the
 * healthy ones of zero weight; where nothing is healthy all of them, as if all were. A record without a health check is always
 * healthy.
 */
export function eligible(sets: readonly RecordSet[], isHealthy: (healthCheckId: string) => boolean): readonly RecordSet[] {
  return eligibleBy(sets, ({ healthCheckId }) => healthCheckId === undefined || isHealthy(healthCheckId));
}

function eligibleBy(sets: readonly RecordSet[], isHealthy: (set: RecordSet) => boolean): readonly RecordSet[] {
  const healthy = sets.filter(isHealthy);
  if (healthy.length === 0) return sets;
  const weighty = healthy.filter(({ weight }) => weight === undefined || weight > 0);
  return weighty.length > 0 ? weighty : healthy;
}

function draw(sets: readonly RecordSet[], random: () => number): RecordSet | undefined {
  const total = sets.reduce((sum, set) => sum + (set.weight ?? 0), 0);
  if (total === 0) return sets[Math.floor(random() * sets.length)];
  let left = random() * total;
  for (const set of sets) {
    left -= set.weight ?? 0;
    if (left < 0) return set;
  }
  return sets.findLast((set) => (set.weight ?? 0) > 0);
}
