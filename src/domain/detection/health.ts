import type { ProbePath } from "./probe.ts";
import { isAgent, isEnough } from "./vantage.ts";

/** The health of a path. `unknown` is a real result: tranche acts on knowledge, never on assumptions. */
export type Health = "up" | "down" | "unknown";

/** The samples of one domain's path at one vantage inside the policy's window. Times are epoch milliseconds. */
export type WindowStats = {
  readonly domainId: number;
  readonly path: ProbePath;
  readonly vantage: string;
  readonly samples: number;
  /** Samples that were not good in the sense of the policy's kind. */
  readonly failures: number;
  readonly firstFailedAtMs: number | null;
  /** The start of the slot of the last sample that failed, in the window or the two minutes before it; null, or absent: none did. */
  readonly lastFailedSlotMs?: number | null;
};

export type JudgingTerms = {
  /** 0 < threshold <= 1 */
  readonly thresholdAvail: number;
  readonly minSamples: number;
  readonly minFailures: number;
};

/** A path judged over all counted vantages. `below`: every one of them sees availability under the threshold. */
export type Reading = { readonly health: Health; readonly below: boolean; readonly firstFailedAtMs: number | null };

export const unknownReading: Reading = { health: "unknown", below: false, firstFailedAtMs: null };

/** One vantage's view of a path (semantics §4, "per vantage, never pooled"). */
export const judgeVantage = (stats: WindowStats, terms: JudgingTerms): Reading => {
  if (stats.samples < terms.minSamples || stats.samples === 0) return unknownReading;
  // failures/samples > 1 - threshold, without division: 3 failures of 30 at 0.9 must not count as below by a rounding error.
  // A path without one good answer is below any threshold, even one smaller than that tolerance.
  const good = stats.samples - stats.failures;
  const below = good === 0 || good < terms.thresholdAvail * stats.samples - 1e-9;
  const health = !below ? "up" : stats.failures >= terms.minFailures ? "down" : "unknown";
  return { health, below, firstFailedAtMs: stats.firstFailedAtMs };
};

const earliest = (times: readonly (number | null)[]): number | null =>
  times.reduce((a, b) => (a === null ? b : b === null ? a : Math.min(a, b)), null);

/**
 * All vantages together: down when all are down, up when all are up, else unknown. None, or a single agent: unknown. Agents do not
 * date a failure that a provider saw: when a storm began is money.
 */
export const judgePath = (stats: readonly WindowStats[], terms: JudgingTerms): Reading => {
  if (!isEnough(stats.map(({ vantage }) => vantage))) return unknownReading;
  const views = stats.map((one) => judgeVantage(one, terms));
  const ofProviders = views.filter((_, at) => !isAgent(stats[at]?.vantage ?? ""));
  const all = (health: Health) => views.every((view) => view.health === health);
  return {
    health: all("down") ? "down" : all("up") ? "up" : "unknown",
    below: views.every((view) => view.below),
    firstFailedAtMs: earliest((ofProviders.length > 0 ? ofProviders : views).map((view) => view.firstFailedAtMs)),
  };
};

/** A service is as bad as its worst domain: down when any is, up when all are. */
export const worstOf = (readings: readonly Reading[]): Reading => {
  if (readings.length === 0) return unknownReading;
  const some = (health: Health) => readings.some((reading) => reading.health === health);
  return {
    health: some("down") ? "down" : some("unknown") ? "unknown" : "up",
    below: readings.some((reading) => reading.below),
    firstFailedAtMs: earliest(readings.filter((reading) => reading.below).map((reading) => reading.firstFailedAtMs)),
  };
};
