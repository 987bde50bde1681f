import type { Judged } from "./anomaly.ts";
import { follow, newsForMs } from "./anomaly.ts";
import type { SeriesMemory } from "./detector.ts";
import { withLast } from "./detector.ts";
import { explainFinding, explainHour } from "./explain.ts";
import { deviationOf } from "./fading.ts";
import type { Observed } from "./observed.ts";
import { withSighting } from "./observed.ts";
import { judgeHour, severityOf, weights } from "./score.ts";
import type { SeriesVerdict } from "./series.ts";
import { judgeValue } from "./series.ts";
import type { Treatment } from "./storm-rule.ts";
import type { Band, CountedMemory, Outcome, PendingHour, PricedMemory, Watched } from "./watched.ts";
import { bandAround, bandOfUsual, Ledger } from "./watched.ts";

/** An hour of egress, and what becomes of it: cents or bytes, as its series has it. */
export type EgressValue = { readonly hourMs: number; readonly value: number; readonly treatment: Treatment };

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
const settle = (ledger: Ledger, judged: Judged, band: Band | null, isScored: boolean, nowMs: number): void => {
  if (isScored || judged.severity === "none") ledger.take(follow(ledger.live, judged, nowMs, band === null || judged.value <= band.high));
  const { hourMs: at, value, score } = judged;
  ledger.record({ hourMs: at, value, band, score: isScored ? score : 0, severity: isScored ? judged.severity : "none", label: null });
};

/** Egress in cents, by its baseline with hours of the day and week. Hours ascending. */
export const foldEgress = (
  { memory, live }: Watched<PricedMemory>,
  hours: readonly EgressValue[],
  nowMs: number,
): Outcome<PricedMemory> => {
  const ledger = new Ledger(live);
  let { baseline } = memory;
  for (const { hourMs: at, value, treatment } of hours) {
    const ruling = treatment.kind === "expected" ? "shifted" : ledger.live?.state === "expected" ? "accepted" : null;
    const { verdict, baseline: next } = judgeHour(baseline, { atMs: at, cents: value, actor: null, resource: null }, ruling);
    baseline = next;
    const { usual, score, severity } = verdict;
    const band = bandOfUsual(usual);
    if (treatment.kind === "expected") {
      ledger.record({ hourMs: at, value, band, score: 0, severity: "none", label: treatment.label });
      continue;
    }
    const said = { explanation: explainHour(verdict), figures: verdict, value, usual: usual.basis === "cold" ? null : usual.mean };
    settle(ledger, { hourMs: at, severity, score, ...said }, band, treatment.kind === "scored", nowMs);
  }
  return { memory: { ...memory, baseline }, live: ledger.live, ended: ledger.ended, hours: ledger.hours() };
};

/** How rare a value is, as a score: of costs only what is more than usual is odd. */
const scoreAbove = ({ score, finding }: SeriesVerdict, value: number): number => (value > finding.usual ? score : 0);

/** Egress in bytes, by how rare it is. Hours ascending. */
export const foldBytes = (
  { memory, live }: Watched<CountedMemory>,
  hours: readonly EgressValue[],
  nowMs: number,
): Outcome<CountedMemory> => {
  const ledger = new Ledger(live);
  let { series } = memory;
  for (const { hourMs: at, value, treatment } of hours) {
    const band = bandOf(series, at);
    if (treatment.kind === "expected") {
      ledger.record({ hourMs: at, value, band, score: 0, severity: "none", label: treatment.label });
      continue;
    }
    const { verdict, memory: next } = judgeValue(series, value, at);
    series = next;
    const { finding } = verdict;
    const score = scoreAbove(verdict, value);
    const severity = severityOf(score);
    const explanation = `In GB: ${explainFinding({ ...finding, usual: finding.usual / 1e9 }, value / 1e9) ?? ""}`;
    const judged = { hourMs: at, severity, score, explanation, figures: verdict, value, usual: finding.usual };
    settle(ledger, judged, band, treatment.kind === "scored", nowMs);
  }
  return { memory: { ...memory, series }, live: ledger.live, ended: ledger.ended, hours: ledger.hours() };
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
