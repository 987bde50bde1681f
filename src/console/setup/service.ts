import type { Deps } from "../../adapters/ports/deps.ts";
import type { Service } from "../../adapters/ports/tenants/services.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { changeService, createService } from "../../routes/tenants/service-changes.ts";
import { serviceInput, servicePatch } from "../../routes/tenants/service-contract.ts";
import { afterOf, idOf } from "../asked.ts";
import { formNote, onceField, selectField, textField } from "../fields.ts";
import { formOnce, newForm, numberOf, readInput, refusalOf, sentForm } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { mayAct, page } from "../page.ts";
import { cell, empty, facts, pages, table } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { setupPath, stepPageOf, stepPath } from "./frame.ts";
import type { Standing } from "./steps.ts";
import { standingOf, stepAt } from "./steps.ts";

const shown = 100;

const known = ["name", "primary_cdn", "backup_cdn", "steering", "failback_steps", "failback_step_seconds", "downtime_cents_per_minute"];

const form = (
  filled: Form,
  action: string,
  isNew: boolean,
): Html => html`${formNote(filled, known)}<form class="card" method="post" action="${action}">${onceField(filled)}
${textField(filled, { name: "name", label: "Name", isRequired: true, isFirst: true, hint: "What fails over as one: a site, an API." })}
${textField(filled, { name: "primary_cdn", label: "Primary CDN", isRequired: true, hint: "Such as cloudflare: where visitors are in calm times." })}
${textField(filled, { name: "backup_cdn", label: "Backup CDN", isRequired: true, hint: "Such as fastly: where they go in a storm." })}
${selectField(filled, {
  name: "steering",
  label: "Steering",
  initial: "auto",
  choices: [
    ["auto", "auto: switches by itself"],
    ["shadow", "shadow: decides and records, changes nothing"],
  ],
})}
${textField(filled, { name: "failback_steps", label: "Way back", initial: "100", hint: "Percent of each step, ascending to 100, such as 10 50 100." })}
${textField(filled, { name: "failback_step_seconds", label: "Seconds of a step", initial: "60", mode: "numeric" })}
${textField(filled, { name: "downtime_cents_per_minute", label: "What a minute of downtime costs", mode: "numeric", hint: "In cents of your bills; empty: not known." })}
<div class="acts"><button class="main">${isNew ? "Create, and go on" : "Save"}</button></div></form>`;

const fieldsOf = (service: Service): URLSearchParams =>
  new URLSearchParams({
    name: service.name,
    primary_cdn: service.primaryCdn,
    backup_cdn: service.backupCdn,
    steering: service.steering,
    failback_steps: service.failbackSteps.join(" "),
    failback_step_seconds: String(service.failbackStepSeconds),
    downtime_cents_per_minute: service.downtimeCentsPerMinute === null ? "" : String(service.downtimeCentsPerMinute),
  });

const bodyOf = (fields: URLSearchParams) => ({
  name: fields.get("name") ?? "",
  primary_cdn: (fields.get("primary_cdn") ?? "").trim(),
  backup_cdn: (fields.get("backup_cdn") ?? "").trim(),
  steering: fields.get("steering"),
  failback_steps: (fields.get("failback_steps") ?? "")
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map(numberOf),
  failback_step_seconds: numberOf(fields.get("failback_step_seconds")),
  downtime_cents_per_minute: numberOf(fields.get("downtime_cents_per_minute")) ?? null,
});

const row = ({ id, name, primaryCdn, backupCdn }: Service, isActing: boolean): Html =>
  html`<tr><th scope="row"><a href="/console/services/${id}">${isolated(name)}</a></th>${cell("CDNs", html`${isolated(primaryCdn)}, backup ${isolated(backupCdn)}`)}<td class="act"><a href="${setupPath}/${id}" aria-label="${isActing ? "Go on with" : "Look at"} ${name}">${isActing ? "Go on…" : "Look…"}</a></td></tr>`;

/** `/console/setup`: the services, each at its step, and a new one. */
const registerStart = (app: App, deps: Deps): void => {
  app.get(setupPath, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const services = await deps.services.list(c.var.customerId, { limit: shown + 1, afterId });
    const isActing = mayAct(c);
    const rows = services.slice(0, shown).map((service) => row(service, isActing));
    const next = services.length > shown ? `${setupPath}?after=${services[shown - 1]?.id ?? 0}` : null;
    const list =
      rows.length === 0
        ? empty(
            "No services yet.",
            "Six steps: the service, its domains, the records that prove and steer them, a storm policy, and a check that all of it would work.",
          )
        : table("Services", ["Service", "CDNs", "Set-up"], rows, true);
    const body = html`<div class="head"><div><h1>Set-up</h1><p>From a name to a service that survives the loss of a CDN</p></div>${isActing ? html`<p class="acts"><a class="button main" href="${setupPath}/new">New service…</a></p>` : ""}</div>\n${list}${pages(setupPath, afterId === null, next)}`;
    return c.html(await page(c, nowMs, { title: "Set-up", tab: "setup", body }));
  });

  app.get(`${setupPath}/:id{[0-9]+}`, viewing, async (c) => {
    const id = idOf(c);
    return c.redirect(stepPath(id, stepAt(await standingOf(deps, c.var.customerId, id))), 303);
  });
};

/** The first step: `/console/setup/new`, and of a service that is there `/console/setup/{id}/service`. */
export const registerServiceStep = (app: App, deps: Deps): void => {
  registerStart(app, deps);
  const says = "Two CDNs that serve the same, and how visitors are moved between them.";

  const showNew = async (c: AppContext, filled: Form, status: FormStatus = 200): Promise<Response> =>
    c.html(await stepPageOf(c, deps.clock.nowMs(), null, { step: "service", says, body: form(filled, `${setupPath}/new`, true) }), status);

  app.get(`${setupPath}/new`, acting, (c) => showNew(c, newForm(deps, new URL(c.req.url).searchParams)));

  app.post(`${setupPath}/new`, acting, async (c) => {
    const fields = await readForm(c);
    try {
      const body = readInput(serviceInput, bodyOf(fields));
      const service = await formOnce(c, deps, fields, (change) => createService(deps, c.var.customerId, body, change));
      return c.redirect(stepPath(service.id, "domains"), 303);
    } catch (error) {
      const refused = refusalOf(error);
      return await showNew(c, sentForm(deps, fields, refused), refused.status);
    }
  });

  const summary = ({ detail: { service } }: Standing): Html =>
    facts([
      ["Primary", isolated(service.primaryCdn)],
      ["Backup", isolated(service.backupCdn)],
      ["Steering", service.steering],
      ["Way back", `${service.failbackSteps.join(", ")} %, ${service.failbackStepSeconds} s each`],
    ]);

  const show = async (c: AppContext, standing: Standing, filled: Form, status: FormStatus = 200): Promise<Response> => {
    const body = mayAct(c) ? form(filled, stepPath(standing.detail.service.id, "service"), false) : summary(standing);
    return c.html(await stepPageOf(c, deps.clock.nowMs(), standing, { step: "service", says, body, hasNext: true }), status);
  };

  app.get(`${setupPath}/:id/service`, viewing, async (c) => {
    const standing = await standingOf(deps, c.var.customerId, idOf(c));
    const typed = new URL(c.req.url).searchParams;
    return await show(c, standing, newForm(deps, typed.size === 0 ? fieldsOf(standing.detail.service) : typed));
  });

  app.post(`${setupPath}/:id/service`, acting, async (c) => {
    const fields = await readForm(c);
    const id = idOf(c);
    try {
      await changeService(deps, c.var.customerId, id, readInput(servicePatch, bodyOf(fields)), changeBy(c));
      return c.redirect(stepPath(id, "domains"), 303);
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, await standingOf(deps, c.var.customerId, id), sentForm(deps, fields, refused), refused.status);
    }
  });
};
