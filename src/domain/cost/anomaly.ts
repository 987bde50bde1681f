import type { Severity } from "./score.ts";

/** How an anomaly stands while it lasts. */
export type LiveState = "open" | "acknowledged" | "snoozed" | "expected";

/** An anomaly that is not over. Hours are their beginnings, epoch milliseconds. */
export type LiveAnomaly = {
  /** Null: it is not stored yet. */
  readonly id: number | null;
  readonly state: LiveState;
  readonly severity: Exclude<Severity, "none">;
  readonly score: number;
  readonly explanation: string;
  readonly figures: unknown;
  readonly value: number;
  readonly usual: number | null;
  readonly firstHourMs: number;
  readonly lastHourMs: number;
  /** How many of its hours were odd, and how many usual ones in a row came since. */
  readonly hours: number;
  readonly calmHours: number;
};

/** What was said of an hour, or of an event in it. */
export type Judged = Pick<LiveAnomaly, "score" | "explanation" | "figures" | "value" | "usual"> & {
  readonly hourMs: number;
  readonly severity: Severity;
};

const hourMs = 3_600_000;

/** After so many usual hours in a row an anomaly is over. */
const calmHoursUntilOver = 3;
/** An anomaly of events is over when none was odd for so long: a series of events may never have another one. */
export const quietUntilOverMs = 24 * hourMs;
/** One of a series of which nothing is measured any more is over after a week. */
export const forgottenAfterMs = 7 * 24 * hourMs;
/** What was odd longer ago is history: it is recorded with its hour, and nobody is told. */
export const newsForMs = 48 * hourMs;

const order: readonly Severity[] = ["none", "medium", "high", "critical"];
const worse = <One extends Severity>(a: One, b: One): One => (order.indexOf(a) >= order.indexOf(b) ? a : b);

const opened = (judged: Judged, severity: LiveAnomaly["severity"]): LiveAnomaly => {
  const { hourMs: at, score, explanation, figures, value, usual } = judged;
  return {
    id: null,
    state: "open",
    severity,
    score,
    explanation,
    figures,
    value,
    usual,
    firstHourMs: at,
    lastHourMs: at,
    hours: 1,
    calmHours: 0,
  };
};

const worsened = (live: LiveAnomaly, judged: Judged, severity: LiveAnomaly["severity"]): LiveAnomaly => {
  const { score, explanation, figures, value, usual } = judged;
  // A score has an end, and what it is about has none: of two with the same the greater one is told.
  const isWorst = score > live.score || (score === live.score && value > live.value) || worse(severity, live.severity) !== live.severity;
  return {
    ...live,
    ...(isWorst && { score: Math.max(score, live.score), explanation, figures, value, usual }),
    severity: worse(severity, live.severity),
    firstHourMs: Math.min(live.firstHourMs, judged.hourMs),
    lastHourMs: Math.max(live.lastHourMs, judged.hourMs),
    hours: live.hours + (judged.hourMs === live.lastHourMs ? 0 : 1),
    calmHours: 0,
  };
};

/** What becomes of a series' anomaly: it is as it was, is (still) there, or is over. */
export type Course = { readonly live: LiveAnomaly | null; readonly isOver: boolean };

/**
 * The course of a series' anomaly with one more value. There is one of a series at a time: what is odd raises it, whatever a person said
 * of it, and usual hours in a row end it.
 * @param countsCalm whether usual values end it: hours do, single events do not
 */
export const follow = (live: LiveAnomaly | null, judged: Judged, nowMs: number, countsCalm: boolean): Course => {
  const { severity } = judged;
  if (severity !== "none") {
    if (live !== null) return { live: worsened(live, judged, severity), isOver: false };
    return { live: nowMs - judged.hourMs > newsForMs ? null : opened(judged, severity), isOver: false };
  }
  // An hour before it was odd says nothing of now.
  if (live === null || !countsCalm || judged.hourMs <= live.lastHourMs) return { live, isOver: false };
  const calm = { ...live, calmHours: live.calmHours + 1 };
  return { live: calm, isOver: calm.calmHours >= calmHoursUntilOver };
};
