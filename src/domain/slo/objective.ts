import { startOfDay, startOfMonth } from "../platform/calendar.ts";

/** What an objective promises (design of the error budget: docs/slo.md). */
export type ObjectiveTerms = {
  /** Percent of the measured time, 1 <= target < 100, up to five decimals. */
  readonly target: number;
  /** A rolling window of so many days, 1 to 400, or a calendar one in UTC: the ISO week, or the month. */
  readonly window: { readonly days: number } | { readonly calendar: "week" | "month" };
  /** `strict`: all downtime consumes the budget. `self-only`: that of an upstream does not, unless it is excluded. */
  readonly dependencyExclusion: "strict" | "self-only";
  /** CDNs that are not forgiven under `self-only`. */
  readonly excludedUpstreams: readonly string[];
  /** Percent of the budget that is consumed, 1 to 100. */
  readonly burnWarningPercent: number;
  readonly burnCriticalPercent: number;
  /** Times the pace that would consume the budget exactly, over the last hour. */
  readonly fastBurnMultiplier: number;
};

/** A span of time in microseconds since the epoch, half-open. */
export type SpanUs = { readonly fromUs: number; readonly toUs: number };

const dayMs = 86_400_000;
/** A day in microseconds: UTC has no daylight saving time, and clocks here no leap seconds. */
export const dayUs = dayMs * 1_000;

/** Monday 00:00 UTC of the ISO week that holds a moment. 1970-01-05 was a Monday. */
const startOfWeek = (atMs: number): number => {
  const day = Math.floor(atMs / dayMs);
  return startOfDay(atMs, -(((day + 3) % 7) + 7) % 7);
};

/**
 * The window of an objective at a moment: the whole of it, of a calendar window also what is still to come.
 * @param nowUs microseconds since the epoch; a moment that is a boundary belongs to the window that begins
 */
export const windowAt = ({ window }: Pick<ObjectiveTerms, "window">, nowUs: number): SpanUs => {
  if ("days" in window) return { fromUs: nowUs - window.days * dayUs, toUs: nowUs };
  const nowMs = Math.floor(nowUs / 1_000);
  if (window.calendar === "month") return { fromUs: startOfMonth(nowMs) * 1_000, toUs: startOfMonth(nowMs, 1) * 1_000 };
  const fromUs = startOfWeek(nowMs) * 1_000;
  return { fromUs, toUs: fromUs + 7 * dayUs };
};

/**
 * The window that ends with a day, or with another moment: as `windowAt`, but a boundary belongs to the calendar window that ends.
 * @param endUs microseconds since the epoch
 */
export const windowBefore = (terms: Pick<ObjectiveTerms, "window">, endUs: number): SpanUs =>
  "days" in terms.window ? windowAt(terms, endUs) : windowAt(terms, endUs - 1);

/** How many days a window has, by which burn thresholds scale. */
export const daysOf = (terms: ObjectiveTerms, nowUs: number): number => {
  const { fromUs, toUs } = windowAt(terms, nowUs);
  return (toUs - fromUs) / dayUs;
};

/** Everything in the unit of `budgetParts`. */
export const wholeParts = 10_000_000;

/** The unavailable part of a target in hundred-thousandths of a percent: an integer, so that a budget is exact. */
export const budgetParts = ({ target }: Pick<ObjectiveTerms, "target">): number => wholeParts - Math.round(target * 100_000);

/** The error budget of a window in microseconds: exact, as a day has 8.64e10 of them and a target five decimals. */
export const allowedUs = (terms: Pick<ObjectiveTerms, "target">, windowUs: number): number => (windowUs / wholeParts) * budgetParts(terms);

/** Whether downtime of this attribution consumes the budget. @param upstreamCdn null: the service's own */
export const consumes = ({ dependencyExclusion, excludedUpstreams }: ObjectiveTerms, upstreamCdn: string | null): boolean =>
  upstreamCdn === null || dependencyExclusion === "strict" || excludedUpstreams.includes(upstreamCdn);
