import type { Deps } from "../adapters/ports/deps.ts";
import type { AxisSeries, AxisSwitch, AxisView } from "../adapters/ports/detection/service-axis.ts";
import { decisions, orderSpans, weightSteps } from "../domain/steering/axis.ts";
import type { Decision, OrderSpan } from "../domain/steering/axis.ts";
import type { AppContext } from "../http/env.ts";
import { html, isolated, joined, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { isoTime } from "../iso-time.ts";
import { axisChart, legend, vantagesOf } from "./axis-chart.ts";
import type { Drawn } from "./axis-chart.ts";
import { axisOf } from "./axis-span.ts";
import type { Window } from "./axis-span.ts";
import { axisSpans, figurePath, freshForMs, spanPath, windowPath } from "./axis-window.ts";
import type { Axis } from "./axis-window.ts";
import { keeps } from "./fragment.ts";
import { cell, clock, note, section, stateOf, table } from "./parts.ts";
import { kindWords, orderedWords, reasonText, resultWords, stormWords } from "./words.ts";

type Named = { readonly primaryCdn: string; readonly backupCdn: string };

/** The span of an axis, chosen and moved by links: it works without a script, and a script makes dragging of it. */
const controls = (axis: Axis): Html => {
  const { fromMs, toMs, name, figure, nowMs } = axis;
  const lengthMs = toMs - fromMs;
  const link = (path: string, word: string, isChosen = false): Html =>
    html`<a href="${path}#axis-heading" data-go${isChosen ? html` aria-current="true"` : ""}>${word}</a>`;
  const spans = (Object.keys(axisSpans) as (keyof typeof axisSpans)[]).map((one) =>
    link(spanPath(axis, one), one.replace(/(?=[hd]$)/, " "), one === name),
  );
  const moves = [
    link(windowPath(axis, fromMs - lengthMs / 2, toMs - lengthMs / 2), "Earlier"),
    ...(toMs < nowMs ? [link(windowPath(axis, fromMs + lengthMs / 2, toMs + lengthMs / 2), "Later")] : []),
    link(windowPath(axis, fromMs + lengthMs / 4, toMs - lengthMs / 4), "Closer"),
    link(windowPath(axis, fromMs - lengthMs / 2, toMs + lengthMs / 2), "Wider"),
  ];
  const figures = [
    link(figurePath(axis, "success"), "Success", figure === "success"),
    link(figurePath(axis, "latency"), "Latency", figure === "latency"),
  ];
  return html`<div class="spans"><nav aria-label="Span">${spans}</nav><nav aria-label="Move">${moves}</nav><nav aria-label="Figure">${figures}</nav></div>`;
};

/** The result of a decision that was made by many switches: theirs, or that they differ. */
const resultOf = ({ changes }: Decision<AxisSwitch>): Html => {
  const results = new Set(changes.map(({ result }) => result));
  if (results.size > 1) return stateOf({ word: "Mixed", tone: "warn" });
  return stateOf(resultWords[changes[0].result] ?? { word: changes[0].result, tone: "off" });
};

const decisionTable = (decided: readonly Decision<AxisSwitch>[]): Html =>
  table(
    "Decisions, as numbered in the picture",
    ["No.", "Result", "At, in UTC", "Weights primary : backup", "Why", "By"],
    decided.map((decision, index) => {
      const [first] = decision.changes;
      return html`<tr><th scope="row">${index + 1}</th><td class="lead">${resultOf(decision)}</td>${cell("At", clock(decision.atMs))}${cell("Weights", html`${first.fromPrimary} : ${first.fromBackup} → ${first.toPrimary} : ${first.toBackup}<small>${decision.changes.length === 1 ? "1 domain" : `${decision.changes.length} domains`}</small>`)}${cell("Why", html`${reasonText(first.reason)}${first.stormId === null ? "" : html`, <a href="/console/storms/${first.stormId}">storm ${first.stormId}</a>`}`)}${cell("By", isolated(first.actor))}</tr>`;
    }),
  );

const spanTable = ({ storms }: AxisView, ordered: readonly OrderSpan[]): Html =>
  table(
    "Storms and orders",
    ["What", "State", "From, in UTC", "Until", "Why"],
    [
      ...storms.map(
        ({ id, kind, state, startedAtMs, endedAtMs }) =>
          html`<tr><th scope="row"><a href="/console/storms/${id}">Storm ${id}</a></th><td class="lead">${stateOf(stormWords[state])}</td>${cell("From", clock(startedAtMs))}${cell("Until", endedAtMs === null ? "it is on" : clock(endedAtMs))}${cell("Why", `${kindWords[kind]} of the primary`)}</tr>`,
      ),
      ...ordered.map(
        ({ mode, atMs, toMs, reason, actor }) =>
          html`<tr><th scope="row">${orderedWords[mode]}</th><td class="lead">${stateOf(toMs === null ? { word: "In force", tone: "held" } : { word: "Ended", tone: "off" })}</td>${cell("From", clock(atMs))}${cell("Until", toMs === null ? "it holds" : clock(toMs))}${cell("Why", html`${isolated(reason)}<small>${isolated(actor)}</small>`)}</tr>`,
      ),
    ],
  );

const headingOf = ({ path, vantage }: AxisSeries): string => `${path}, from ${vantage}`;

/** Every figure that is drawn. */
const figureTable = (axis: Axis, series: readonly AxisSeries[]): Html => {
  const byStep = new Map<number, Map<AxisSeries, string>>();
  for (const one of series)
    for (const [step, samples, ok, p50] of one.points) {
      const row = byStep.get(step) ?? new Map<AxisSeries, string>();
      byStep.set(step, row.set(one, `${ok}/${samples}${p50 === null ? "" : `, ${p50} ms`}`));
    }
  const rows = [...byStep]
    .toSorted(([a], [b]) => a - b)
    .map(
      ([step, row]) =>
        html`<tr data-step="${step}"><th scope="row">${isoTime(axis.fromMs + step * axis.stepMs)
          .slice(5, 19)
          .replace("T", " ")}</th>${series.map((one) => cell(headingOf(one), row.get(one) ?? "–"))}</tr>`,
    );
  const what = axis.figure === "success" ? "Good answers of all" : "Good answers of all, and their median latency";
  return table(`${what}, step by step`, ["From, in UTC", ...series.map(headingOf)], rows);
};

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;

const summaryOf = (axis: Axis, view: AxisView, decided: number, ordered: number): string => {
  const worst = (view.series ?? []).map((one) => {
    const lowest = Math.min(1, ...one.points.map(([, samples, ok]) => ok / samples));
    return `${headingOf(one)}: at worst ${Math.round(lowest * 100)} % good answers`;
  });
  const range = [axis.fromMs, axis.toMs].map((ms) => isoTime(ms).slice(0, 16).replace("T", " "));
  return `From ${range.join(" to ")} UTC: ${count(view.storms.length, "storm")}, ${count(decided, "decision")}, ${count(ordered, "order")}. ${worst.join("; ")}. The tables below have every figure.`;
};

const withTables = (drawn: Drawn): Html => {
  const { axis, view, decided, ordered } = drawn;
  const tables = [
    ...(decided.length > 0 ? [decisionTable(decided)] : []),
    ...(view.storms.length + ordered.length > 0 ? [spanTable(view, ordered)] : []),
    ...(view.series !== null && view.series.length > 0 ? [figureTable(axis, view.series)] : []),
  ];
  if (tables.length === 0) return nothing;
  return html`<details><summary>The same as tables</summary>\n${joined(tables, "\n")}\n</details>`;
};

const remarks = ({ view, axis }: Drawn): Html => {
  if (view.series === null)
    return note("warn", "There is more here than could be added up in time: its probes are not drawn. A shorter span has fewer.");
  const nothingMeasured =
    view.series.length === 0 ? html`<p class="hint">Nothing was probed in this span. Probes begin with the first domain.</p>` : nothing;
  const cut = view.isCut ? html`<p class="hint">Of very many events the newest ones are drawn: a shorter span has all.</p>` : nothing;
  return html`${nothingMeasured}${cut}${axis.name === null && axis.toMs < axis.nowMs ? html`<p class="hint">This window does not move on. <a href="${spanPath(axis, "1h")}#axis-heading" data-go>To now</a></p>` : nothing}`;
};

const draw = (axis: Axis, view: AxisView, { primaryCdn, backupCdn }: Named): Drawn => {
  const decided = decisions(view.switches);
  const ordered = orderSpans(view.orders, axis.nowMs).filter(({ toMs }) => toMs === null || toMs > axis.fromMs);
  return {
    axis,
    view,
    decided,
    ordered,
    weights: weightSteps(axis.fromMs, view.weights, view.switches),
    titles: { primary: `Primary, ${primaryCdn}`, backup: `Backup, ${backupCdn}`, direct: "Direct: the public name itself" },
    summary: summaryOf(axis, view, decided.length, ordered.length),
  };
};

/** By which a live page says that it still has its picture. */
const axisId = "axis";

/** Of which service, on which page, and what is shown unless the page's query asks for a span. */
type About = { readonly path: string; readonly serviceId: number; readonly nowMs: number; readonly window: Window | null };

const figure = (drawn: Drawn): Html => {
  const { axis, view } = drawn;
  return html`<figure id="${axisId}" class="axis" data-path="${axis.path}" data-figure="${axis.figure}" data-from="${axis.fromMs}" data-to="${axis.toMs}" data-step="${axis.stepMs}" data-fresh="${freshForMs(axis)}">
${controls(axis)}
${axisChart(drawn)}
<p class="readout" aria-hidden="true" data-keep></p>
<figcaption>${legend(vantagesOf(view))}</figcaption>
${remarks(drawn)}${withTables(drawn)}
</figure>`;
};

/**
 * All that was measured and decided of a service on one axis of time, with the tables that it stands for. Nothing is read for a live page
 * whose picture is as good as a new one.
 * @throws AppError `bad_request` for a span that is none; `not_found`
 */
export const serviceAxis = async (c: AppContext, deps: Pick<Deps, "serviceAxis" | "services" | "config">, about: About): Promise<Html> => {
  const { path, serviceId, nowMs, window } = about;
  const heading = (content: Html): Html => section("axis-heading", "Measured and decided", content);
  const axis = axisOf(c, { path, nowMs, rawSinceMs: nowMs - deps.config.sampleRetentionMs }, window);
  if (keeps(c, axisId)) return heading(html`<figure id="${axisId}" data-keep></figure>`);
  const { customerId } = c.var;
  const [detail, view] = await Promise.all([deps.services.get(customerId, serviceId), deps.serviceAxis.read(customerId, serviceId, axis)]);
  // The storms of a deleted service are kept, what was probed of it is not.
  if (detail === null || view === null) return nothing;
  return heading(figure(draw(axis, view, detail.service)));
};
