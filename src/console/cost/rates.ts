import { z } from "zod";
import type { CostBoard } from "../../adapters/ports/cost/board.ts";
import type { CostRate } from "../../adapters/ports/cost/rates.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { dollars } from "../../domain/cost/explain.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { rateInput, removeRate, setRate } from "../../routes/cost/rate-changes.ts";
import { cdnName } from "../../routes/schemas.ts";
import { asking, formNote, textField } from "../fields.ts";
import { newForm, numberOf, readInput, refusalOf, sentForm, textOrNull } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { page } from "../page.ts";
import { cell, empty, ordering, table, when } from "../parts.ts";
import { acting } from "../session.ts";

const setPath = `${costPath}/rates/set`;
const forgetPath = `${costPath}/rates/forget`;

const acts = (cdn: string, isKnown: boolean): Html => {
  const link = (path: string, word: string): Html =>
    html`<a href="${path}?cdn=${encodeURIComponent(cdn)}" aria-label="${word} the rate of ${cdn}">${word}…</a>`;
  return html`<td class="act">${link(setPath, isKnown ? "Change" : "Set")}${isKnown ? html` ${link(forgetPath, "Forget")}` : ""}</td>`;
};

const known = (rate: CostRate, nowMs: number, isActing: boolean): Html =>
  html`<tr data-key="rate-${rate.cdn}"><th scope="row">${isolated(rate.cdn)}</th>
${cell("A GB", rate.centsPerGb === null ? "not known" : `${Number(rate.centsPerGb)} cents`, true)}${cell("A month", rate.monthlyCents === null ? "not known" : dollars(rate.monthlyCents), true)}${cell("Set", when(rate.updatedAtMs, nowMs))}
${isActing ? ordering(acts(rate.cdn, true)) : ""}</tr>`;

const unknown = (cdn: string, isActing: boolean): Html =>
  html`<tr data-key="rate-${cdn}"><th scope="row">${isolated(cdn)}</th>
${cell("A GB", "not known: bytes, and no money", true)}${cell("A month", "not known", true)}${cell("Set", "never")}
${isActing ? ordering(acts(cdn, false)) : ""}</tr>`;

/** What each CDN charges: those with a rate, and those of services that have none. */
export const ratesTable = ({ rates, cdns }: Pick<CostBoard, "rates" | "cdns">, nowMs: number, isActing: boolean): Html => {
  const rated = new Set(rates.map(({ cdn }) => cdn));
  const missing = cdns.filter((cdn) => !rated.has(cdn));
  if (rates.length + missing.length === 0)
    return empty("No CDN yet.", html`The CDNs of your services are listed here: <a href="/console/setup">set a service up</a>.`);
  const rows = [...missing.map((cdn) => unknown(cdn, isActing)), ...rates.map((rate) => known(rate, nowMs, isActing))];
  const columns = ["CDN", { number: "A GB" }, { number: "A month" }, "Set", ...(isActing ? [{ order: "Change" }] : [])];
  return html`${table("What CDNs charge", columns, rows, true)}<p class="hint">A GB is 10<sup>9</sup> bytes. By its rate what a CDN carries is money; hours that were scored before stay as they are.</p>`;
};

const names = ["cdn", "cents_per_gb", "monthly_cents"] as const;

const fieldsOf = ({ cdn, centsPerGb, monthlyCents }: CostRate): URLSearchParams =>
  new URLSearchParams({ cdn, cents_per_gb: centsPerGb ?? "", monthly_cents: monthlyCents === null ? "" : String(monthlyCents) });

const rateForm = (form: Form): Html => {
  const isNamed = (form.fields.get("cdn") ?? "") !== "";
  return html`<p class="crumb"><a href="${costPath}">Cost</a></p><h1>What a CDN charges</h1>
<p class="hint">You, not your customers. By it egress is money, and one that idles has a price.</p>
${formNote(form, names)}<form class="card" method="post" action="${setPath}">
${textField(form, { name: "cdn", label: "CDN", isRequired: true, isFirst: !isNamed, hint: "As your services call it." })}
${textField(form, { name: "cents_per_gb", label: "Cents a GB", mode: "decimal", isFirst: isNamed, hint: "Of 10^9 bytes, with up to 4 decimals, such as 2.5. Empty: not known." })}
${textField(form, { name: "monthly_cents", label: "Cents a month", mode: "numeric", hint: "What the contract costs whether it is used or not. Empty: not known." })}
<div class="acts"><button class="main">Save</button><a class="button" href="${costPath}">Cancel</a></div></form>`;
};

const rateName = z.strictObject({ cdn: cdnName });

/** The name of a form's CDN. @throws AppError `bad_request` at its field */
const cdnOf = (fields: URLSearchParams): string => {
  const { cdn } = readInput(rateName, { cdn: (fields.get("cdn") ?? "").trim() });
  return cdn;
};

/** `/console/cost/rates/...`: what CDNs charge is said, changed and forgotten, by the rules of the API. */
export const registerRateForms = (app: App, deps: Deps): void => {
  const show = async (c: AppContext, form: Form, status: FormStatus = 200): Promise<Response> =>
    c.html(await page(c, deps.clock.nowMs(), { title: "What a CDN charges", tab: "cost", body: rateForm(form) }), status);

  app.get(setPath, acting, async (c) => {
    const typed = new URL(c.req.url).searchParams;
    const asked = cdnName.safeParse(typed.get("cdn"));
    const isTyped = typed.has("cents_per_gb") || typed.has("monthly_cents");
    const stored = asked.success && !isTyped ? await deps.costRates.find(c.var.customerId, asked.data) : null;
    return await show(c, newForm(deps, stored === null ? typed : fieldsOf(stored)));
  });

  app.post(setPath, acting, async (c) => {
    const fields = await readForm(c);
    try {
      const rate = readInput(rateInput, {
        cents_per_gb: textOrNull(fields.get("cents_per_gb")),
        monthly_cents: numberOf(fields.get("monthly_cents")) ?? null,
      });
      await setRate(deps, c.var.customerId, cdnOf(fields), rate, changeBy(c));
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), refused.status);
    }
    return c.redirect(`${costPath}?done=rated`, 303);
  });

  app.get(forgetPath, acting, async (c) => {
    const asked = cdnName.safeParse(c.req.query("cdn"));
    const rate = asked.success ? await deps.costRates.find(c.var.customerId, asked.data) : null;
    if (rate === null) throw noSuchResource();
    const body = asking({
      back: costPath,
      crumb: "Cost",
      title: html`Forget what ${isolated(rate.cdn)} charges?`,
      says: "What it carries from then on is bytes, and its money is not known. Hours that were scored stay as they are.",
      path: forgetPath,
      word: "Forget",
      inside: html`<input type="hidden" name="cdn" value="${rate.cdn}">`,
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Forget a rate", tab: "cost", body }));
  });

  app.post(forgetPath, acting, async (c) => {
    await removeRate(deps, c.var.customerId, cdnOf(await readForm(c)), changeBy(c));
    return c.redirect(`${costPath}?done=forgotten`, 303);
  });
};
