import type { ObjectiveTerms } from "./objective.ts";
import { dayUs, windowBefore } from "./objective.ts";
import type { Outage } from "./outage.ts";
import type { DayVerdict } from "./snapshot.ts";
import type { Status } from "./status.ts";

/** Part of the API: they are never renamed. */
export const achievementNames = [
  "first_steps",
  "full_coverage",
  "iron_uptime",
  "diamond_uptime",
  "nines_club",
  "budget_miser",
  "clean_sheet",
  "cascade_breaker",
  "rapid_recovery",
] as const;

export type AchievementName = (typeof achievementNames)[number];

/** A live objective at the end of a UTC day. */
export type ObjectiveRecord = {
  readonly objectiveId: number;
  readonly terms: ObjectiveTerms;
  /** Of the window that ends with the day. */
  readonly status: Pick<Status, "allowed" | "consumed" | "remaining" | "down" | "measured">;
  readonly verdict: DayVerdict;
  /** After the day. */
  readonly streak: number;
};

/** A service at the end of a UTC day. */
export type ServiceRecord = {
  /** The end of the day, microseconds since the epoch. */
  readonly endUs: number;
  /** Since when the service is measured; null: it is not. */
  readonly trackedSinceUs: number | null;
  readonly objectives: readonly ObjectiveRecord[];
  /** Of its customer: live domains, and how many of them belong to a service with a live objective. */
  readonly domains: { readonly live: number; readonly covered: number };
  /** That were over by the end of the day. */
  readonly outages: readonly Outage[];
};

/** How far a service is with an achievement, which it has when `current` reaches `target`. */
export type Progress = {
  readonly name: AchievementName;
  readonly current: number;
  readonly target: number;
  readonly unit: "objectives" | "domains" | "days" | "outages";
  /** The objective that is farthest; null: it is of the service itself, or there is none. */
  readonly objectiveId: number | null;
};

type Part = Pick<Progress, "current" | "target" | "objectiveId">;

/** No outage that a visitor would notice twice. */
const rapidUs = 300_000_000;

const isBetter = (a: Part, b: Part): boolean => a.current * b.target > b.current * a.target;

/** Of the objective that is farthest; of equal ones the first. */
const farthest = (
  objectives: readonly ObjectiveRecord[],
  target: number,
  part: (one: ObjectiveRecord) => Omit<Part, "objectiveId">,
): Part =>
  objectives.reduce<Part>(
    (best, one) => {
      const candidate = { ...part(one), objectiveId: one.objectiveId };
      return best.objectiveId === null || isBetter(candidate, best) ? candidate : best;
    },
    { current: 0, target, objectiveId: null },
  );

/** Days of the window that have passed since the service is measured: all of them, and it is a full window. */
const daysElapsed = ({ terms }: ObjectiveRecord, { endUs, trackedSinceUs }: ServiceRecord): Omit<Part, "objectiveId"> => {
  const { fromUs, toUs } = windowBefore(terms, endUs);
  const sinceUs = Math.max(fromUs, trackedSinceUs ?? endUs);
  return { current: Math.max(0, Math.floor((Math.min(endUs, toUs) - sinceUs) / dayUs)), target: (toUs - fromUs) / dayUs };
};

/** A condition over a full window: as long as it does not hold, or too little is known, nothing of it is done. */
const overWindow = (record: ServiceRecord, holds: (one: ObjectiveRecord) => boolean): Part =>
  farthest(record.objectives, 1, (one) => {
    const { current, target } = daysElapsed(one, record);
    return { current: one.verdict !== "insufficient" && holds(one) ? current : 0, target };
  });

const inARow = (record: ServiceRecord, days: number): Part =>
  farthest(record.objectives, days, ({ streak }) => ({ current: Math.min(streak, days), target: days }));

/** Upstreams failed, and none of it was the service's own. */
const withstood = ({ terms, status, verdict }: ObjectiveRecord): boolean =>
  verdict !== "insufficient" && terms.dependencyExclusion === "self-only" && status.down.us > 0 && status.consumed.us === 0;

const parts: Readonly<Record<AchievementName, (record: ServiceRecord) => Part>> = {
  first_steps: ({ objectives }) => ({
    current: Math.min(objectives.length, 1),
    target: 1,
    objectiveId: objectives[0]?.objectiveId ?? null,
  }),
  full_coverage: ({ objectives, domains: { live, covered } }) => ({
    current: objectives.length > 0 ? covered : 0,
    target: Math.max(live, 1),
    objectiveId: null,
  }),
  iron_uptime: (record) => inARow(record, 7),
  diamond_uptime: (record) => inARow(record, 30),
  nines_club: (record) => overWindow(record, ({ status }) => status.consumed.us * 10_000 <= status.measured.us),
  budget_miser: (record) => overWindow(record, ({ status }) => status.remaining.us * 10 >= status.allowed.us * 9),
  clean_sheet: (record) => overWindow(record, ({ status }) => status.down.us === 0),
  cascade_breaker: ({ objectives }) => farthest(objectives, 1, (one) => ({ current: withstood(one) ? 1 : 0, target: 1 })),
  rapid_recovery: ({ outages }) => ({
    current: outages.some(({ fromUs, toUs, movedAway }) => movedAway && toUs - fromUs <= rapidUs) ? 1 : 0,
    target: 1,
    objectiveId: null,
  }),
};

const units: Readonly<Record<AchievementName, Progress["unit"]>> = {
  first_steps: "objectives",
  full_coverage: "domains",
  iron_uptime: "days",
  diamond_uptime: "days",
  nines_club: "days",
  budget_miser: "days",
  clean_sheet: "days",
  cascade_breaker: "outages",
  rapid_recovery: "outages",
};

/** How far a service is with each achievement, in the order of `achievementNames`. */
export const progressOf = (record: ServiceRecord): readonly Progress[] =>
  achievementNames.map((name) => ({ name, unit: units[name], ...parts[name](record) }));

/** What a service has achieved by the end of a day; whoever asks knows which of it is new. */
export const achieved = (record: ServiceRecord): readonly Pick<Progress, "name" | "objectiveId">[] =>
  progressOf(record)
    .filter(({ current, target }) => current >= target)
    .map(({ name, objectiveId }) => ({ name, objectiveId }));
