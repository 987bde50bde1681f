import type { Deps } from "../adapters/ports/deps.ts";
import { viewers } from "../auth/guards.ts";
import { readCustomerId } from "../auth/authenticate.ts";
import { AppError } from "../errors.ts";
import { readForm } from "../http/body.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { refuseAdmin, refuseNeed } from "../http/principal.ts";
import { customerInput } from "../routes/tenants/customer-contract.ts";
import { createCustomer, customerCreators, ofNoCustomer } from "../routes/tenants/customer-creation.ts";
import { peopleLink } from "./accounts/people-link.ts";
import { afterOf } from "./asked.ts";
import { formNote, onceField, textField } from "./fields.ts";
import { formOnce, newForm, numberOf, readInput, refusalOf, sentForm } from "./form.ts";
import type { Form, FormStatus } from "./form.ts";
import { page } from "./page.ts";
import { cell, empty, pages, section, table } from "./parts.ts";
import { keepSession } from "./session.ts";
import { onward } from "./typed.ts";

const path = "/console/customers";
const shown = 100;

const refuseCustomers = (c: AppContext): void => {
  if (c.var.principal.kind !== "admin") throw new AppError("not_found", "there is nothing at this path");
  const reason = refuseNeed(c.var.principal, viewers);
  if (reason !== null) throw new AppError("forbidden", reason);
};

/** @throws AppError `not_found`, `forbidden` */
const refuseCreation = (c: AppContext): void => {
  if (c.var.principal.kind !== "admin") throw new AppError("not_found", "there is nothing at this path");
  const reason = refuseAdmin(c.var.principal, customerCreators);
  if (reason !== null) throw new AppError("forbidden", reason);
};

const mayCreate = (c: AppContext): boolean => refuseAdmin(c.var.principal, customerCreators) === null;

const creation = (
  form: Form,
): Html => html`${formNote(form, ["name", "max_coverage_cap"])}<form class="card" method="post" action="${path}/new">${onceField(form)}
${textField(form, { name: "name", label: "Name", isRequired: true, isFirst: true, hint: "Whose services are insured: your own organization, or one that you run this for." })}
${textField(form, { name: "max_coverage_cap", label: "Greatest coverage factor", initial: "1.5", mode: "decimal", hint: "No storm policy of the customer may exceed it: above 0, at most 10." })}
<div class="acts"><button class="main">Create, and go on</button></div></form>`;

/** From now on the session is for this customer. */
const choose = async (c: AppContext, deps: Deps, customerId: number): Promise<void> => {
  const { session } = c.var;
  if (session === undefined || deps.sessionTokens === null) throw new AppError("unauthenticated", "sign in first");
  await keepSession(c, deps.sessionTokens, { ...session, customerId }, deps.clock.nowMs());
};

const registerChoice = (app: App, deps: Deps): void => {
  const none = (c: AppContext): Html =>
    mayCreate(c)
      ? html`${empty("No customers yet.", "Services, tokens and all the rest belong to a customer: you are your own first one.")}\n${section("new", "New customer", creation(newForm(deps)))}`
      : empty("No customers yet.", html`Create one: <code>POST /v1/customers</code>.`);

  app.get(path, async (c) => {
    refuseCustomers(c);
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const next = onward(c.req.query("next"));
    const customers = await deps.customers.list({ limit: shown + 1, afterId });
    const rows = customers.slice(0, shown).map(
      ({ id, name }) => html`<tr><th scope="row">${isolated(name)}</th>${cell("Customer", String(id))}
<td class="lead"><form method="post" action="${path}"><input type="hidden" name="next" value="${next}"><button name="customer" value="${id}" aria-label="Open ${name}">Open</button></form></td></tr>`,
    );
    const onwards = customers.length > shown ? `${path}?after=${customers[shown - 1]?.id ?? 0}&next=${encodeURIComponent(next)}` : null;
    const list = rows.length === 0 ? none(c) : table("Customers", ["Name", "Id", "Choice"], rows);
    const adding = rows.length > 0 && mayCreate(c) ? html`<a class="button main" href="${path}/new">New customer…</a>` : nothing;
    const acts = [adding, peopleLink(c, deps)].filter((one) => one !== nothing);
    const body = html`<div class="head"><div><h1>For which customer?</h1><p>You see and order what its own people would.</p></div>${acts.length === 0 ? nothing : html`<p class="acts">${acts}</p>`}</div>\n${list}${pages(path, afterId === null, onwards)}`;
    return c.html(await page(c, nowMs, { title: "Customers", body }));
  });

  app.post(path, async (c) => {
    refuseCustomers(c);
    const fields = await readForm(c);
    const customerId = readCustomerId(fields.get("customer") ?? "");
    if (customerId === null || (await deps.customers.get(customerId)) === null)
      throw new AppError("not_found", "there is no such customer");
    await choose(c, deps, customerId);
    return c.redirect(onward(fields.get("next")), 303);
  });
};

const registerCreation = (app: App, deps: Deps): void => {
  const show = async (c: AppContext, form: Form, status: FormStatus = 200): Promise<Response> => {
    const body = html`<p class="crumb"><a href="${path}">Customers</a></p><h1>New customer</h1>\n${creation(form)}`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "New customer", body }), status);
  };

  app.get(`${path}/new`, async (c) => {
    refuseCreation(c);
    return await show(c, newForm(deps, new URL(c.req.url).searchParams));
  });

  app.post(`${path}/new`, async (c) => {
    refuseCreation(c);
    const fields = await readForm(c);
    try {
      const input = readInput(customerInput, {
        name: fields.get("name") ?? "",
        max_coverage_cap: numberOf(fields.get("max_coverage_cap")),
      });
      // Sent again it comes with the session that the first answer gave, which is for the new customer.
      const { id } = await formOnce(c, deps, fields, (change) => createCustomer(deps, input, change), ofNoCustomer);
      await choose(c, deps, id);
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), refused.status);
    }
    return c.redirect("/console/setup", 303);
  });
};

/** `/console/customers`: an admin chooses for whom the views are, and makes a new one. */
export const registerCustomers = (app: App, deps: Deps): void => {
  registerChoice(app, deps);
  registerCreation(app, deps);
};
