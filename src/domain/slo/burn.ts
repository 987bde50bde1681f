import type { Rational } from "../billing/money.ts";
import { compare, fraction, roundHalfAway } from "../billing/money.ts";
import type { BurnWindow } from "./look-back.ts";
import { factorDays, lookBackUs } from "./look-back.ts";
import type { ObjectiveTerms } from "./objective.ts";
import { budgetParts, daysOf, wholeParts } from "./objective.ts";
import type { Tally } from "./tally.ts";

/** A burn alert with two look-backs: the long one says that it matters, the short one that it still goes on. */
export type Tier = {
  readonly name: "1h" | "6h" | "3d";
  readonly long: BurnWindow;
  readonly short: BurnWindow;
  /** Microseconds. */
  readonly longUs: number;
  readonly shortUs: number;
  /** It fires when both burn more than this many times as fast as the budget allows. */
  readonly factor: number;
  readonly exactFactor: Rational;
  /** Why it can never fire, in words for its owner; null: it can. */
  readonly unreachable: string | null;
};

/** Factors in a window of 30 days, in tenths: they spend 2, 5 and 10 percent of its budget within the long look-back. */
const pairs: readonly (Pick<Tier, "name" | "long" | "short"> & { readonly tenths: number })[] = [
  { name: "1h", long: "1h", short: "5m", tenths: 144 },
  { name: "6h", long: "6h", short: "30m", tenths: 60 },
  { name: "3d", long: "3d", short: "6h", tenths: 10 },
];

/** To four decimals, halves away from zero. */
const rounded = ({ numerator, denominator }: Rational): number =>
  Number(roundHalfAway({ numerator: numerator * 10_000n, denominator })) / 1e4;

/** A threshold with two decimals, exactly. */
const hundredths = (value: number): Rational => fraction(BigInt(Math.round(value * 100)), 100n);

/** How fast a total outage burns: nothing is faster. */
const fastest = (terms: Pick<ObjectiveTerms, "target">): Rational => fraction(BigInt(wholeParts), BigInt(budgetParts(terms)));

/** The three tiers of an objective. @param nowUs microseconds since the epoch, by which a calendar month has its days */
export const tiers = (terms: ObjectiveTerms, nowUs: number): readonly Tier[] => {
  const days = BigInt(factorDays(terms, daysOf(terms, nowUs)));
  return pairs.map(({ name, long, short, tenths }) => {
    const exactFactor = fraction(BigInt(tenths) * days, 300n);
    const factor = rounded(exactFactor);
    const isReachable = compare(fastest(terms), exactFactor) > 0;
    return {
      name,
      long,
      short,
      longUs: lookBackUs(terms, long),
      shortUs: lookBackUs(terms, short),
      factor,
      exactFactor,
      unreachable: isReachable
        ? null
        : `Even a total outage burns this budget only ${rounded(fastest(terms))} times as fast as it allows: never more than ${factor} times.`,
    };
  });
};

/** Why the alert of fast burn can never fire; null: it can. */
export const fastBurnUnreachable = (terms: Pick<ObjectiveTerms, "target" | "fastBurnMultiplier">): string | null =>
  compare(fastest(terms), hundredths(terms.fastBurnMultiplier)) >= 0
    ? null
    : `Even a total outage burns this budget only ${rounded(fastest(terms))} times as fast as it allows: never ${terms.fastBurnMultiplier} times.`;

type Burnt = Pick<Tally, "measuredUs" | "consumedUs">;

/** (consumed / measured) / (1 - target); null: nothing was measured. */
const burnOf = (terms: Pick<ObjectiveTerms, "target">, { measuredUs, consumedUs }: Burnt): Rational | null =>
  measuredUs === 0 ? null : fraction(BigInt(consumedUs) * BigInt(wholeParts), BigInt(measuredUs) * BigInt(budgetParts(terms)));

/**
 * How many times as fast as the budget allows it is spent: 1 spends exactly all of it over the window. To four decimals, halves
 * away from zero; null: nothing was measured.
 */
export const burnRate = (terms: Pick<ObjectiveTerms, "target">, burnt: Burnt): number | null => {
  const burn = burnOf(terms, burnt);
  return burn === null ? null : rounded(burn);
};

/** Exactly: whether it burns more than a factor. Null: nothing was measured, so it is not known. */
export const burnsAbove = (terms: Pick<ObjectiveTerms, "target">, burnt: Burnt, factor: Rational): boolean | null => {
  const burn = burnOf(terms, burnt);
  return burn === null ? null : compare(burn, factor) > 0;
};

/** The same of reaching a threshold with two decimals. */
export const burnsAtLeast = (terms: Pick<ObjectiveTerms, "target">, burnt: Burnt, threshold: number): boolean | null => {
  const burn = burnOf(terms, burnt);
  return burn === null ? null : compare(burn, hundredths(threshold)) >= 0;
};
