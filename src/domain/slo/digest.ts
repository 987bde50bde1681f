import { isoWeek } from "../platform/iso-week.ts";
import type { SpanUs } from "./objective.ts";
import { dayUs, windowAt } from "./objective.ts";
import type { ObjectiveState, Status } from "./status.ts";

/** An objective in a week. */
export type DigestObjective = {
  readonly objectiveId: number;
  readonly name: string;
  readonly serviceId: number;
  readonly service: string;
  readonly target: number;
  /** At the end of the week. */
  readonly status: Pick<Status, "state" | "availability" | "remaining" | "remainingPercent">;
  /** Of the week alone, microseconds. */
  readonly weekDownUs: number;
  readonly weekConsumedUs: number;
};

/** All that a customer's digest is made of; every figure is of that week, or of its end. */
export type WeekFacts = {
  /** ISO 8601, such as `2026-W53`. */
  readonly week: string;
  readonly objectives: readonly DigestObjective[];
  /** Storms that began in the week, and moves of visitors in it. */
  readonly storms: number;
  readonly switches: number;
  readonly avoidedUs: number;
  /** What that would have cost; null: no service states what downtime costs. Minor units of the currency, as the discount. */
  readonly avoidedCents: number | null;
  readonly discountCents: number;
  readonly currency: string;
};

/** One line of a digest. */
export type Ranked = Omit<DigestObjective, "status"> & {
  readonly state: ObjectiveState;
  readonly availability: number | null;
  readonly remainingUs: number;
  readonly remainingPercent: number;
};

export type Digest = Omit<WeekFacts, "objectives"> & {
  readonly objectives: number;
  /** How many are in each state; together all. */
  readonly states: Readonly<Record<ObjectiveState, number>>;
  /** Those that stand best and worst, at most three each, none in both. */
  readonly best: readonly Ranked[];
  readonly worst: readonly Ranked[];
};

const listed = 3;

const ranked = ({ status, ...rest }: DigestObjective): Ranked => ({
  ...rest,
  state: status.state,
  availability: status.availability,
  remainingUs: status.remaining.us,
  remainingPercent: status.remainingPercent,
});

/** Something is the matter with it, or was in the week. */
const isTroubled = ({ state, weekConsumedUs }: Ranked): boolean => state !== "healthy" || weekConsumedUs > 0;

/** By how much of the budget is left; then by what the week took: the worse one first. */
const worseFirst = (a: Ranked, b: Ranked): number => a.remainingPercent - b.remainingPercent || b.weekConsumedUs - a.weekConsumedUs;
const older = (a: Ranked, b: Ranked): number => a.objectiveId - b.objectiveId;

/** A customer's week. Objectives of which too little was measured are counted, and not ranked. */
export const digestOf = ({ objectives, ...facts }: WeekFacts): Digest => {
  const lines = objectives.map(ranked);
  const known = lines.filter(({ state }) => state !== "insufficient_data");
  const worst = known
    .filter(isTroubled)
    .toSorted((a, b) => worseFirst(a, b) || older(a, b))
    .slice(0, listed);
  const best = known
    .filter((line) => !worst.includes(line))
    .toSorted((a, b) => worseFirst(b, a) || older(a, b))
    .slice(0, listed);
  const states: Record<ObjectiveState, number> = { healthy: 0, at_risk: 0, degraded: 0, breaching: 0, insufficient_data: 0 };
  for (const { state } of lines) states[state] += 1;
  return { ...facts, objectives: lines.length, states, best, worst };
};

/** The last ISO week that is over. @param nowUs microseconds since the epoch */
export const weekBefore = (nowUs: number): SpanUs & { readonly week: string } => {
  const { fromUs: toUs } = windowAt({ window: { calendar: "week" } }, nowUs);
  const fromUs = toUs - 7 * dayUs;
  return { fromUs, toUs, week: isoWeek(fromUs / 1_000) };
};
