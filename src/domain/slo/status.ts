import { burnRate } from "./burn.ts";
import type { Length } from "./figures.ts";
import { lengthOf, percentOf, ratioOf } from "./figures.ts";
import type { BurnWindow } from "./look-back.ts";
import { lookBacks } from "./look-back.ts";
import type { ObjectiveTerms, SpanUs } from "./objective.ts";
import { allowedUs, budgetParts, windowAt, wholeParts } from "./objective.ts";
import type { Tallies, Tally } from "./tally.ts";

export type { BurnWindow } from "./look-back.ts";
export type { Tallies, Tally } from "./tally.ts";

/** The worst that is true comes first; `insufficient_data` before all, as nothing else is known then. */
export type ObjectiveState = "insufficient_data" | "breaching" | "degraded" | "at_risk" | "healthy";

/**
 * How an objective stands. Each figure is computed once, from integers: minutes to six decimals, halves away from zero; percentages
 * to five decimals, rounded down, so that a target is shown as met exactly where it is; null where nothing was measured.
 */
export type Status = {
  readonly state: ObjectiveState;
  /** The window, microseconds since the epoch; a calendar one reaches into the future. */
  readonly window: SpanUs;
  readonly total: Length;
  /** The error budget. */
  readonly allowed: Length;
  /** Downtime that counts by the objective's terms. */
  readonly consumed: Length;
  /** Negative where more was spent than there was. */
  readonly remaining: Length;
  readonly remainingPercent: number;
  /** Of the measured time, in percent: what did not consume the budget, and what was not down at all. */
  readonly availability: number | null;
  readonly strictAvailability: number | null;
  /** Availability is below the target, exactly. */
  readonly isBreaching: boolean;
  /** There is an outage that is not over, also while nothing is known. */
  readonly isOpen: boolean;
  /** Since when, microseconds since the epoch. */
  readonly openSinceUs: number | null;
  /** All downtime, whoever is to blame. */
  readonly down: Length;
  /** Who is to blame for it: the service itself, and each upstream that is, by name. */
  readonly self: Length;
  readonly upstreams: readonly { readonly cdn: string; readonly down: Length }[];
  /** Of the window so far, since the service was first measured, what was up or down; corrections are taken out of both. */
  readonly measured: Length;
  readonly elapsed: Length;
  /** `elapsed` of the whole window, in percent: under 100 in a calendar window, and while a service is new. */
  readonly windowElapsedPercent: number;
  /** measured / elapsed, to seven decimals, rounded down; null: nothing has elapsed. */
  readonly coverage: number | null;
  /** By look-back; to four decimals. */
  readonly burn: Readonly<Record<BurnWindow, number | null>>;
  /** When the budget is spent at the pace of the last hour, if none of it comes back; 0: it is. Null: never, or not known. */
  readonly exhaustedIn: Length | null;
  readonly avoided: Length;
  readonly reconstructed: boolean;
};

/** Whether too little was measured to say anything: under 90 percent. */
export const isInsufficient = ({ measuredUs, elapsedUs }: Pick<Tally, "measuredUs" | "elapsedUs">): boolean =>
  elapsedUs === 0 || measuredUs * 10 < elapsedUs * 9;

/** consumed / measured > 1 - target, without division. */
const breaches = (terms: ObjectiveTerms, { measuredUs, consumedUs }: Tally): boolean =>
  BigInt(consumedUs) * BigInt(wholeParts) > BigInt(budgetParts(terms)) * BigInt(measuredUs);

/** At the pace of the last hour, rounded down. Beyond what a number holds exactly, 285 years, it is never. */
const exhaustion = (remainingUs: number, { measuredUs, consumedUs }: Tallies["burn"]["1h"]): Length | null => {
  if (remainingUs <= 0) return lengthOf(0);
  if (consumedUs === 0) return null;
  const us = Number((BigInt(remainingUs) * BigInt(measuredUs)) / BigInt(consumedUs));
  return Number.isSafeInteger(us) ? lengthOf(us) : null;
};

const stateOf = (isMeasured: boolean, isBreaching: boolean, isOpen: boolean, remainingUs: number, allowed: number): ObjectiveState => {
  if (!isMeasured) return "insufficient_data";
  if (isBreaching) return "breaching";
  if (isOpen) return "degraded";
  return remainingUs * 5 <= allowed ? "at_risk" : "healthy";
};

/**
 * How an objective stands in a window.
 * @param window the one that the tallies are of
 */
export const statusIn = (terms: ObjectiveTerms, tallies: Tallies, window: SpanUs): Status => {
  const { elapsedUs, measuredUs, downUs, consumedUs } = tallies.window;
  const totalUs = window.toUs - window.fromUs;
  const allowed = allowedUs(terms, totalUs);
  const remainingUs = allowed - consumedUs;
  const isBreaching = breaches(terms, tallies.window);
  const isOpen = tallies.openSinceUs !== null;
  return {
    state: stateOf(!isInsufficient(tallies.window), isBreaching, isOpen, remainingUs, allowed),
    window,
    total: lengthOf(totalUs),
    allowed: lengthOf(allowed),
    consumed: lengthOf(consumedUs),
    remaining: lengthOf(remainingUs),
    remainingPercent: percentOf(remainingUs, allowed) ?? 0,
    availability: percentOf(measuredUs - consumedUs, measuredUs),
    strictAvailability: percentOf(measuredUs - downUs, measuredUs),
    isBreaching,
    isOpen,
    openSinceUs: tallies.openSinceUs,
    down: lengthOf(downUs),
    self: lengthOf(tallies.byUpstream[""] ?? 0),
    upstreams: Object.entries(tallies.byUpstream)
      .filter(([cdn]) => cdn !== "")
      .map(([cdn, us]) => ({ cdn, down: lengthOf(us) }))
      .toSorted((a, b) => (a.cdn < b.cdn ? -1 : 1)),
    measured: lengthOf(measuredUs),
    elapsed: lengthOf(elapsedUs),
    windowElapsedPercent: percentOf(elapsedUs, totalUs) ?? 0,
    coverage: ratioOf(measuredUs, elapsedUs),
    burn: Object.fromEntries(lookBacks.map(({ name }) => [name, burnRate(terms, tallies.burn[name])])) as Status["burn"],
    exhaustedIn: exhaustion(remainingUs, tallies.burn["1h"]),
    avoided: lengthOf(tallies.avoidedUs),
    reconstructed: tallies.reconstructed,
  };
};

/** How an objective stands at a moment. @param nowUs microseconds since the epoch, that of the tallies */
export const statusOf = (terms: ObjectiveTerms, tallies: Tallies, nowUs: number): Status =>
  statusIn(terms, tallies, windowAt(terms, nowUs));
