import type { Remembered } from "../../adapters/ports/cost/board.ts";
import type { FoundZombie } from "../../adapters/ports/cost/zombies.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { formatDuration } from "../../domain/notify/figures.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { idleAfterMs } from "../../domain/cost/zombie.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { isCut } from "../../http/paging.ts";
import { changeZombie } from "../../routes/cost/zombie-changes.ts";
import { zombiePatch } from "../../routes/cost/zombie-contract.ts";
import { afterOf, idOf } from "../asked.ts";
import { newForm, readInput, refusalOf, sentForm, textOrNull } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { mayAct, page } from "../page.ts";
import { empty, facts, note, ordering, pages, section, since, stateOf, when } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { wasteText } from "./figures.ts";
import { historyTable } from "./history.ts";
import { sayForm } from "./say.ts";
import { ruleWords, zombieWord } from "./words.ts";
import { zombiePath, zombiesPath, zombieTable } from "./zombie-list.ts";

const shown = 50;

const registerList = (app: App, deps: Deps): void => {
  app.get(zombiesPath, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const zombies = await deps.zombies.list(c.var.customerId, {}, { limit: shown + 1, afterId });
    const here = zombies.slice(0, shown);
    const next = zombies.length > shown || isCut(zombies) ? `${zombiesPath}?after=${here.at(-1)?.id ?? 0}` : null;
    const list =
      here.length === 0
        ? empty("Nothing idled so far.", "What is paid for without being used is looked for once a day, and listed here.")
        : zombieTable("What idles and what idled, the newest first", here, nowMs, mayAct(c));
    const body = html`<div class="head"><div><p class="crumb"><a href="${costPath}">Cost</a></p><h1>What idles</h1><p>All of it, the newest first; nothing is removed from here</p></div></div>\n${list}${pages(zombiesPath, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "What idles", tab: "cost", body, live: true }));
  });
};

const doneWords: Readonly<Record<string, string>> = {
  dismissed: "Dismissed: it is meant to be so, and is not counted any more.",
  open: "It is open again.",
};

const standing = (zombie: FoundZombie, nowMs: number): Html => {
  const { rule, state, severity, account, estimatedMonthlyWaste, lastActivityMs, lastSeenMs, remediatedAtMs } = zombie;
  return facts([
    [
      "State",
      html`${stateOf(zombieWord(state, severity))}${remediatedAtMs === null ? "" : html`<small>${when(remediatedAtMs, nowMs)}</small>`}`,
    ],
    ["Idle for", html`${since(lastActivityMs, nowMs)}<small>found after ${formatDuration(idleAfterMs[rule])}</small>`],
    [
      "Waste a month",
      html`${wasteText(estimatedMonthlyWaste)}${estimatedMonthlyWaste === null ? html`<small>no price is known</small>` : ""}`,
    ],
    ["Account", account === null ? "none" : isolated(account)],
    ["Last seen to idle", when(lastSeenMs, nowMs)],
  ]);
};

const eventsOf = ({ firstSeenMs, remediatedAtMs }: FoundZombie) => [
  { atMs: firstSeenMs, what: "Found" },
  ...(remediatedAtMs === null ? [] : [{ atMs: remediatedAtMs, what: "Used again, or gone" }]),
];

const wordOf = ({ state, action }: Remembered): string =>
  state === "dismissed" ? "Dismissed" : state === "open" ? "Opened again" : action;

const button = ({ id, state }: FoundZombie): Html =>
  state === "open"
    ? html`<p class="acts"><a class="button" href="${zombiePath(id)}/say?state=dismissed">Dismiss…</a></p>`
    : html`<p class="acts"><a class="button" href="${zombiePath(id)}/say?state=open">Open again…</a></p>`;

const registerOne = (app: App, deps: Deps): void => {
  app.get(`${zombiesPath}/:id`, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const id = idOf(c);
    const { customerId } = c.var;
    const [zombie, changes] = await Promise.all([deps.zombies.find(customerId, id), deps.costBoard.history(customerId, "zombie", id)]);
    if (zombie === null) throw noSuchResource();
    const { rule, resource, reason, remedy, serviceId, state } = zombie;
    const isActing = mayAct(c) && state !== "remediated";
    const done = doneWords[c.req.query("done") ?? ""];
    const link = serviceId === null ? nothing : html`; <a href="/console/services/${serviceId}">its service</a>`;
    const body = html`${done === undefined ? nothing : ordering(note("", html`<p>${done}</p>`))}
<div class="head"><div><p class="crumb"><a href="${costPath}">Cost</a></p><h1>${ruleWords[rule]}</h1><p>${isolated(resource)}${link}</p></div>${isActing ? ordering(button(zombie)) : ""}</div>
<p class="said">${isolated(reason)}</p>
${zombie.note === null ? nothing : note("", html`<p>${isolated(zombie.changedBy ?? "")}: ${isolated(zombie.note)}</p>`)}
${standing(zombie, nowMs)}
${section("remedy", "Remedy", html`<pre class="copy">${remedy}</pre><p class="hint">One press selects all of it. tranche itself removes nothing; it closes this once the resource is used again, or gone.</p>`)}
${section("history", "History", historyTable(eventsOf(zombie), changes, wordOf, nowMs))}`;
    return c.html(await page(c, nowMs, { title: `${ruleWords[rule]}: ${resource}`, tab: "cost", body, live: true }));
  });
};

const sayings = {
  dismissed: { word: "Dismiss", says: "It is meant to be so: it is not counted, nor told again, as long as it idles." },
  open: { word: "Open again", says: "It is counted as waste again." },
} as const;

/** The page that asks why something is meant to idle. */
const registerForms = (app: App, deps: Deps): void => {
  const path = `${zombiesPath}/:id/say`;

  const show = async (c: AppContext, form: Form, status: FormStatus = 200): Promise<Response> => {
    const zombie = await deps.zombies.find(c.var.customerId, idOf(c));
    if (zombie === null) throw noSuchResource();
    const state = form.fields.get("state") === "open" ? "open" : "dismissed";
    const { word, says } = sayings[state];
    const back = zombiePath(zombie.id);
    const title = html`${word}: ${isolated(zombie.resource)}`;
    const body = sayForm(form, { path: `${back}/say`, back, crumb: html`${ruleWords[zombie.rule]}`, title, says, word, state });
    return c.html(await page(c, deps.clock.nowMs(), { title: `${word}: ${zombie.resource}`, tab: "cost", body }), status);
  };

  app.get(path, acting, (c) => show(c, newForm(deps, new URL(c.req.url).searchParams)));

  app.post(path, acting, async (c) => {
    const fields = await readForm(c);
    const id = idOf(c);
    try {
      const input = readInput(zombiePatch, { state: fields.get("state"), note: textOrNull(fields.get("note")) });
      await changeZombie(deps, c.var.customerId, id, input, changeBy(c));
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), refused.status);
    }
    return c.redirect(`${zombiePath(id)}?done=${fields.get("state") ?? ""}`, 303);
  });
};

/** `/console/cost/zombies`: what is paid for without being used, why it is thought so, and how it is removed. */
export const registerZombiePages = (app: App, deps: Deps): void => {
  registerList(app, deps);
  registerOne(app, deps);
  registerForms(app, deps);
};
