import type { ObjectiveTerms } from "../../src/domain/slo/objective.ts";
import type { Status } from "../../src/domain/slo/status.ts";
import { statusOf } from "../../src/domain/slo/status.ts";
import type { StateSpan } from "../../src/domain/slo/tally.ts";
import { talliesOf } from "../../src/domain/slo/tally.ts";
import type { ReplayRound } from "../../src/domain/detection/replay.ts";
import { WhatIf } from "../../src/domain/slo/what-if.ts";

/** An objective over a replayed trace: without tranche, visitors stay on the primary. */
export type ObjectiveBacktest = { readonly terms: ObjectiveTerms; readonly without: Status; readonly with: Status };

/** Whatever is not asked for, as the API has it. @param target percent */
export const objectiveTerms = (target: number, days: number): ObjectiveTerms => ({
  target,
  window: { days },
  dependencyExclusion: "strict",
  excludedUpstreams: [],
  burnWarningPercent: 50,
  burnCriticalPercent: 80,
  fastBurnMultiplier: 5,
});

/** Watches a replay twice: with and without steering. @param cdns primary, backup */
export const watchObjective = (terms: ObjectiveTerms, cdns: readonly [string, string]) => {
  const [steered, left] = [new WhatIf({ cdns, steers: true }), new WhatIf({ cdns, steers: false })];
  const statusAt = (spans: readonly StateSpan[], toMs: number): Status =>
    statusOf(terms, talliesOf({ spans, corrections: [], judgedUs: null }, terms, toMs * 1_000), toMs * 1_000);
  return {
    watch: (round: ReplayRound): void => {
      steered.see(round);
      left.see(round);
    },
    /** @param toMs the end of the trace */
    at: (toMs: number): ObjectiveBacktest => ({ terms, without: statusAt(left.spans, toMs), with: statusAt(steered.spans, toMs) }),
  };
};

const minutes = ({ minutes: length }: Status["total"]): string => `${length.toFixed(1)} min`;

const spent = ({ consumed, allowed, remaining }: Status): string =>
  `${minutes(consumed)} down, ${((consumed.us / allowed.us) * 100).toFixed(1)} % of the budget; ${minutes(remaining)} left`;

/** Name and text of each line. */
export const objectiveFacts = ({ terms, without, with: steered }: ObjectiveBacktest): readonly (readonly [string, string])[] => [
  ["objective", `${terms.target} % over ${(steered.total.us / 86_400e6).toFixed(0)} days, a budget of ${minutes(steered.allowed)}`],
  ["without steering", spent(without)],
  ["with steering", spent(steered)],
  ["downtime avoided", minutes(steered.avoided)],
];

const status = ({ consumed, remaining, remainingPercent, availability, avoided, state }: Status) => ({
  state,
  consumed_minutes: consumed.minutes,
  remaining_minutes: remaining.minutes,
  remaining_percent: remainingPercent,
  availability,
  downtime_avoided_minutes: avoided.minutes,
});

export const objectiveJson = ({ terms, without, with: steered }: ObjectiveBacktest) => ({
  target: terms.target,
  allowed_minutes: steered.allowed.minutes,
  without_steering: status(without),
  with_steering: status(steered),
});
