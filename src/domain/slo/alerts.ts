import { burnRate, burnsAbove, burnsAtLeast, tiers } from "./burn.ts";
import type { ObjectiveTerms } from "./objective.ts";
import { allowedUs, windowAt } from "./objective.ts";
import { isInsufficient } from "./status.ts";
import type { Tallies } from "./tally.ts";

/** The tiers of `tiers`; the burn of the last hour; the budget spent to a part, and wholly. */
export type AlertKind = "1h" | "6h" | "3d" | "fast_burn" | "budget_warning" | "budget_critical" | "exhausted";

export type OpenAlert = {
  readonly kind: AlertKind;
  /** Since when each evaluation found it below; null: the last one did not. */
  readonly belowSinceMs: number | null;
};

/** The figures with which an alert fired or was resolved. */
export type AlertFigures = {
  /** Of its long look-back; of those of the budget, of the last hour. */
  readonly burn: number | null;
  /** Of its short look-back; null: it has none, or nothing was measured. */
  readonly shortBurn: number | null;
  /** What it is compared with: a factor of burn, or percent of the budget. */
  readonly threshold: number;
  readonly allowedUs: number;
  readonly consumedUs: number;
  readonly remainingUs: number;
  /** All downtime, whoever is to blame. */
  readonly downUs: number;
};

export type Alert = { readonly kind: AlertKind; readonly figures: AlertFigures };

export type AlertDecisions = {
  readonly fire: readonly Alert[];
  readonly resolve: readonly Alert[];
  /** What is to be noted of those that stay open. */
  readonly note: readonly OpenAlert[];
};

/** `isAbove`: what makes it fire. `isBelow`: what lets it be resolved; null: not known, which leaves it as it is. */
type Reading = {
  readonly kind: AlertKind;
  readonly isAbove: boolean;
  readonly isBelow: boolean | null;
  readonly threshold: number;
  readonly burn: number | null;
  readonly shortBurn: number | null;
};

const tierReadings = (terms: ObjectiveTerms, { burn }: Tallies, nowUs: number): readonly Reading[] =>
  tiers(terms, nowUs).map(({ name, long, short, exactFactor, factor }) => {
    const isShortAbove = burnsAbove(terms, burn[short], exactFactor);
    return {
      kind: name,
      isAbove: isShortAbove === true && burnsAbove(terms, burn[long], exactFactor) === true,
      isBelow: isShortAbove === null ? null : !isShortAbove,
      threshold: factor,
      burn: burnRate(terms, burn[long]),
      shortBurn: burnRate(terms, burn[short]),
    };
  });

const readings = (terms: ObjectiveTerms, tallies: Tallies, allowed: number, nowUs: number): readonly Reading[] => {
  const burn = burnRate(terms, tallies.burn["1h"]);
  const isFast = burnsAtLeast(terms, tallies.burn["1h"], terms.fastBurnMultiplier);
  const spent = (kind: AlertKind, percent: number): Reading => {
    const isAbove = tallies.window.consumedUs * 100 >= percent * allowed;
    return { kind, isAbove, isBelow: !isAbove, threshold: percent, burn, shortBurn: null };
  };
  return [
    ...tierReadings(terms, tallies, nowUs),
    {
      kind: "fast_burn",
      isAbove: isFast === true,
      isBelow: isFast === null ? null : !isFast,
      threshold: terms.fastBurnMultiplier,
      burn,
      shortBurn: null,
    },
    spent("budget_warning", terms.burnWarningPercent),
    spent("budget_critical", terms.burnCriticalPercent),
    spent("exhausted", 100),
  ];
};

/**
 * What an evaluation changes. An alert fires when it is above; it is resolved when two evaluations at least a probe interval apart,
 * and all between them, found it below. With insufficient data everything stays as it is; likewise an alert whose look-back has
 * nothing measured.
 * @param tallies of this moment
 * @param open the objective's alerts that are not resolved, one per kind
 * @param nowMs epoch milliseconds
 */
export const judgeAlerts = (
  terms: ObjectiveTerms,
  tallies: Tallies,
  open: readonly OpenAlert[],
  nowMs: number,
  intervalMs: number,
): AlertDecisions => {
  if (isInsufficient(tallies.window)) return { fire: [], resolve: [], note: [] };
  const nowUs = nowMs * 1_000;
  const window = windowAt(terms, nowUs);
  const allowed = allowedUs(terms, window.toUs - window.fromUs);
  const { consumedUs, downUs } = tallies.window;
  const fire: Alert[] = [];
  const resolve: Alert[] = [];
  const note: OpenAlert[] = [];
  for (const { kind, isAbove, isBelow, threshold, burn, shortBurn } of readings(terms, tallies, allowed, nowUs)) {
    const remainingUs = allowed - consumedUs;
    const alert: Alert = { kind, figures: { burn, shortBurn, threshold, allowedUs: allowed, consumedUs, remainingUs, downUs } };
    const standing = open.find((one) => one.kind === kind);
    if (standing === undefined) {
      if (isAbove) fire.push(alert);
      continue;
    }
    if (isBelow === null) continue;
    const { belowSinceMs } = standing;
    if (!isBelow && belowSinceMs !== null) note.push({ kind, belowSinceMs: null });
    if (isBelow && belowSinceMs === null) note.push({ kind, belowSinceMs: nowMs });
    if (isBelow && belowSinceMs !== null && nowMs - belowSinceMs >= intervalMs) resolve.push(alert);
  }
  return { fire, resolve, note };
};
