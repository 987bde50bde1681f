import type { Deps } from "../adapters/ports/deps.ts";
import type { DomainRouting, RoutingChange, RoutingView } from "../adapters/ports/steering/routing.ts";
import type { MeasuredStorm } from "../adapters/ports/detection/storms.ts";
import type { ReadinessCheck } from "../adapters/ports/steering/dns-setup.ts";
import { noSuchResource } from "../auth/guards.ts";
import { statusOf } from "../domain/slo/status.ts";
import { inForce } from "../domain/steering/steering.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated, joined, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { idOf } from "./asked.ts";
import { serviceAxis } from "./axis.ts";
import { objectiveTable } from "./objectives.ts";
import { mayAct, page } from "./page.ts";
import { cell, empty, facts, length, meter, note, ordering, section, since, stateOf, table, when } from "./parts.ts";
import { viewing } from "./session.ts";
import { kindWords, orderWords, orderedWords, readinessWords, reasonText, resultWords, routingWord, stormWords } from "./words.ts";

const changesShown = 15;
const domainsShown = 100;

type Shown = {
  readonly service: { readonly id: number; readonly name: string; readonly primaryCdn: string; readonly backupCdn: string };
  readonly routing: RoutingView;
  readonly nowMs: number;
};

/** The override that is in force; one that has lapsed counts no more. */
const orderOf = ({ routing: { override }, nowMs }: Shown) => (override !== null && inForce(override, nowMs) ? override : null);

/** Two presses from here: one opens the order, one gives it. */
const buttons = (shown: Shown): Html => {
  const order = orderOf(shown);
  const link = (mode: string, word: string, isMain = false): Html =>
    html`<a class="button${isMain ? " main" : ""}" href="/console/order?mode=${mode}&amp;service=${shown.service.id}">${word}…</a>`;
  const modes = (["backup", "primary", "frozen"] as const).filter((mode) => mode !== order?.mode);
  return html`<div class="acts">${order === null ? "" : link("release", "Release", true)}${modes.map((mode) => link(mode, orderWords[mode]))}</div>`;
};

const serving = ({ routing: { domains }, service }: Shown): Html => {
  const read = domains.filter(({ primaryWeight, backupWeight }) => primaryWeight !== null && backupWeight !== null);
  const [onPrimary, onBackup] = [
    read.some(({ primaryWeight }) => (primaryWeight ?? 0) > 0),
    read.some(({ backupWeight }) => (backupWeight ?? 0) > 0),
  ];
  if (!onPrimary && !onBackup) return html`not known: no weights were read yet`;
  if (onPrimary && onBackup) return html`${isolated(service.primaryCdn)} and ${isolated(service.backupCdn)}`;
  return onPrimary ? html`${isolated(service.primaryCdn)}, the primary` : html`<strong>${isolated(service.backupCdn)}</strong>, the backup`;
};

const standing = (shown: Shown): Html => {
  const order = orderOf(shown);
  const { routing } = shown;
  return facts([
    ["State", stateOf(routingWord(routing.state))],
    ["Serving now", serving(shown)],
    [
      "Why",
      order === null
        ? reasonText(routing.reason === "" ? "nothing was decided yet" : routing.reason)
        : html`${orderedWords[order.mode]}: ${isolated(order.reason)}`,
    ],
    [
      "Order",
      order === null
        ? "none: tranche decides"
        : html`${isolated(order.actor)}, ${when(order.setAtMs, shown.nowMs)}<small>${order.untilMs === null ? "until it is released" : html`ends ${when(order.untilMs, shown.nowMs)}`}</small>`,
    ],
  ]);
};

const statuses: Readonly<Record<string, string>> = {
  unread: "not read yet",
  unprovisioned: "no pair of weighted records in its zone",
  contested: "somebody else keeps changing its weights",
};

const domainRow = (domain: DomainRouting, nowMs: number): Html => {
  const { primaryWeight, backupWeight, status, lastError, expected, readAtMs } = domain;
  const sum = (primaryWeight ?? 0) + (backupWeight ?? 0);
  const weights =
    primaryWeight === null || backupWeight === null
      ? html`–`
      : html`${primaryWeight} : ${backupWeight}${sum === 0 ? "" : meter(primaryWeight / sum, "one", "two")}`;
  const trouble = lastError ?? expected?.obstacle?.detail ?? statuses[status] ?? null;
  return html`<tr data-key="${domain.domainId}"><th scope="row">${isolated(domain.name)}</th>${cell("Weights", weights)}${cell("Read", readAtMs === null ? "never" : when(readAtMs, nowMs))}${cell(
    "Standing",
    trouble === null
      ? stateOf({ word: "As wanted", tone: "ok" })
      : html`${stateOf({ word: status === "unread" || status === "unprovisioned" ? "Not steered" : "Look", tone: "warn" })}<small>${isolated(trouble)}</small>`,
  )}</tr>`;
};

const isInTrouble = ({ lastError, expected, status }: DomainRouting): boolean =>
  lastError !== null || (expected?.obstacle ?? null) !== null || Object.hasOwn(statuses, status);

/** @param total how many domains the service has: of very many, not all are read */
const domains = ({ routing, service, nowMs }: Shown, total: number): Html =>
  total === 0
    ? empty(
        "No domains yet.",
        html`Without one nothing is probed: <a href="/console/setup/${service.id}/domains">add one</a>, and the next step says which records to create.`,
      )
    : html`${table(
        "Weights primary : backup, as last read from DNS",
        ["Domain", "Weights", "Read", "Standing"],
        routing.domains
          .toSorted((a, b) => Number(isInTrouble(b)) - Number(isInTrouble(a)))
          .slice(0, domainsShown)
          .map((domain) => domainRow(domain, nowMs)),
      )}${total > domainsShown ? html`<p class="hint">${domainsShown} of ${total}, those in trouble first. <code>GET /v1/services/${service.id}/routing</code> has all, page by page.</p>` : ""}`;

const stormNote = (storm: MeasuredStorm, nowMs: number): Html =>
  note(
    storm.state === "storm" ? "bad" : "warn",
    html`<p>${stateOf(stormWords[storm.state])} of ${kindWords[storm.kind]} for ${since(storm.startedAtMs, nowMs)}${storm.monitorOnly ? "; watched only: there is no backup to go to" : ""}. <a href="/console/storms/${storm.id}">Storm ${storm.id}</a></p>
<p>Downtime avoided so far ${length(storm.downtime.avoidedUs)}, downtime ${length(storm.downtime.downUs)}.</p>`,
  );

const changeRow = (change: RoutingChange, names: ReadonlyMap<number, string>, nowMs: number): Html =>
  html`<tr data-key="${change.id}"><th scope="row">${when(change.intendedAtMs, nowMs)}</th><td class="lead">${stateOf(resultWords[change.result] ?? { word: change.result, tone: "off" })}</td>
${cell("Domain", isolated(names.get(change.domainId) ?? `domain ${change.domainId}`))}${cell("Weights", html`${change.fromPrimary} : ${change.fromBackup} → ${change.toPrimary} : ${change.toBackup}`)}${cell(
    "Why",
    html`${reasonText(change.reason)}${change.stormId === null ? "" : html`, <a href="/console/storms/${change.stormId}">storm ${change.stormId}</a>`}${change.error === null ? "" : html`<small>${isolated(change.error)}</small>`}`,
  )}${cell("By", isolated(change.actor))}</tr>`;

const changes = ({ routing, nowMs }: Shown): Html => {
  const names = new Map(routing.domains.map(({ domainId, name }) => [domainId, name]));
  const rows = routing.changes.slice(0, changesShown).map((change) => changeRow(change, names, nowMs));
  return rows.length === 0
    ? empty(
        "No switch yet.",
        "Weights are changed where a storm, its end or an order asks for it; each change is listed here with its reason.",
      )
    : table("The last switches, the newest first", ["When", "Result", "Domain", "Weights", "Why", "By"], rows);
};

const readiness = (check: ReadinessCheck | null, serviceId: number, nowMs: number): Html => {
  if (check === null) {
    return empty(
      "Never checked.",
      html`Whether everything is in place before a storm: <a href="/console/setup/${serviceId}/readiness">check it</a>.`,
    );
  }
  const found = check.checks
    .filter(({ result }) => result === "fail" || result === "warn")
    .toSorted((a, b) => (a.result === b.result ? 0 : a.result === "fail" ? -1 : 1));
  const list = found
    .slice(0, 8)
    .map(
      ({ result, domain, detail, mend }) =>
        html`<li>${stateOf({ word: result === "fail" ? "Fail" : "Warning", tone: readinessWords[result].tone })} ${isolated(domain)}: ${isolated(detail)}${mend === null ? "" : html`<small>To mend: ${isolated(mend)}</small>`}</li>`,
    );
  return html`<p>${stateOf(readinessWords[check.result])} checked ${when(check.checkedAtMs, nowMs)} by ${isolated(check.actor)}, ${check.checks.length} findings</p>${list.length === 0 ? nothing : html`<ul class="findings">${joined(list, "\n")}</ul>`}${found.length > 8 ? html`<p class="hint">and ${found.length - 8} more</p>` : ""}`;
};

const doneWords: Readonly<Record<string, string>> = {
  backup: "Ordered to its backup.",
  primary: "Ordered to its normal weights.",
  frozen: "Frozen as it is.",
  release: "Released: tranche decides again.",
};

const done = (c: AppContext, serviceId: number): Html => {
  const word = doneWords[c.req.query("done") ?? ""];
  if (word === undefined) return nothing;
  const undo =
    c.req.query("done") === "release" ? nothing : html` <a href="/console/order?mode=release&amp;service=${serviceId}">Undo…</a>`;
  return ordering(note("", html`<p>${word} The next round obeys, within seconds.${undo}</p>`));
};

/** `/console/services/{id}`: who serves now and why, and the orders. */
export const registerServicePage = (app: App, deps: Deps): void => {
  app.get("/console/services/:id", viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const serviceId = idOf(c);
    const { customerId } = c.var;
    const [detail, routing, storms, { measured, atUs }, check, chart] = await Promise.all([
      deps.services.get(customerId, serviceId),
      deps.routing.get(customerId, serviceId, { limit: changesShown, afterId: null }),
      deps.storms.list(customerId, { serviceId, active: true }, { limit: 5, afterId: null }),
      deps.objectiveMeasures.measure({ customerId, serviceIds: [serviceId], page: { limit: 20, afterId: null } }, null),
      deps.dnsSetup.lastCheck(customerId, serviceId),
      serviceAxis(c, deps, { path: `/console/services/${serviceId}`, serviceId, nowMs, window: null }),
    ]);
    if (detail === null || routing === null) throw noSuchResource();
    const { service } = detail;
    const shown: Shown = { service, routing, nowMs };
    const objectives = measured.map(({ objective, tallies }) => ({ objective, status: statusOf(objective, tallies, atUs) }));
    const body = html`${done(c, serviceId)}
<div class="head"><div><p class="crumb"><a href="/console">Fleet</a></p><h1>${isolated(service.name)}</h1><p>${isolated(service.primaryCdn)}, backup ${isolated(service.backupCdn)}${service.steering === "shadow" ? "; shadow: decides, changes nothing" : ""}</p></div>${mayAct(c) ? ordering(buttons(shown)) : ""}</div>
${storms.map((storm) => stormNote(storm, nowMs))}
${standing(shown)}
${chart}
${section("domains", "Domains, with their weights primary : backup", domains(shown, detail.domains.length))}
${section("changes", "Last switches", changes(shown))}
${section("objectives", "Objectives", objectiveTable(objectives, nowMs, false))}
${section("readiness", "Readiness", readiness(check?.check ?? null, serviceId, nowMs))}`;
    return c.html(await page(c, nowMs, { title: service.name, tab: "fleet", serviceId, body, live: true }));
  });
};
