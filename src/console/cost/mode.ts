import { z } from "zod";
import type { CostModeView } from "../../adapters/ports/cost/modes.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { costModes, expectedPercent, nextMode, refuseMode } from "../../domain/cost/mode.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { changeMode, readMode } from "../../routes/cost/mode-changes.ts";
import { formNote, selectField } from "../fields.ts";
import { newForm, readInput, refusalOf, sentForm } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { page } from "../page.ts";
import { facts, ordering, since, stateOf } from "../parts.ts";
import { acting } from "../session.ts";
import { modeWords } from "./words.ts";

const path = `${costPath}/mode`;

/** What stands between a mode and the next one. */
const ahead = (view: CostModeView): string => {
  const next = nextMode(view.mode);
  if (next === null) return "It is the last one.";
  const refusal = refuseMode(view, next, view.nowMs);
  return refusal === null ? `It has earned ${next}: change it.` : `${refusal.slice(0, 1).toUpperCase()}${refusal.slice(1)}.`;
};

/** How people are told of anomalies, since when, and what a promotion needs. */
export const modeFacts = (view: CostModeView, isActing: boolean): Html => {
  const { mode, sinceMs, nowMs, changedBy, anomalies, expected } = view;
  const { says } = modeWords[mode];
  return html`${facts([
    ["Mode", html`${stateOf(modeWords[mode])}<small>${says}</small>`],
    ["For", html`${since(sinceMs, nowMs)}${changedBy === null ? "" : html`<small>set by ${isolated(changedBy)}</small>`}`],
    ["Anomalies since", html`${anomalies}<small>${expected} marked expected: ${Number(expectedPercent(view).toFixed(1))} %</small>`],
    ["Next", html`${ahead(view)}`],
  ])}${isActing ? ordering(html`<p class="acts"><a class="button" href="${path}">Change the mode…</a></p>`) : ""}`;
};

const input = z.strictObject({ mode: z.enum(costModes, "must be one of the list") });

/** `/console/cost/mode`: how people are told of anomalies is changed, by the rules of the API. */
export const registerModeForm = (app: App, deps: Deps): void => {
  const show = async (c: AppContext, form: Form, status: FormStatus = 200): Promise<Response> => {
    const view = await readMode(deps, c.var.customerId);
    const choices = costModes.map((mode) => [mode, `${modeWords[mode].word}: ${modeWords[mode].says}`] as const);
    const initial = nextMode(view.mode) ?? view.mode;
    const body = html`<p class="crumb"><a href="${costPath}">Cost</a></p><h1>How people are told of anomalies</h1>
<p class="hint">${modeWords[view.mode].word} now: ${modeWords[view.mode].says}. ${ahead(view)} Back is always possible. What idles is told in every mode.</p>
${formNote(form, ["mode"])}<form class="card" method="post" action="${path}">
${selectField(form, { name: "mode", label: "Mode", initial, choices, isFirst: true })}
<div class="acts"><button class="main">Change</button><a class="button" href="${costPath}">Cancel</a></div></form>`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "How people are told", tab: "cost", body }), status);
  };

  app.get(path, acting, (c) => show(c, newForm(deps, new URL(c.req.url).searchParams)));

  app.post(path, acting, async (c) => {
    const fields = await readForm(c);
    try {
      const { mode } = readInput(input, { mode: fields.get("mode") });
      await changeMode(deps, c.var.customerId, mode, c.var.principal.kind === "admin", changeBy(c));
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), refused.status);
    }
    return c.redirect(`${costPath}?done=mode`, 303);
  });
};
