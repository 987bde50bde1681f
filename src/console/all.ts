import type { Deps } from "../adapters/ports/deps.ts";
import { editors } from "../auth/guards.ts";
import { AppError } from "../errors.ts";
import { readForm } from "../http/body.ts";
import { costs, worth } from "../http/cost.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, nothing, raw } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { changeBy } from "../http/idempotency.ts";
import { refuseNeed } from "../http/principal.ts";
import type { Need } from "../http/principal.ts";
import {
  beginPanic,
  endPanic,
  freezeAllServices,
  freezeEverything,
  freezeInput,
  liftFreeze,
  liftFreezeOfAll,
  panicInput,
} from "../routes/steering/orders-of-all.ts";
import { readInput, refusalOf } from "./form.ts";
import type { FormStatus } from "./form.ts";
import { reasonField, termField, untilOf } from "./order-fields.ts";
import type { Terms } from "./order-fields.ts";
import { page } from "./page.ts";
import { note } from "./parts.ts";
import { refuseFormOfOther } from "./session.ts";
import type { Standing } from "./standing.ts";

/** Admins with the scope of the API's own routes. */
const freezers: Need = { role: "owner", scope: "freeze" };

const wholes = {
  services: {
    title: "Freeze all services",
    give: "Freeze all",
    lift: "Release all",
    says: "The weights of every service stay as they are, those of services to come included, whatever happens. Storms are still seen and recorded. Each service keeps its own order, which counts again once all are released; what is ordered of one of them from now on counts for that one.",
  },
  everything: {
    title: "Freeze everything",
    give: "Freeze everything",
    lift: "Lift the freeze",
    says: "No weight is changed for any customer, whatever happens. Storms are still seen and recorded. Health checks of standing failovers are switched off, so that DNS does not fail over by itself.",
  },
  panic: {
    title: "Panic",
    give: "Panic: write nothing",
    lift: "Lift the panic",
    says: "Nothing is written to any outside system from this moment on: no weight, no health check, for no customer. Probing, metering and messages go on. It lasts until somebody lifts it. For when tranche itself, or a key of its, does harm.",
  },
} as const;

type What = keyof typeof wholes;

type Ordered = Terms & { readonly what: What };

const whatOf = (text: string | null | undefined): What => {
  if (typeof text === "string" && Object.hasOwn(wholes, text)) return text as What;
  throw new AppError("not_found", "there is nothing of that name to order");
};

/** @throws AppError `forbidden`, and `bad_request` where an admin has chosen no customer */
const permit = (c: AppContext, what: What): void => {
  const { principal, customerId } = c.var;
  if (what !== "services" && principal.kind !== "admin") throw new AppError("forbidden", "only admins may do this");
  const reason = refuseNeed(principal, what === "services" ? editors : freezers);
  if (reason !== null) throw new AppError("forbidden", reason);
  if (what !== "services") return;
  refuseFormOfOther(c);
  if (customerId === 0) throw new AppError("bad_request", "choose a customer to act for");
};

const form = (order: Ordered, isOn: boolean): Html => {
  const { what, faults } = order;
  const { title, give, lift, says } = wholes[what];
  const fields = what === "panic" ? reasonField(order, true) : html`${reasonField(order, true)}\n${termField(order)}`;
  return html`<p class="crumb"><a href="/console/status">Status</a></p>
<h1>${title}</h1>
<p class="hint">${says}</p>
${faults[""] === undefined ? nothing : note("bad", html`<p>${faults[""]}.</p>`, "alert")}
<form class="card" method="post" action="/console/all">
<input type="hidden" name="what" value="${what}">
${isOn ? nothing : fields}
<div class="acts"><button class="main" name="act" value="${isOn ? "lift" : "give"}"${isOn ? raw(" autofocus") : ""}>${isOn ? lift : give}</button><a class="button" href="/console/status">Cancel</a></div>
</form>`;
};

/** `/console/all`: what is ordered of all services, of everybody, and the panic. Two presses: one opens it, one gives the order. */
export const registerAll = (app: App, deps: Deps, standing: Standing): void => {
  const path = "/console/all";

  const isOn = async (c: AppContext, what: What): Promise<boolean> => {
    const { panic, freeze, ofCustomer } = await deps.freeze.standing(c.var.customerId, deps.clock.nowMs());
    return { services: ofCustomer, everything: freeze, panic }[what] !== null;
  };

  const show = async (c: AppContext, order: Ordered, status: FormStatus = 200): Promise<Response> => {
    const body = form(order, await isOn(c, order.what));
    return c.html(await page(c, deps.clock.nowMs(), { title: wholes[order.what].title, tab: "status", body }), status);
  };

  app.get(path, async (c) => {
    const what = whatOf(c.req.query("what"));
    permit(c, what);
    return await show(c, { what, reason: c.req.query("reason") ?? "", term: c.req.query("for") ?? "3600", faults: {} });
  });

  const lift = async (c: AppContext, what: What): Promise<void> => {
    if (what === "services") return await liftFreezeOfAll(deps, c.var.customerId, changeBy(c));
    return await (what === "panic" ? endPanic : liftFreeze)(deps, changeBy(c));
  };

  /** By the rules of the API. @throws AppError */
  const give = async (c: AppContext, { what, reason, term }: Ordered): Promise<void> => {
    if (what === "panic") return void (await beginPanic(deps, readInput(panicInput, { reason }), changeBy(c)));
    const input = readInput(freezeInput, { reason, until: untilOf(term, deps.clock.nowMs()) });
    if (what === "everything") return void (await freezeEverything(deps, input, changeBy(c)));
    await freezeAllServices(deps, c.var.customerId, input, changeBy(c));
  };

  const charge = worth(deps, costs.ordering, "order");

  app.post(path, async (c) => {
    const fields = await readForm(c);
    const what = whatOf(fields.get("what"));
    permit(c, what);
    const order = { what, reason: fields.get("reason") ?? "", term: fields.get("for") ?? "3600", faults: {} };
    const act = fields.get("act");
    if (act !== "lift" && act !== "give") return await show(c, { ...order, faults: { "": "this is nothing that can be ordered" } }, 400);
    try {
      if (act === "lift") await lift(c, what);
      else {
        await charge(c, async () => undefined);
        await give(c, order);
      }
    } catch (error) {
      const { faults, status } = refusalOf(error);
      return await show(c, { ...order, faults }, status);
    }
    standing.forget();
    return c.redirect(`/console/status?done=${act}-${what}`, 303);
  });
};
