import type { Deps } from "../adapters/ports/deps.ts";
import type { MeasuredStorm, StormDetail } from "../adapters/ports/detection/storms.ts";
import { noSuchResource } from "../auth/guards.ts";
import { creditReasons } from "../domain/billing/credit.ts";
import { currencyExponent } from "../domain/billing/currency.ts";
import { stormTimeline } from "../domain/detection/timeline.ts";
import { downtimeCents } from "../domain/slo/avoided.ts";
import { AppError } from "../errors.ts";
import { domainsCursor } from "../http/contract.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { money } from "../http/invoice/invoice-text.ts";
import { evidenceAnswer } from "../routes/evidence/evidence.ts";
import { afterOf, idOf } from "./asked.ts";
import { serviceAxis } from "./axis.ts";
import { longestSpanMs } from "./axis-window.ts";
import { page } from "./page.ts";
import { cell, clock, empty, facts, length, pages, section, stateOf, table, when } from "./parts.ts";
import { viewing } from "./session.ts";
import { kindWords, reasonText, resultWords, stormWords } from "./words.ts";

const shown = 50;

const lasted = ({ startedAtMs, endedAtMs }: MeasuredStorm, nowMs: number): string =>
  length((Math.max(startedAtMs, endedAtMs ?? nowMs) - startedAtMs) * 1_000);

/** The downtime avoided, and what it would have cost where the service says what a minute does. */
const avoided = ({ downtime }: MeasuredStorm): Html => {
  const cents = downtimeCents(downtime.avoidedUs, downtime.centsPerMinute);
  return html`${length(downtime.avoidedUs)}${cents === null ? "" : html`<small>≈ ${downtime.currency} ${money(cents, currencyExponent(downtime.currency) ?? 2)}</small>`}`;
};

const credits = { earned: "Earned", pending: "Waiting", refused: "None" } as const;

const row = (storm: MeasuredStorm, nowMs: number): Html =>
  html`<tr data-key="${storm.id}"><th scope="row"><a href="/console/storms/${storm.id}" aria-label="Storm ${storm.id} of ${storm.serviceName}">${isolated(storm.serviceName)}</a><small>${kindWords[storm.kind]}${storm.monitorOnly ? ", watched only" : ""}</small></th>
<td class="lead">${stateOf(stormWords[storm.state])}</td>
${cell("Began", when(storm.startedAtMs, nowMs))}${cell("Lasted", lasted(storm, nowMs), true)}${cell("Downtime", length(storm.downtime.downUs), true)}${cell("Avoided", avoided(storm), true)}${cell("Discount", credits[storm.credit])}</tr>`;

const registerList = (app: App, deps: Deps): void => {
  const path = "/console/storms";
  app.get(path, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const storms = await deps.storms.list(c.var.customerId, {}, { limit: shown + 1, afterId });
    const rows = storms.slice(0, shown).map((storm) => row(storm, nowMs));
    const next = storms.length > shown ? `${path}?after=${storms[shown - 1]?.id ?? 0}` : null;
    const list =
      rows.length === 0
        ? empty(
            "No storms.",
            "When the share of good answers of a primary falls below the policy of its service, a storm is declared within seconds, and is listed here with all that followed.",
          )
        : table(
            "Storms, the newest first",
            ["Service", "State", "Began", { number: "Lasted" }, { number: "Downtime" }, { number: "Avoided" }, "Discount"],
            rows,
          );
    const body = html`<div class="head"><div><h1>Storms</h1><p>The newest first</p></div></div>\n${list}${pages(path, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "Storms", tab: "storms", body, live: true }));
  });
};

const events = { begun: "Began", detected: "Seen, and declared", recovering: "Giving way", ended: "Ended", switch: "Switch" } as const;

const timeline = (storm: StormDetail): Html => {
  const rows = stormTimeline(storm, storm.changes).map(({ atMs, event, change }) => {
    const after = atMs - storm.startedAtMs;
    const what =
      change === null
        ? html`${events[event]}${event === "ended" && storm.endedReason !== null ? html`<small>${isolated(reasonText(storm.endedReason))}</small>` : ""}`
        : html`Weights ${change.fromPrimary} : ${change.fromBackup} → ${change.toPrimary} : ${change.toBackup}<small>${reasonText(change.reason)}, domain ${change.domainId}</small>`;
    const result = change === null ? html`` : stateOf(resultWords[change.result] ?? { word: change.result, tone: "off" });
    return html`<tr><th scope="row">${clock(atMs)}</th>${cell("After", `+${length(Math.max(0, after) * 1_000)}`, true)}${cell("Event", what)}${change === null ? html`<td class="blank"></td>` : cell("Result", result)}</tr>`;
  });
  return html`${table("What happened, in its order", ["At, in UTC", { number: "After" }, "Event", "Result"], rows, true)}${storm.changesInAll > storm.changes.length ? html`<p class="hint">and ${storm.changesInAll - storm.changes.length} switches more, which the routing of the service has</p>` : ""}`;
};

const blamed = ({ downtime }: StormDetail): Html =>
  downtime.blamed.length === 0
    ? html``
    : html`<small>${downtime.blamed.map(({ upstreamCdn, us }, index) => html`${index === 0 ? "" : ", "}${upstreamCdn === null ? "the service itself" : isolated(upstreamCdn)} ${length(us)}`)}</small>`;

const credit = (storm: StormDetail): Html =>
  html`${credits[storm.credit]}, factor ${storm.maxCoverageFactor}${storm.creditReason === null ? "" : html`<small>${creditReasons[storm.creditReason]}</small>`}`;

const evidence = (storm: StormDetail): Html => {
  if (storm.evidenceHead === null) return html`<p>None is kept of this storm.</p>`;
  const file = `storm-${storm.id}-evidence.json`;
  return html`<p><a href="/console/storms/${storm.id}/evidence" download="${file}">Download ${file}</a></p>
<p class="hint">What was known and decided (of very many records the first; <code>GET /v1/storms/${storm.id}/evidence</code> links to the next), chained and, where this deployment has a key, signed. Whoever has the file can verify it without us:</p>
<pre>npm run evidence:verify -- --keys keys.json ${file}</pre>
<p class="hint"><code>keys.json</code> is <a href="/.well-known/tranche-evidence-keys">the keys of this deployment</a>, kept from when you trusted them. Its last record now is number ${storm.evidenceHead.seq}, <code>${storm.evidenceHead.hash ?? ""}</code>.</p>`;
};

/** What is shown before and after a storm. */
const aroundMs = 600_000;

/** The axis of its service around a storm: of a very long one the time from its beginning on. */
const stormAxis = async (
  c: AppContext,
  deps: Deps,
  { id, serviceId, startedAtMs, endedAtMs }: StormDetail,
  nowMs: number,
): Promise<Html> => {
  const beginMs = startedAtMs - aroundMs;
  const endMs = Math.min(nowMs, (endedAtMs ?? nowMs) + aroundMs, beginMs + longestSpanMs);
  return await serviceAxis(c, deps, { path: `/console/storms/${id}`, serviceId, nowMs, window: { beginMs, endMs } });
};

const registerOne = (app: App, deps: Deps): void => {
  app.get("/console/storms/:id", viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const storm = await deps.storms.get(c.var.customerId, idOf(c));
    if (storm === null) throw noSuchResource();
    const chart = await stormAxis(c, deps, storm, nowMs);
    const body = html`<div class="head"><div><p class="crumb"><a href="/console/storms">Storms</a></p><h1>Storm ${storm.id}, ${isolated(storm.serviceName)}</h1><p>${kindWords[storm.kind]}${storm.monitorOnly ? "; watched only, nothing was switched for it" : ""}; <a href="/console/services/${storm.serviceId}">the service</a></p></div></div>
${facts([
  ["State", html`${stateOf(stormWords[storm.state])}${storm.relapses === 0 ? "" : html`<small>${storm.relapses} relapses</small>`}`],
  [
    "Began",
    html`${when(storm.startedAtMs, nowMs)}<small>seen after ${length(Math.max(0, storm.detectedAtMs - storm.startedAtMs) * 1_000)}, lasted ${html`<span class="nowrap">${lasted(storm, nowMs)}</span>`}</small>`,
  ],
  ["Downtime avoided", avoided(storm)],
  [
    "Downtime",
    html`${length(storm.downtime.downUs)}${blamed(storm)}${storm.downtime.unmeasuredUs === 0 ? "" : html`<small>${length(storm.downtime.unmeasuredUs)} not measured</small>`}`,
  ],
  ["Discount", credit(storm)],
])}
${section("timeline", "Timeline", timeline(storm))}
${chart}
${section("evidence", "Evidence", evidence(storm))}`;
    return c.html(await page(c, nowMs, { title: `Storm ${storm.id}`, tab: "storms", serviceId: storm.serviceId, body, live: true }));
  });

  app.get("/console/storms/:id/evidence", viewing, async (c) => {
    const cursor = domainsCursor.safeParse(c.req.query("cursor"));
    if (!cursor.success) throw new AppError("bad_request", "the query is not valid: cursor must be of a link to a next part");
    return await evidenceAnswer(c, deps, idOf(c), cursor.data);
  });
};

/** `/console/storms`: what happened, and the proof of it. */
export const registerStormPages = (app: App, deps: Deps): void => {
  registerList(app, deps);
  registerOne(app, deps);
};
