import type { ListedAnomaly } from "../../adapters/ports/cost/board.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { html, isolated, joined, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { cell, ordering, stateOf, table, when } from "../parts.ts";
import { seriesText, seriesTitle, valueText } from "./figures.ts";
import { anomalyWord, severityWords } from "./words.ts";

export const anomaliesPath = `${costPath}/anomalies`;
export const anomalyPath = (id: number): string => `${anomaliesPath}/${id}`;

/** What can be said of an anomaly where it stands so, in the order in which it is likely. */
const wordsFor = (state: ListedAnomaly["state"]): readonly (readonly [state: ListedAnomaly["state"], word: string])[] => {
  if (state === "resolved") return [];
  return (
    [
      ["acknowledged", "Acknowledge"],
      ["snoozed", "Snooze…"],
      ["expected", "Expected…"],
      ["resolved", "Resolve…"],
      ["open", "Open again"],
    ] as const
  ).filter(([to]) => to !== state || to === "snoozed");
};

/** What is done at one press, as it can be taken back; of everything else it is asked why, or for how long. */
const atOnce = new Set<ListedAnomaly["state"]>(["acknowledged", "open"]);

/** The buttons of an anomaly. Where it is one of many, each says of which it is. */
export const anomalyActs = ({ id, state, series }: Pick<ListedAnomaly, "id" | "state" | "series">, isOneOfMany: boolean): Html => {
  const path = `${anomalyPath(id)}/say`;
  const name = (word: string): Html => (isOneOfMany ? html` aria-label="${word.replace("…", "")}: ${seriesText(series)}"` : nothing);
  const acts = wordsFor(state).map(([to, word]) =>
    atOnce.has(to)
      ? html`<form method="post" action="${path}"><input type="hidden" name="state" value="${to}">${isOneOfMany ? html`<input type="hidden" name="from" value="cost">` : ""}<button${name(word)}>${word}</button></form>`
      : html`<a class="button" href="${path}?state=${to}"${name(word)}>${word}</a>`,
  );
  return html`<div class="acts">${acts}</div>`;
};

const hoursText = (hours: number): string => (hours === 1 ? "one hour" : `${hours} hours`);

const stood = ({ state, severity, snoozedUntilMs, changedBy }: ListedAnomaly, nowMs: number): Html => {
  if (state === "open") return nothing;
  const by = changedBy === null ? nothing : html` by ${isolated(changedBy)}`;
  return html` ${stateOf(anomalyWord(state, severity))}${snoozedUntilMs === null ? by : html` until it ends ${when(snoozedUntilMs, nowMs)}`}`;
};

const card = (anomaly: ListedAnomaly, nowMs: number, isActing: boolean): Html => {
  const { id, severity, series, explanation, hours, lastHourMs } = anomaly;
  return html`<li data-key="anomaly-${id}"><h3><a href="${anomalyPath(id)}">${seriesTitle(series)}</a></h3>
<p>${stateOf(severityWords[severity])}${stood(anomaly, nowMs)} <span class="hint">${hoursText(hours)}, the last began ${when(lastHourMs, nowMs)}</span></p>
<p>${isolated(explanation)}</p>
${isActing ? ordering(anomalyActs(anomaly, true)) : nothing}</li>`;
};

/** Anomalies in full, each with what can be said of it. */
export const anomalyCards = (anomalies: readonly ListedAnomaly[], nowMs: number, isActing: boolean): Html =>
  html`<ol class="cards">
${joined(
  anomalies.map((one) => card(one, nowMs, isActing)),
  "\n",
)}
</ol>`;

const row = (anomaly: ListedAnomaly, nowMs: number): Html => {
  const { id, state, severity, series, value, usual, hours, firstHourMs } = anomaly;
  return html`<tr data-key="anomaly-${id}"><th scope="row"><a href="${anomalyPath(id)}" aria-label="Anomaly ${id}: ${seriesText(series)}">${seriesTitle(series)}</a></th>
<td class="lead">${stateOf(anomalyWord(state, severity))}</td>
${cell("How bad", severityWords[severity].word)}${cell("Worst hour", valueText(value, series.unit), true)}${cell("Usual", usual === null ? "not known" : valueText(usual, series.unit), true)}${cell("Odd for", hoursText(hours))}${cell("Began", when(firstHourMs, nowMs))}</tr>`;
};

/** Anomalies as a list. @param caption which they are */
export const anomalyTable = (caption: string, anomalies: readonly ListedAnomaly[], nowMs: number): Html =>
  table(
    caption,
    ["Of what", "State", "How bad", { number: "Worst hour" }, { number: "Usual" }, "Odd for", "Began"],
    anomalies.map((one) => row(one, nowMs)),
  );
