import type { Deps } from "../../adapters/ports/deps.ts";
import type { StatusIncident } from "../../adapters/ports/publish/status-pages.ts";
import { phaseOf } from "../../domain/publish/incident.ts";
import type { AppContext } from "../../http/env.ts";
import { html, isolated } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { impactWords, standing } from "../../http/status-page/words.ts";
import { afterOf } from "../asked.ts";
import { cell, empty, pages, stateOf, table, when } from "../parts.ts";
import type { Word } from "../words.ts";

const shown = 20;

/** How an incident stands, in the tones of the console. */
export const incidentWord = (one: StatusIncident, nowMs: number): Word => {
  const { word, tone } = standing({ ...one, phase: phaseOf(one, nowMs) });
  return { word, tone: tone === "plan" ? "held" : tone };
};

const row = (one: StatusIncident, nowMs: number): Html =>
  html`<tr><th scope="row"><a href="/console/status-page/incidents/${one.id}">${isolated(one.title)}</a></th>
<td class="lead">${stateOf(incidentWord(one, nowMs))}</td>
${cell("Impact", impactWords[one.impact])}${cell("Begins", when(one.startsAtMs, nowMs))}${cell("Last update", when(one.updatedAtMs, nowMs))}</tr>`;

/** What was written, the newest first. */
export const incidentList = async (c: AppContext, deps: Deps, nowMs: number): Promise<Html> => {
  const path = "/console/status-page";
  const afterId = afterOf(c);
  const incidents = await deps.statusIncidents.list(c.var.customerId, { limit: shown + 1, afterId });
  const here = incidents.slice(0, shown);
  if (here.length === 0) return empty("Nothing was written yet.", "The page shows what was measured; why it was so, only you can say.");
  const hasMore = incidents.length > shown || here.at(-1)?.cut === true;
  return html`${table(
    "Incidents, the newest first",
    ["Title", "State", "Impact", "Begins", "Last update"],
    here.map((one) => row(one, nowMs)),
  )}${pages(path, afterId === null, hasMore ? `${path}?after=${here.at(-1)?.id ?? 0}` : null)}`;
};
