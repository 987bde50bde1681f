import type { Deps } from "../adapters/ports/deps.ts";
import type { Objective } from "../adapters/ports/slo/objectives.ts";
import type { Status } from "../domain/slo/status.ts";
import { statusOf } from "../domain/slo/status.ts";
import type { App } from "../http/env.ts";
import { html, isolated } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { afterOf } from "./asked.ts";
import { page } from "./page.ts";
import { cell, empty, length, meter, pages, since, stateOf, table } from "./parts.ts";
import { viewing } from "./session.ts";
import { objectiveWords } from "./words.ts";

const shown = 100;

type Standing = { readonly objective: Objective; readonly status: Status };

const windowText = ({ window }: Objective): string => ("days" in window ? `${window.days} days` : `this ${window.calendar}`);

const percent = (value: number | null): string => (value === null ? "–" : `${value} %`);

const left = ({ remaining, remainingPercent, state }: Status): Html => {
  const minutes = remaining.us < 0 ? `${length(-remaining.us)} over` : length(remaining.us);
  return html`${remainingPercent.toFixed(1)} %<small>${minutes}</small>${meter(remainingPercent / 100, objectiveWords[state].tone)}`;
};

const row = ({ objective, status }: Standing, nowMs: number, isNamed: boolean): Html => {
  const { exhaustedIn, openSinceUs } = status;
  const hour = status.burn["1h"];
  return html`<tr data-key="${objective.id}"><th scope="row">${isNamed ? html`<a href="/console/services/${objective.serviceId}">${isolated(objective.serviceName)}</a><small>${isolated(objective.name)}</small>` : isolated(objective.name)}</th>
<td class="lead">${stateOf(objectiveWords[status.state])}${openSinceUs === null ? "" : html`<small>down for ${since(Math.floor(openSinceUs / 1_000), nowMs)}</small>`}</td>
${cell("Target", html`${objective.target} %<small>${windowText(objective)}</small>`, true)}${cell("Availability", percent(status.availability), true)}${cell("Budget left", left(status), true)}${cell("Burn, 1 h", html`${hour === null ? "–" : `${hour.toFixed(1)} ×`}${exhaustedIn === null || exhaustedIn.us === 0 ? "" : html`<small>spent in ${length(exhaustedIn.us)}</small>`}`, true)}</tr>`;
};

/** @param isNamed whether the services are named, too */
export const objectiveTable = (standings: readonly Standing[], nowMs: number, isNamed: boolean): Html =>
  standings.length === 0
    ? empty(
        "No objectives yet.",
        html`Say what is promised of a service: <code>POST /v1/services/{id}/objectives</code> with a target such as 99.9, computed over all that is recorded.`,
      )
    : table(
        "Objectives, as of now",
        [
          isNamed ? "Service" : "Objective",
          "State",
          { number: "Target" },
          { number: "Availability" },
          { number: "Budget left" },
          { number: "Burn, 1 h" },
        ],
        standings.map((standing) => row(standing, nowMs, isNamed)),
      );

/** The worst first: by state, then by what is left of the budget. */
const byNeed = (a: Standing, b: Standing): number => {
  const order = Object.keys(objectiveWords);
  return order.indexOf(a.status.state) - order.indexOf(b.status.state) || a.status.remainingPercent - b.status.remainingPercent;
};

/** `/console/objectives`: what was promised, and what is left of each budget. */
export const registerObjectivesPage = (app: App, deps: Deps): void => {
  const path = "/console/objectives";
  app.get(path, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const { measured, atUs } = await deps.objectiveMeasures.measure(
      { customerId: c.var.customerId, page: { limit: shown + 1, afterId } },
      null,
    );
    const standings = measured.slice(0, shown).map(({ objective, tallies }) => ({ objective, status: statusOf(objective, tallies, atUs) }));
    const next = measured.length > shown ? `${path}?after=${measured[shown - 1]?.objective.id ?? 0}` : null;
    const body = html`<div class="head"><div><h1>Objectives</h1><p>${next === null && afterId === null ? "The worst first" : "A page of them, the worst first"}</p></div></div>\n${objectiveTable(standings.toSorted(byNeed), nowMs, true)}${pages(path, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "Objectives", tab: "objectives", body, live: true }));
  });
};
