import type { Judged } from "./anomaly.ts";
import { follow, newsForMs } from "./anomaly.ts";
import type { SeriesMemory } from "./detector.ts";
import { withLast } from "./detector.ts";
import { explainFinding, explainHour } from "./explain.ts";
import { deviationOf } from "./fading.ts";
import type { Observed } from "./observed.ts";
import { withSighting } from "./observed.ts";
import type { Verdict } from "./score.ts";
import { judgeHour, severityOf, weights } from "./score.ts";
import type { SeriesVerdict } from "./series.ts";
import { judgeValue } from "./series.ts";
import type { Treatment } from "./storm-rule.ts";
import type { Band, CountedMemory, Outcome, PendingHour, PricedMemory, Watched } from "./watched.ts";
import { bandAround, bandOfUsual, Ledger, newCountedMemory, newPricedMemory } from "./watched.ts";

/** An hour of egress, and what becomes of it. */
export type EgressValue = {
  readonly hourMs: number;
  readonly bytes: number;
  /** Cents for 10^9 bytes; 0 where the series is in bytes. */
  readonly centsPerGb: number;
  readonly treatment: Treatment;
  /** Since when its CDN has been put to this use; null: ever since. */
  readonly sinceMs: number | null;
  /** Since when the rate is what it is; null: ever since. */
  readonly rateSinceMs: number | null;
};

const hourMs = 3_600_000;

/** Hours of which a series knows something before its usual is worth a picture, or a newcomer a word. */
const knownHours = 24;

const bandOf = ({ count, hours, long }: SeriesMemory, atMs: number): Band | null => {
  if (count < knownHours) return null;
  const ofHour = hours[Math.floor(atMs / hourMs) % 24];
  const from = ofHour !== undefined && ofHour.count >= 10 ? ofHour : long;
  return bandAround(from.mean, deviationOf(from));
};

/**
 * Takes what was said of an hour: what is only learnt raises nothing, and where it is usual ends what was. An hour that is no news is no calm one while it is above the usual:
 * of a level that lasts only the beginning is news.
 */
const settle = (ledger: Ledger, judged: Judged, band: Band | null, isScored: boolean, nowMs: number, label: string | null = null): void => {
  if (isScored || judged.severity === "none") ledger.take(follow(ledger.live, judged, nowMs, band === null || judged.value <= band.high));
  const { hourMs: at, value, score } = judged;
  ledger.record({ hourMs: at, value, band, score: isScored ? score : 0, severity: isScored ? judged.severity : "none", label });
};

/** How long nothing is usual after somebody has put a CDN to another use, or has said what it charges: a day, and the hour of the change. */
export const settlesForMs = 25 * hourMs;

/** Since when the CDN of an hour has been put to another use than the one that was learnt; null: it is that one. */
const otherUseOf = (memory: { readonly sinceMs?: number }, { sinceMs, treatment }: EgressValue): number | null =>
  treatment.kind !== "expected" && sinceMs !== null && sinceMs > (memory.sinceMs ?? Number.NEGATIVE_INFINITY) ? sinceMs : null;

/** Why an hour is only learnt; null: it is not. */
const changeOf = ({ treatment, rateSinceMs, hourMs: at }: EgressValue, { usual, severity }: Verdict): string | null => {
  if (treatment.kind === "settling") return treatment.label;
  // Of a rate that was set just now nothing is known because of that, and that alone is no alarm; what is older is none anyway.
  const isColdAlarm = usual.basis === "cold" && severity !== "none" && rateSinceMs !== null;
  return isColdAlarm && at >= rateSinceMs - newsForMs && at < rateSinceMs + settlesForMs ? "expected: change" : null;
};

/** Egress in cents, by its baseline with hours of the day and week. Hours ascending. */
export const foldEgress = (
  { memory: before, live }: Watched<PricedMemory>,
  hours: readonly EgressValue[],
  nowMs: number,
): Outcome<PricedMemory> => {
  const ledger = new Ledger(live);
  let memory = before;
  let isAnew = false;
  for (const hour of hours) {
    const { hourMs: at, bytes, centsPerGb, treatment } = hour;
    const sinceMs = otherUseOf(memory, hour);
    if (sinceMs !== null) {
      memory = { ...newPricedMemory(true), sinceMs };
      isAnew = true;
    }
    // Of nothing a GB nothing could be learnt.
    const learnt = memory.rates?.learnt ?? (centsPerGb > 0 ? centsPerGb : 1);
    const [value, centsAsLearnt] = [(bytes / 1e9) * centsPerGb, (bytes / 1e9) * learnt];
    const isSettling = treatment.kind === "settling";
    const ruling = treatment.kind === "expected" ? "shifted" : isSettling || ledger.live?.state === "expected" ? "accepted" : null;
    const facts = { atMs: at, cents: value, actor: null, resource: null };
    const { verdict, baseline } = judgeHour(memory.baseline, facts, ruling, { times: centsPerGb / learnt, centsAsLearnt });
    memory = { ...memory, baseline, rates: { learnt, last: centsPerGb } };
    const { usual, score, severity } = verdict;
    const band = bandOfUsual(usual);
    if (treatment.kind === "expected") {
      ledger.record({ hourMs: at, value, band, score: 0, severity: "none", label: treatment.label });
      continue;
    }
    const said = { explanation: explainHour(verdict), figures: verdict, value, usual: usual.basis === "cold" ? null : usual.mean };
    const label = changeOf(hour, verdict);
    settle(ledger, { hourMs: at, severity, score, ...said }, band, treatment.kind === "scored" && label === null, nowMs, label);
  }
  return { memory, live: ledger.live, ended: ledger.ended, hours: ledger.hours(), isAnew };
};

/** How rare a value is, as a score: of costs only what is more than usual is odd. */
const scoreAbove = ({ score, finding }: SeriesVerdict, value: number): number => (value > finding.usual ? score : 0);

/** Egress in bytes, by how rare it is. Hours ascending. */
export const foldBytes = (
  { memory: before, live }: Watched<CountedMemory>,
  hours: readonly EgressValue[],
  nowMs: number,
): Outcome<CountedMemory> => {
  const ledger = new Ledger(live);
  let memory = before;
  for (const hour of hours) {
    const { hourMs: at, bytes: value, treatment } = hour;
    const sinceMs = otherUseOf(memory, hour);
    if (sinceMs !== null) memory = { ...newCountedMemory, sinceMs };
    const band = bandOf(memory.series, at);
    if (treatment.kind === "expected") {
      ledger.record({ hourMs: at, value, band, score: 0, severity: "none", label: treatment.label });
      continue;
    }
    const { verdict, memory: series } = judgeValue(memory.series, value, at);
    memory = { ...memory, series };
    const { finding } = verdict;
    const score = scoreAbove(verdict, value);
    const severity = severityOf(score);
    const explanation = `In GB: ${explainFinding({ ...finding, usual: finding.usual / 1e9 }, value / 1e9) ?? ""}`;
    const judged = { hourMs: at, severity, score, explanation, figures: verdict, value, usual: finding.usual };
    settle(ledger, judged, band, treatment.kind === "scored", nowMs, treatment.kind === "settling" ? treatment.label : null);
  }
  return { memory, live: ledger.live, ended: ledger.ended, hours: ledger.hours() };
};

const seen = (observed: Observed, names: readonly string[], atMs: number): Observed =>
  names.reduce((all, name) => withSighting(all, name, atMs), observed);

/** Those of an hour who are new to its series: nobody is, as long as hardly anybody is known. */
const newcomers = (names: readonly string[], known: Observed, hours: number): readonly string[] =>
  hours < knownHours || known.length === 0 ? [] : names.filter((name) => !known.some((one) => one.name === name));

const firstNames = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;

const sayCalls = (sentence: string | null, actors: readonly string[], resources: readonly string[]): string =>
  [
    ...(sentence === null ? [] : [`Calls an hour: ${sentence}`]),
    ...(actors.length === 0 ? [] : [`${firstNames(actors)} ${actors.length === 1 ? "was" : "were"} never seen here before.`]),
    ...(resources.length === 0 ? [] : [`${firstNames(resources)} ${resources.length === 1 ? "is" : "are"} new.`]),
  ].join(" ");

/** What is said of an hour of calls, and the memory of its series after it. */
const judgeCalls = (
  { series, actors, resources }: CountedMemory,
  hour: PendingHour,
): { readonly judged: Judged; readonly series: SeriesMemory } => {
  const { hourMs: at, calls } = hour;
  const { verdict, memory } = judgeValue(series, calls, at);
  const [newActors, newResources] = [newcomers(hour.actors, actors, series.count), newcomers(hour.resources, resources, series.count)];
  const novelty = (newActors.length > 0 ? weights.newActor.points : 0) + (newResources.length > 0 ? weights.newResource.points : 0);
  const score = Math.min(100, Math.round((scoreAbove(verdict, calls) + novelty) * 10) / 10);
  const explanation = sayCalls(explainFinding(verdict.finding, calls), newActors, newResources);
  const figures = { ...verdict, score, newActors, newResources };
  const judged = { hourMs: at, severity: severityOf(score), score, explanation, figures, value: calls, usual: verdict.finding.usual };
  return { judged, series: memory };
};

const nothing = (at: number): PendingHour => ({ hourMs: at, calls: 0, actors: [], resources: [] });

/** Most hours without a call that are made up for: a fortnight. What was before is not known better by more of them. */
const mostCatchUp = 14 * 24;
/** Hours of which it is known how many calls they had: as long as anything odd in them would be news. */
const keptHours = newsForMs / hourMs;

/**
 * Judges the hours of a series of calls that are over, those without a call too.
 * @param fromMs the first hour that is not judged yet; null: the series' first call
 * @param untilMs the first hour that is not over
 * @returns with `closedUntilMs`, the first that is not judged now
 */
export const closeCalls = (
  { memory, live }: Watched<CountedMemory>,
  fromMs: number | null,
  untilMs: number,
  nowMs: number,
): Outcome<CountedMemory> & { readonly closedUntilMs: number | null } => {
  const ledger = new Ledger(live);
  let { series, actors, resources } = memory;
  const closed = [...(memory.closed ?? [])];
  const first = fromMs ?? memory.pending[0]?.hourMs ?? null;
  if (first === null || first >= untilMs) return { memory, live, ended: [], hours: [], closedUntilMs: fromMs };
  const startMs = Math.max(first, untilMs - mostCatchUp * hourMs);
  for (const { hourMs: at, ...names } of memory.pending.filter((one) => one.hourMs < startMs)) {
    actors = seen(actors, names.actors, at);
    resources = seen(resources, names.resources, at);
  }
  for (let at = startMs; at < untilMs; at += hourMs) {
    const hour = memory.pending.find((one) => one.hourMs === at) ?? nothing(at);
    const band = bandOf(series, at);
    const { judged, series: next } = judgeCalls({ ...memory, series, actors, resources }, hour);
    series = next;
    actors = seen(actors, hour.actors, at);
    resources = seen(resources, hour.resources, at);
    closed.push(hour.calls);
    settle(ledger, judged, band, true, nowMs);
  }
  const pending = memory.pending.filter((one) => one.hourMs >= untilMs);
  return {
    memory: { ...memory, series, actors, resources, pending, closed: closed.slice(-keptHours) },
    live: ledger.live,
    ended: ledger.ended,
    hours: ledger.hours(),
    closedUntilMs: untilMs,
  };
};

/**
 * Judges hours anew that were judged before some of their calls came, by all that they have now. As odd they are told as any other as long as that is
 * news; what is still usual ends nothing. The series learns who was seen, and that its last hours had these calls, but none of its hours twice.
 * @param late what came, by hours, ascending. @param closedUntilMs the first hour that is not judged yet
 */
export const closeLate = (
  { memory, live }: Watched<CountedMemory>,
  late: readonly PendingHour[],
  closedUntilMs: number,
  nowMs: number,
): Outcome<CountedMemory> => {
  const ledger = new Ledger(live);
  const closed = [...(memory.closed ?? [])];
  let { series, actors, resources } = memory;
  for (const hour of late) {
    const { hourMs: at, calls } = hour;
    const place = closed.length - (closedUntilMs - at) / hourMs;
    const before = closed[place];
    const row = { hourMs: at, value: calls, band: bandOf(series, at), score: 0, severity: "none" as const, label: null };
    if (before === undefined || nowMs - at > newsForMs) ledger.record(row);
    else {
      closed[place] = before + calls;
      const asOfThen = withLast(series, closed.slice(0, place));
      const { judged } = judgeCalls({ ...memory, series: asOfThen, actors, resources }, { ...hour, calls: before + calls });
      if (judged.severity !== "none") ledger.take(follow(ledger.live, judged, nowMs, false));
      ledger.record({ ...row, score: judged.score, severity: judged.severity });
      series = withLast(series, closed);
    }
    actors = seen(actors, hour.actors, at);
    resources = seen(resources, hour.resources, at);
  }
  return { memory: { ...memory, series, actors, resources, closed }, live: ledger.live, ended: ledger.ended, hours: ledger.hours() };
};
