import type { CostBaseline } from "../../adapters/ports/cost/series.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, joined, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { count } from "../../http/invoice/invoice-text.ts";
import { isCut } from "../../http/paging.ts";
import { resetBaseline } from "../../routes/cost/baseline-changes.ts";
import { afterOf, idOf } from "../asked.ts";
import { asking } from "../fields.ts";
import { mayAct, page } from "../page.ts";
import { cell, empty, facts, note, ordering, pages, section, table, when } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { anomalyTable } from "./anomaly-list.ts";
import { seriesListPath, seriesPath } from "./egress.ts";
import { seriesText, seriesTitle, valueText } from "./figures.ts";
import { trend, trendSpanOf } from "./trend.ts";
import { kindWords } from "./words.ts";

const shown = 50;
const anomaliesShown = 10;
const actorsShown = 12;

const row = ({ id, series, mean, count: values, lastHourMs }: CostBaseline, nowMs: number): Html =>
  html`<tr data-key="series-${id}"><th scope="row"><a href="${seriesPath(id)}" aria-label="Trend of ${seriesText(series)}">${seriesTitle(series)}</a></th>
${cell("Of", kindWords[series.kind])}${cell("Mean", values === 0 ? "not known" : valueText(mean, series.unit), true)}${cell("Learnt from", count(values), true)}${cell("Last hour", lastHourMs === null ? "none yet" : when(lastHourMs, nowMs))}</tr>`;

const registerList = (app: App, deps: Deps): void => {
  app.get(seriesListPath, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const series = await deps.costSeries.list(c.var.customerId, {}, { limit: shown + 1, afterId });
    const here = series.slice(0, shown);
    const next = series.length > shown || isCut(series) ? `${seriesListPath}?after=${here.at(-1)?.id ?? 0}` : null;
    const list =
      here.length === 0
        ? empty(
            "No series yet.",
            html`One begins with the first hour of a service on a CDN, and with the first event of an AWS account: <code>POST /v1/cost/accounts</code> has its trail read, <code>POST /v1/cost/events</code> takes what you push.`,
          )
        : table(
            "What is watched",
            ["Series", "A value is", { number: "Mean" }, { number: "Learnt from" }, "Last hour"],
            here.map((one) => row(one, nowMs)),
          );
    const body = html`<div class="head"><div><p class="crumb"><a href="${costPath}">Cost</a></p><h1>All series</h1><p>What is watched, and what is usual of it</p></div></div>\n${list}${pages(seriesListPath, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "All series", tab: "cost", body }));
  });
};

const standing = ({ series, mean, deviation, count: values, lastHourMs }: CostBaseline, nowMs: number): Html =>
  facts([
    ["A value is", kindWords[series.kind]],
    [
      "Mean",
      values === 0
        ? "nothing is known yet"
        : html`${valueText(mean, series.unit)}<small>deviation ${valueText(deviation, series.unit)}</small>`,
    ],
    ["Learnt from", `${count(values)} ${values === 1 ? "value" : "values"}`],
    ["Last hour that was scored", lastHourMs === null ? "none yet" : when(lastHourMs, nowMs)],
  ]);

const actors = ({ actors: names, series }: CostBaseline): Html => {
  if (series.kind === "egress") return nothing;
  if (names.length === 0)
    return section("actors", "Who was seen", empty("Nobody yet.", "An event that says who acted is what is learnt from."));
  const some = names.slice(0, actorsShown).map((name) => html`<li>${isolated(name)}</li>`);
  return section(
    "actors",
    "Who was seen, the latest first",
    html`<ul class="findings">${joined(some, "\n")}</ul>${names.length > actorsShown ? html`<p class="hint">and ${names.length - actorsShown} more</p>` : ""}`,
  );
};

const registerOne = (app: App, deps: Deps): void => {
  app.get(`${seriesListPath}/:id`, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const id = idOf(c);
    const { customerId } = c.var;
    const span = trendSpanOf(c, nowMs);
    const [baseline, anomalies] = await Promise.all([
      deps.costSeries.find(customerId, id),
      deps.costBoard.ofSeries(customerId, id, anomaliesShown),
    ]);
    if (baseline === null) throw noSuchResource();
    const { series } = baseline;
    const path = seriesPath(id);
    const picture = await trend(
      c,
      { span, unit: series.unit, path, title: "Hour by hour, and what was usual" },
      async () => (await deps.costSeries.hours(customerId, id, span)) ?? [],
    );
    const done =
      c.req.query("done") === "reset"
        ? ordering(note("", html`<p>Its baseline is begun anew: what comes is learnt as of a new series.</p>`))
        : nothing;
    const noMoney =
      series.kind === "egress" && series.unit === "bytes" && series.cdn !== null
        ? note(
            "",
            html`<p>No rate is known for ${isolated(series.cdn)}: these are bytes, and their money is not known.${mayAct(c) ? ordering(html` <a href="${costPath}/rates/set?cdn=${encodeURIComponent(series.cdn)}">Set a rate…</a>`) : ""}</p>`,
          )
        : nothing;
    const list =
      anomalies.length === 0
        ? empty("Nothing was odd so far.", "An hour that is far from the band is listed here, with why.")
        : anomalyTable("Anomalies of this series, the newest first", anomalies, nowMs);
    const body = html`${done}
<div class="head"><div><p class="crumb"><a href="${costPath}">Cost</a></p><h1>${seriesTitle(series)}</h1>${series.serviceId === null ? "" : html`<p><a href="/console/services/${series.serviceId}">The service</a></p>`}</div>${mayAct(c) ? ordering(html`<p class="acts"><a class="button" href="${path}/reset">Reset the baseline…</a></p>`) : ""}</div>
${noMoney}${standing(baseline, nowMs)}
${picture}
${section("anomalies", "Anomalies", list)}
${actors(baseline)}`;
    return c.html(await page(c, nowMs, { title: `Cost: ${seriesText(series)}`, tab: "cost", body, live: true }));
  });
};

const registerReset = (app: App, deps: Deps): void => {
  const path = `${seriesListPath}/:id/reset`;

  const baselineOf = async (c: AppContext): Promise<CostBaseline> => {
    const baseline = await deps.costSeries.find(c.var.customerId, idOf(c));
    if (baseline === null) throw noSuchResource();
    return baseline;
  };

  app.get(path, acting, async (c) => {
    const { id, series, count: values } = await baselineOf(c);
    const body = asking({
      back: seriesPath(id),
      crumb: seriesTitle(series),
      title: html`Reset the baseline of ${seriesTitle(series)}?`,
      says: `For a series that is another one from now on. What was learnt from ${count(values)} values is forgotten; until a day of hours is known only what is far beyond any doubt is told. Its hours and anomalies stay.`,
      path: `${seriesPath(id)}/reset`,
      word: "Reset",
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Reset a baseline", tab: "cost", body }));
  });

  app.post(path, acting, async (c) => {
    await readForm(c);
    const id = idOf(c);
    await resetBaseline(deps, c.var.customerId, id, changeBy(c));
    return c.redirect(`${seriesPath(id)}?done=reset`, 303);
  });
};

/** `/console/cost/series`: what is watched, and each as a picture over the band of what was usual. */
export const registerSeriesPages = (app: App, deps: Deps): void => {
  registerList(app, deps);
  registerOne(app, deps);
  registerReset(app, deps);
};
