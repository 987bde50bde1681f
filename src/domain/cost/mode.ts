/** How a customer is told of anomalies: not at all, for the record, in earnest. In the order in which trust grows. */
export const costModes = ["shadow", "audit", "enforce"] as const;
export type CostMode = (typeof costModes)[number];

/** A mode, and what came of it. Times are epoch milliseconds. */
export type ModeStanding = {
  readonly mode: CostMode;
  readonly sinceMs: number;
  /** Found while it lasted, and how many of them a person called expected. */
  readonly anomalies: number;
  readonly expected: number;
};

/** What a mode has to show before the next one is entered. */
const promotionNeeds = { days: 14, expectedPercent: 10 } as const;

const dayMs = 86_400_000;

/** How many whole days a mode has lasted. */
export const daysIn = ({ sinceMs }: Pick<ModeStanding, "sinceMs">, nowMs: number): number =>
  Math.max(0, Math.floor((nowMs - sinceMs) / dayMs));

/** The part of the anomalies that were false alarms, in percent; of none, none. */
export const expectedPercent = ({ anomalies, expected }: Pick<ModeStanding, "anomalies" | "expected">): number =>
  anomalies === 0 ? 0 : (100 * expected) / anomalies;

/** The mode behind this one; null: it is the last. */
export const nextMode = (mode: CostMode): CostMode | null => costModes[costModes.indexOf(mode) + 1] ?? null;

const percentText = (percent: number): string => `${Number(percent.toFixed(1))} %`;

const figures = (standing: ModeStanding, nowMs: number): string =>
  `${standing.mode} for ${daysIn(standing, nowMs)} days, with ${standing.anomalies} anomalies, of which ${standing.expected} (${percentText(expectedPercent(standing))}) were marked expected`;

/**
 * Why a customer's mode does not become another one, with the figures; null: it does. Steps down are always taken, those up one at a
 * time, each on the record of the one before.
 */
export const refuseMode = (standing: ModeStanding, to: CostMode, nowMs: number): string | null => {
  if (costModes.indexOf(to) <= costModes.indexOf(standing.mode)) return null;
  const next = nextMode(standing.mode);
  if (to !== next) return `after ${standing.mode} comes ${next ?? "nothing"}: modes are entered one at a time`;
  const isYoung = nowMs - standing.sinceMs < promotionNeeds.days * dayMs;
  const isNoisy = expectedPercent(standing) > promotionNeeds.expectedPercent;
  return isYoung || isNoisy
    ? `${to} needs ${promotionNeeds.days} days in ${standing.mode} with at most ${promotionNeeds.expectedPercent} % of its anomalies marked expected; it is ${figures(standing, nowMs)}`
    : null;
};
