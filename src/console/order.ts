import type { Deps } from "../adapters/ports/deps.ts";
import { noSuchResource } from "../auth/guards.ts";
import { readCustomerId } from "../auth/authenticate.ts";
import { readForm } from "../http/body.ts";
import { costs, worth } from "../http/cost.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated, nothing, raw } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { changeBy } from "../http/idempotency.ts";
import { clearOverride, orderOverride, overrideInput } from "../routes/steering/orders.ts";
import { readInput, refusalOf } from "./form.ts";
import type { FormStatus } from "./form.ts";
import { reasonField, termField, untilOf } from "./order-fields.ts";
import type { Terms } from "./order-fields.ts";
import { page } from "./page.ts";
import { fault, note, wrong } from "./parts.ts";
import { acting } from "./session.ts";
import { orderWords } from "./words.ts";

const modes = {
  frozen: { word: orderWords.frozen, says: "Its weights stay as they are, whatever happens. Storms are still seen and recorded." },
  backup: { word: orderWords.backup, says: "All visitors go to the backup, whether it is well or not." },
  primary: { word: orderWords.primary, says: "It goes back to its normal weights, and stays there in a storm." },
  release: { word: "Release", says: "Whatever was ordered ends, and tranche decides again from the next round on." },
} as const;

type Mode = keyof typeof modes;

/** What was typed, and what is wrong with it, by field. */
type Order = Terms & { readonly mode: string; readonly service: string };

const modeOf = (mode: string): Mode | null => (Object.hasOwn(modes, mode) ? (mode as Mode) : null);

const readOrder = (fields: URLSearchParams): Order => ({
  mode: fields.get("mode") ?? "frozen",
  service: fields.get("service") ?? "",
  reason: fields.get("reason") ?? "",
  term: fields.get("for") ?? "3600",
  faults: {},
});

/** Services to choose from where none is given. */
const mostChoices = 200;

type Choice = { readonly id: number; readonly name: string };

const serviceField = ({ service, faults }: Order, chosen: Choice | null, choices: readonly Choice[]): Html => {
  if (chosen !== null) return html`<input type="hidden" name="service" value="${chosen.id}">`;
  return html`<div class="field"><label class="field" for="service">Service</label><select id="service" name="service" required autofocus${fault("service", faults["service"])}>
<option value="">Choose one</option>${choices.map(({ id, name }) => html`<option value="${id}"${String(id) === service ? raw(" selected") : ""}>${name}</option>`)}</select>${wrong("service", faults["service"])}${choices.length === mostChoices ? html`<p class="hint">The first ${mostChoices}. Others are in <a href="/console">the fleet</a>.</p>` : ""}</div>`;
};

const form = (order: Order, chosen: Choice | null, choices: readonly Choice[]): Html => {
  const mode = modeOf(order.mode) ?? "frozen";
  const { word, says } = modes[mode];
  const back =
    chosen === null
      ? html`<a class="button" href="/console">Cancel</a>`
      : html`<a class="button" href="/console/services/${chosen.id}">Cancel</a>`;
  return html`<p class="crumb">${chosen === null ? html`<a href="/console">Fleet</a>` : html`<a href="/console/services/${chosen.id}">${isolated(chosen.name)}</a>`}</p>
<h1>${word}${chosen === null ? " a service" : html` ${isolated(chosen.name)}`}</h1>
<p class="hint">${says}${chosen === null && mode === "frozen" ? html` <a href="/console/all?what=services">Freeze all services at once…</a>` : ""}</p>
${order.faults[""] === undefined ? nothing : note("bad", html`<p>${order.faults[""]}.</p>`, "alert")}
<form class="card" method="post" action="/console/order">
<input type="hidden" name="mode" value="${mode}">
${serviceField(order, chosen, choices)}
${mode === "release" ? nothing : html`${reasonField(order, chosen !== null)}\n${termField(order)}`}
<div class="acts"><button class="main"${mode === "release" && chosen !== null ? raw(" autofocus") : ""}>${word}</button>${back}</div>
</form>`;
};

/** `/console/order`: one page for everything that is ordered of a service: which, why, and for how long. */
export const registerOrder = (app: App, deps: Deps): void => {
  const path = "/console/order";

  const show = async (c: AppContext, order: Order, status: FormStatus = 200): Promise<Response> => {
    const nowMs = deps.clock.nowMs();
    const { customerId } = c.var;
    const serviceId = readCustomerId(order.service);
    const detail = serviceId === null ? null : await deps.services.get(customerId, serviceId);
    if (serviceId !== null && detail === null) throw noSuchResource();
    const choices = detail === null ? await deps.services.list(customerId, { limit: mostChoices, afterId: null }) : [];
    const { word } = modes[modeOf(order.mode) ?? "frozen"];
    const body = form(order, detail?.service ?? null, choices);
    return c.html(await page(c, nowMs, { title: word, tab: "fleet", ...(serviceId !== null && { serviceId }), body }), status);
  };

  app.get(path, acting, (c) => show(c, readOrder(new URL(c.req.url).searchParams)));

  /** By the rules of the API. @throws AppError */
  const give = async (c: AppContext, order: Order, mode: Mode, serviceId: number): Promise<void> => {
    const { customerId } = c.var;
    if (mode === "release") return await clearOverride(deps, customerId, serviceId, changeBy(c));
    const input = readInput(overrideInput, { mode, reason: order.reason, until: untilOf(order.term, deps.clock.nowMs()) });
    await orderOverride(deps, customerId, serviceId, input, changeBy(c));
  };

  /** As the API charges for the same. To release costs nothing. */
  const charge = worth(deps, costs.ordering, "order");

  app.post(path, acting, async (c) => {
    const order = readOrder(await readForm(c));
    const [mode, serviceId] = [modeOf(order.mode), readCustomerId(order.service)];
    if (mode === null) return await show(c, { ...order, faults: { "": "this is nothing that can be ordered" } }, 400);
    if (serviceId === null) return await show(c, { ...order, service: "", faults: { service: "must be chosen" } }, 400);
    if (mode !== "release") await charge(c, async () => undefined);
    try {
      await give(c, order, mode, serviceId);
    } catch (error) {
      const { faults, status } = refusalOf(error);
      return await show(c, { ...order, faults }, status);
    }
    return c.redirect(`/console/services/${serviceId}?done=${mode}`, 303);
  });
};
