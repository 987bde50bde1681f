import type { Weights } from "./steering.ts";
import { equalWeights } from "./steering.ts";

/** Weights of one record type that somebody else changed. */
export type Drift = {
  readonly recordType: string;
  /** As they were last known. */
  readonly previous: Weights;
  readonly found: Weights;
  /** For other records of a steered group: the sums of their weights; the pair's own are unchanged. */
  readonly others?: { readonly previous: number; readonly found: number };
};

/** A drift found before; `leftAlone` where it was not to be healed. */
export type PastDrift = {
  readonly foundAtMs: number;
  readonly found: Weights;
  readonly foundOthers?: number | null;
  readonly leftAlone: boolean;
};

/** The same drift this often within this time is a fight: somebody's automation reverts what tranche heals. */
const fightAfter = 3;
export const fightWindowMs = 3_600_000;

const recent = (past: readonly PastDrift[], nowMs: number): readonly PastDrift[] =>
  past.filter(({ foundAtMs }) => nowMs - foundAtMs < fightWindowMs);

/** Whether this drift, found now, makes it a fight. */
export const isFight = (drift: Drift, past: readonly PastDrift[], nowMs: number): boolean =>
  1 +
    recent(past, nowMs).filter(
      ({ found, foundOthers = null, leftAlone }) =>
        !leftAlone && equalWeights(found, drift.found) && foundOthers === (drift.others?.found ?? null),
    ).length >=
  fightAfter;

/** A fight is over once nothing was changed for that same time, and the weights are as desired. */
export const isFightOver = (contestedAtMs: number, past: readonly PastDrift[], asDesired: boolean, nowMs: number): boolean =>
  asDesired && nowMs - contestedAtMs >= fightWindowMs && recent(past, nowMs).length === 0;

/**
 * Whether a contested domain is switched nevertheless, once per switch. To the backup whatever the present
 * weights, for that is what the insurance is for; otherwise only from weights that tranche itself has set.
 * @param lastSet the weights of tranche's last completed switch
 */
export const maySayOnce = (to: Weights, toBackup: boolean, live: readonly Weights[], lastSet: Weights | null): boolean => {
  if (lastSet !== null && equalWeights(to, lastSet)) return false;
  return toBackup || (lastSet !== null && live.every((weights) => equalWeights(weights, lastSet)));
};
