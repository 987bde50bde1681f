import type { Baseline, CostHour, Learning, Usual } from "./baseline.ts";
import { atRate, learnt, usualAt } from "./baseline.ts";
import { isObserved } from "./observed.ts";

/** How bad a score is. */
export type Severity = "none" | "medium" | "high" | "critical";

/** From which score on each begins, the worst first. */
const bands = [
  { severity: "critical", from: 80 },
  { severity: "high", from: 60 },
  { severity: "medium", from: 40 },
] as const;

export const severityOf = (score: number): Severity => bands.find(({ from }) => score >= from)?.severity ?? "none";

/** What there is to be said of an hour, each 0 to 1. */
export type Evidence = {
  readonly deviation: number;
  readonly change: number;
  readonly persistence: number;
  readonly newActor: number;
  readonly newResource: number;
};

/** What each is worth, together 100, and why. */
export const weights: Readonly<Record<keyof Evidence, { readonly points: number; readonly reason: string }>> = {
  deviation: { points: 50, reason: "the distance from the usual is what an anomaly is; alone it is worth a look, with any other a call" },
  change: { points: 20, reason: "what doubled within an hour was caused by something that happened in it, and can be undone" },
  persistence: { points: 10, reason: "an outlier goes by itself; what rises for three hours has not found its top" },
  newActor: { points: 12, reason: "a key that leaked is used by somebody who never did this before" },
  newResource: { points: 8, reason: "a new resource is often meant; so it adds, but never alerts with novelty alone" },
};

/** From where to where each counts in full. */
const scales = { deviations: [1, 4], timesTheHourBefore: [1, 2], risingHours: [0, 3] } as const;

/** Above this an hour alerts although nothing is known of the series: $5. */
const coldCents = 500;
/** With more than three deviations it is critical as soon as it costs this much more an hour: $1. */
const critical = { deviations: 3, cents: 100 } as const;

const within = (value: number, [from, to]: readonly [number, number]): number => Math.min(1, Math.max(0, (value - from) / (to - from)));

/** What is said of an hour, with the figures that made it. */
export type Verdict = {
  readonly score: number;
  readonly severity: Severity;
  readonly usual: Usual;
  /** Deviations above the usual; below it is negative, which is no anomaly of cost. Null: nothing is known yet. */
  readonly z: number | null;
  /** How many times the hour before; null: there was none, or it cost nothing. */
  readonly timesTheHourBefore: number | null;
  readonly risingHours: number;
  readonly newActor: string | null;
  readonly newResource: string | null;
  readonly cents: number;
  readonly atMs: number;
};

const scoreOf = (evidence: Evidence): number => {
  const names = Object.keys(weights) as (keyof Evidence)[];
  return Math.round(names.reduce((sum, name) => sum + weights[name].points * evidence[name], 0) * 10) / 10;
};

/** Who was never seen before; null: seen, not told, or nobody was ever seen, so that everybody would be new. */
const novelty = (baseline: Baseline, observed: Baseline["actors"], name: string | null, usual: Usual): string | null =>
  name === null || usual.basis === "cold" || baseline.flat.count === 0 || isObserved(observed, name) ? null : name;

/** Judges an hour by what is known without it. */
export const scoreHour = (baseline: Baseline, hour: CostHour): Verdict => {
  const usual = usualAt(baseline, hour.atMs);
  const isCold = usual.basis === "cold";
  const z = isCold ? null : (hour.cents - usual.mean) / usual.deviation;
  const before = baseline.lastCents;
  const timesTheHourBefore = before === null || before <= 0 ? null : hour.cents / before;
  const risingHours = before !== null && hour.cents > before ? baseline.risingHours + 1 : 0;
  const [newActor, newResource] = [
    novelty(baseline, baseline.actors, hour.actor, usual),
    novelty(baseline, baseline.resources, hour.resource, usual),
  ];
  const facts = { usual, z, timesTheHourBefore, risingHours, newActor, newResource, cents: hour.cents, atMs: hour.atMs };
  if (z === null) return { ...facts, ...(hour.cents > coldCents ? { score: 60, severity: "high" } : { score: 0, severity: "none" }) };
  // Change and persistence of what is not above the usual are a daily course.
  const isAbove = z > scales.deviations[0];
  const score = scoreOf({
    deviation: within(z, scales.deviations),
    change: isAbove ? within(timesTheHourBefore ?? 1, scales.timesTheHourBefore) : 0,
    persistence: isAbove ? within(risingHours, scales.risingHours) : 0,
    newActor: newActor === null ? 0 : 1,
    newResource: newResource === null ? 0 : 1,
  });
  const isCritical = z > critical.deviations && hour.cents - usual.mean > critical.cents;
  return { ...facts, score, severity: isCritical ? "critical" : severityOf(score) };
};

/** What an hour of egress is judged at: how many times the rate at which its baseline was learnt, and what it would have cost at that. */
export type AtRate = { readonly times: number; readonly centsAsLearnt: number };

/**
 * Scores an hour, and only then learns from it. @param ruling what is known from outside: a person accepted it, or a storm moved it;
 * null: the score decides; @param at absent: at the rate at which the baseline was learnt
 */
export const judgeHour = (
  baseline: Baseline,
  hour: CostHour,
  ruling: Extract<Learning, "accepted" | "shifted"> | null = null,
  at: AtRate = { times: 1, centsAsLearnt: hour.cents },
): { readonly verdict: Verdict; readonly baseline: Baseline } => {
  const verdict = scoreHour(atRate(baseline, at.times), hour);
  const learning = ruling ?? (verdict.severity === "none" ? "usual" : "anomalous");
  return { verdict, baseline: learnt(baseline, { ...hour, cents: at.centsAsLearnt }, learning) };
};
