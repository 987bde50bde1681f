import type { CostAnomaly } from "../../adapters/ports/cost/anomalies.ts";
import type { Remembered } from "../../adapters/ports/cost/board.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { isCut } from "../../http/paging.ts";
import { afterOf, idOf } from "../asked.ts";
import { mayAct, page } from "../page.ts";
import { clock, empty, facts, note, ordering, pages, section, stateOf, when } from "../parts.ts";
import { viewing } from "../session.ts";
import { anomaliesPath, anomalyActs, anomalyPath, anomalyTable } from "./anomaly-list.ts";
import { seriesPath } from "./egress.ts";
import { seriesText, seriesTitle, valueText } from "./figures.ts";
import { historyTable } from "./history.ts";
import { spanAround, trend } from "./trend.ts";
import { verdictFacts } from "./verdict.ts";
import { anomalyWord, modeWords, severityWords } from "./words.ts";

const shown = 50;

const registerList = (app: App, deps: Deps): void => {
  app.get(anomaliesPath, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const anomalies = await deps.costAnomalies.list(c.var.customerId, {}, { limit: shown + 1, afterId });
    const here = anomalies.slice(0, shown);
    const next = anomalies.length > shown || isCut(anomalies) ? `${anomaliesPath}?after=${here.at(-1)?.id ?? 0}` : null;
    const list =
      here.length === 0
        ? empty("Nothing was odd so far.", "An hour, or an event, that is far from what is usual of its series is listed here.")
        : anomalyTable("Anomalies, the newest first", here, nowMs);
    const body = html`<div class="head"><div><p class="crumb"><a href="${costPath}">Cost</a></p><h1>Anomalies</h1><p>All of them, the newest first</p></div></div>\n${list}${pages(anomaliesPath, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "Anomalies", tab: "cost", body, live: true }));
  });
};

const doneWords: Readonly<Record<string, string>> = {
  open: "It is open again.",
  acknowledged: "Acknowledged: whoever looks next sees that somebody is at it.",
  snoozed: "Snoozed. It is open again by itself when that ends.",
  expected: "Marked as expected: what comes is learnt as usual.",
  resolved: "Resolved. What is odd of the series next will be another anomaly.",
};

const done = (c: AppContext): Html => {
  const word = doneWords[c.req.query("done") ?? ""];
  return word === undefined ? nothing : ordering(note("", html`<p>${word}</p>`));
};

const oddSpan = ({ firstHourMs, lastHourMs, hours }: CostAnomaly): Html =>
  hours === 1
    ? html`the hour from ${clock(firstHourMs)}`
    : html`${hours} hours<small>the first ${clock(firstHourMs)}, the last ${clock(lastHourMs)}, UTC</small>`;

const standing = (anomaly: CostAnomaly, nowMs: number): Html => {
  const { state, severity, score, value, usual, series, mode, snoozedUntilMs } = anomaly;
  return facts([
    [
      "State",
      html`${stateOf(anomalyWord(state, severity))}${snoozedUntilMs === null ? "" : html`<small>ends ${when(snoozedUntilMs, nowMs)}</small>`}`,
    ],
    ["How bad", html`${stateOf(severityWords[severity])}<small>score ${Number(score.toFixed(1))} of 100</small>`],
    [
      "Worst hour",
      html`${valueText(value, series.unit)}<small>usual ${usual === null ? "not known" : valueText(usual, series.unit)}</small>`,
    ],
    ["Odd", oddSpan(anomaly)],
    ["People were told", html`${modeWords[mode].word}<small>${modeWords[mode].says}</small>`],
  ]);
};

const eventsOf = ({ createdAtMs, resolvedAtMs, severity }: CostAnomaly, changes: readonly Remembered[]) => [
  { atMs: createdAtMs, what: `Found; at worst ${severity}` },
  // Where nobody said so it was over by itself.
  ...(resolvedAtMs === null || changes.some(({ state }) => state === "resolved")
    ? []
    : [{ atMs: resolvedAtMs, what: "Over: as usual again" }]),
];

const wordOf = ({ state, action }: Remembered): string =>
  ({ open: "Opened again", acknowledged: "Acknowledged", snoozed: "Snoozed", expected: "Marked as expected", resolved: "Resolved" })[
    state ?? ""
  ] ?? action;

const registerOne = (app: App, deps: Deps): void => {
  app.get(`${anomaliesPath}/:id`, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const id = idOf(c);
    const { customerId } = c.var;
    const [anomaly, changes] = await Promise.all([
      deps.costAnomalies.find(customerId, id),
      deps.costBoard.history(customerId, "cost_anomaly", id),
    ]);
    if (anomaly === null) throw noSuchResource();
    const { series, seriesId, firstHourMs, lastHourMs, state } = anomaly;
    const span = spanAround(firstHourMs, lastHourMs, nowMs);
    const about = { span, unit: series.unit, path: anomalyPath(id), title: "Its hours, and those around them" };
    const picture = await trend(c, about, async () => (await deps.costSeries.hours(customerId, seriesId, span)) ?? []);
    const isActing = mayAct(c) && state !== "resolved";
    const body = html`${done(c)}
<div class="head"><div><p class="crumb"><a href="${costPath}">Cost</a></p><h1>${seriesTitle(series)}</h1><p><a href="${seriesPath(seriesId)}">The whole series</a>${series.serviceId === null ? "" : html`, <a href="/console/services/${series.serviceId}">its service</a>`}</p></div>${isActing ? ordering(anomalyActs(anomaly, false)) : ""}</div>
<p class="said">${isolated(anomaly.explanation)}</p>
${anomaly.note === null ? nothing : note("", html`<p>${isolated(anomaly.changedBy ?? "")}: ${isolated(anomaly.note)}</p>`)}
${standing(anomaly, nowMs)}
${picture}
${verdictFacts(anomaly.figures, series.unit)}
${section("history", "History", historyTable(eventsOf(anomaly, changes), changes, wordOf, nowMs))}`;
    return c.html(await page(c, nowMs, { title: `Anomaly: ${seriesText(series)}`, tab: "cost", body, live: true }));
  });
};

/** `/console/cost/anomalies`: what was odd, and each with all that is known of it. */
export const registerAnomalyPages = (app: App, deps: Deps): void => {
  registerList(app, deps);
  registerOne(app, deps);
};
