import type { Deps } from "../adapters/ports/deps.ts";
import type { FleetLook, FleetService } from "../adapters/ports/steering/fleet.ts";
import type { MeasuredObjective } from "../adapters/ports/slo/objectives.ts";
import type { Status } from "../domain/slo/status.ts";
import { statusOf } from "../domain/slo/status.ts";
import { silentAfterMs } from "../domain/steering/trouble.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { afterOf } from "./asked.ts";
import { mayAct, page } from "./page.ts";
import { asOf, cell, empty, meter, note, ordering, pages, since, stateOf, table, when } from "./parts.ts";
import { viewing } from "./session.ts";
import { objectiveWords, orderedWords, reasonText, troubleWords } from "./words.ts";

/** Services of a page. */
const shown = 100;

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

/** Which CDN the domains' weights name, as last read. */
const serving = ({ domains: { primary, backup, both, total }, primaryCdn, backupCdn }: FleetService): Html => {
  if (total === 0) return html`no domains yet`;
  if (primary + backup + both === 0) return html`not read yet`;
  if (both > 0 || (primary > 0 && backup > 0)) return html`${isolated(primaryCdn)} and ${isolated(backupCdn)}`;
  return primary > 0 ? isolated(primaryCdn) : html`<strong>${isolated(backupCdn)}</strong>`;
};

const why = (one: FleetService, nowMs: number): Html => {
  const { override, storm, reason, domains } = one;
  if (override !== null) return html`${orderedWords[override.mode]}: ${isolated(override.reason)}`;
  if (storm !== null)
    return html`${storm.monitorOnly ? "a storm, watched only," : "a storm"} for ${since(storm.startedAtMs, nowMs)}${reason === "" || reason === "storm" ? "" : html`; ${reasonText(reason)}`}`;
  if (domains.contested > 0) return html`somebody else keeps changing the weights of ${plural(domains.contested, "domain")}`;
  if (domains.failing > 0) return html`DNS refuses the changes of ${plural(domains.failing, "domain")}`;
  return reason === "" ? html`nothing was decided yet` : html`${reasonText(reason)}`;
};

/** How many of its domains have their weight on which side. */
const weights = ({ domains: { total, primary, backup, both, unread } }: FleetService): Html => {
  if (total === 0) return html`–`;
  const parts = [
    ...(primary > 0 ? [`${primary} primary`] : []),
    ...(both > 0 ? [`${both} both`] : []),
    ...(backup > 0 ? [`${backup} backup`] : []),
    ...(unread > 0 ? [`${unread} unread`] : []),
  ];
  const read = primary + backup + both;
  return html`${parts.join(", ")}${read === 0 ? "" : meter((primary + both / 2) / read, "one", "two")}`;
};

const budget = (worst: Status | undefined): Html => {
  if (worst === undefined) return html`–`;
  const { word, tone } = objectiveWords[worst.state];
  if (worst.state === "insufficient_data") return stateOf({ word, tone });
  return html`${worst.remainingPercent.toFixed(1)} % ${tone === "ok" ? nothing : stateOf({ word, tone })}${meter(worst.remainingPercent / 100, tone)}`;
};

const lastRound = ({ lastRoundAtMs }: FleetService, nowMs: number): Html => {
  if (lastRoundAtMs === null) return html`never`;
  return nowMs - lastRoundAtMs > silentAfterMs
    ? html`<span class="state bad">${when(lastRoundAtMs, nowMs)}</span>`
    : when(lastRoundAtMs, nowMs);
};

const row = (one: FleetService, worst: Status | undefined, nowMs: number, isActing: boolean): Html => {
  const order = one.override === null ? { mode: "frozen", word: "Freeze…" } : { mode: "release", word: "Release…" };
  return html`<tr data-key="${one.serviceId}"><th scope="row"><a href="/console/services/${one.serviceId}">${isolated(one.name)}</a>${one.steering === "shadow" ? html`<small>shadow: decides, changes nothing</small>` : ""}</th>
<td class="lead">${stateOf(troubleWords[one.trouble])}</td>
${cell("Serving", html`${serving(one)}<small>${why(one, nowMs)}</small>`)}${cell("Domains", weights(one))}${cell("Budget left", budget(worst))}${cell("Last round", lastRound(one, nowMs))}
${isActing ? ordering(html`<td class="act"><a href="/console/order?mode=${order.mode}&amp;service=${one.serviceId}" aria-label="${order.word.replace("…", "")} ${one.name}">${order.word}</a></td>`) : ""}</tr>`;
};

/** The worst objective of each service: by its state, then by what is left. */
const worstByService = (objectives: readonly MeasuredObjective[], atUs: number): ReadonlyMap<number, Status> => {
  const order = Object.keys(objectiveWords);
  const worst = new Map<number, Status>();
  for (const { objective, tallies } of objectives) {
    const status = statusOf(objective, tallies, atUs);
    const before = worst.get(objective.serviceId);
    const rank = ({ state, remainingPercent }: Status): number => order.indexOf(state) * 1e9 + remainingPercent;
    if (before === undefined || rank(status) < rank(before)) worst.set(objective.serviceId, status);
  }
  return worst;
};

/** How many services are in which trouble, the worst first. */
const counted = (counts: FleetLook["counts"]): Html =>
  html`<ul class="count">${counts.map(
    ({ trouble, services }) =>
      html`<li>${stateOf({ ...troubleWords[trouble], word: `${services} ${troubleWords[trouble].word.toLowerCase()}` })}</li>`,
  )}</ul>`;

const nothingYet = empty(
  "No services yet.",
  html`A service is what fails over as one: <a href="/console/setup">set one up</a>, and its first round is here ten seconds after it has a domain. <code>POST /v1/services</code> does the same.`,
);

/** `/console`: all services at a glance, those in trouble first. */
export const registerFleetPage = (app: App, deps: Deps): void => {
  const path = "/console";
  app.get(path, viewing, async (c: AppContext) => {
    const nowMs = deps.clock.nowMs();
    const { customerId } = c.var;
    const place = afterOf(c);
    const { services, hasMore, counts, measured, atUs } = await deps.fleet.look(customerId, place, nowMs, shown);
    const worst = worstByService(measured, atUs);
    const last = services.at(-1);
    const isActing = mayAct(c);
    const rows = services.map((one) => row(one, worst.get(one.serviceId), nowMs, isActing));
    const list =
      rows.length === 0
        ? nothingYet
        : table(
            "Services, those in trouble first",
            ["Service", "State", "Serving, and why", "Domains", "Budget left", "Last round", ...(isActing ? [{ order: "Order" }] : [])],
            rows,
          );
    const silent = counts.find(({ trouble }) => trouble === "silent")?.services ?? 0;
    const body = html`<div class="head"><div><h1>Fleet</h1><p>As of ${asOf(nowMs)} UTC; <a href="${path}">look again</a></p></div></div>
${silent > 0 ? note("bad", html`${plural(silent, "service")} without a probe for five minutes: nobody knows how ${silent === 1 ? "it is" : "they are"}. <code>GET /v1/status</code> says whether rounds run.`, "alert") : ""}
${place === null && counts.length > 0 ? counted(counts) : ""}
${list}${pages(path, place === null, hasMore ? `${path}?after=${last?.place ?? 0}` : null)}`;
    return c.html(await page(c, nowMs, { title: "Fleet", tab: "fleet", body, live: true }));
  });
};
