import type { Deps } from "../../adapters/ports/deps.ts";
import type { StatusIncident, StatusPage } from "../../adapters/ports/publish/status-pages.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { incidentStates, maintenanceStates } from "../../domain/publish/incident.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, isolatedLines, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { impactWords, stateWords } from "../../http/status-page/words.ts";
import { isoTime } from "../../iso-time.ts";
import { incidentInput, updateInput } from "../../routes/publish/contract.ts";
import { removeIncident, writeIncident, writeUpdate } from "../../routes/publish/publishing.ts";
import { idOf } from "../asked.ts";
import { mayAct, page } from "../page.ts";
import { facts, section, stateOf, when } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { asking, checkbox, formNote, onceField, proseField, selectField, textField } from "../fields.ts";
import { formOnce, newForm, readInput, refusalOf, sentForm } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { countOf, mostFormBytes, timeTyped } from "./typed.ts";
import { incidentWord } from "./incident-list.ts";

const path = "/console/status-page";

const impactChoices = Object.entries(impactWords);
/** Maintenance stays maintenance, and an incident is none. */
const incidentImpacts = impactChoices.filter(([impact]) => impact !== "maintenance");
const stateChoices = (states: readonly (keyof typeof stateWords)[]) => states.map((state) => [state, stateWords[state]] as const);

/** Which services it is about: of the page, by the names that are published. */
const serviceBoxes = ({ services }: StatusPage, { fields }: Form): Html => {
  const chosen = new Set(fields.getAll("service_ids"));
  if (services.length === 0) return nothing;
  return html`<fieldset class="field"><legend>Services concerned</legend>${services.map(({ serviceId, name }) => checkbox("service_ids", String(serviceId), isolated(name), chosen.has(String(serviceId))))}</fieldset>`;
};

const times = (typed: Form): Html =>
  html`${textField(typed, { name: "starts_at", label: "Begins", hint: "UTC, such as 2026-12-01 22:00; now, where it is empty." })}${textField(typed, { name: "ends_at", label: "Ends", hint: "Of maintenance, which begins and ends by the clock; else empty." })}`;

/** What a form says, as the API takes it; what is empty is not given. */
const bodyOf = (fields: URLSearchParams): Record<string, unknown> => {
  const given = (name: string): string | undefined => fields.get(name) || undefined;
  return {
    text: fields.get("text") ?? "",
    title: given("title"),
    impact: given("impact"),
    state: given("state"),
    service_ids: fields.getAll("service_ids").map(Number),
    starts_at: timeTyped(fields.get("starts_at")),
    ends_at: timeTyped(fields.get("ends_at")),
  };
};

const known = ["title", "impact", "state", "text", "starts_at", "ends_at"];

const writingForm = (typed: Form, stored: StatusPage): Html => html`<p class="crumb"><a href="${path}">Status page</a></p>
<h1>Write an incident</h1><p class="hint">It is public as soon as it is sent${stored.enabled ? "" : " and the page is switched on"}.</p>
${formNote(typed, known)}<form class="card" method="post" action="${path}/incidents/new">${onceField(typed)}
${textField(typed, { name: "title", label: "Title", isFirst: true })}
${selectField(typed, { name: "impact", label: "Impact", choices: impactChoices })}
${selectField(typed, { name: "state", label: "State", choices: [["", "As it begins"], ...stateChoices(incidentStates)] })}
${proseField(typed, { name: "text", label: "What happens" })}
${serviceBoxes(stored, typed)}${times(typed)}
<div class="acts"><button class="main">Publish</button><a class="button" href="${path}">Cancel</a></div>
</form>`;

const timeText = (ms: number | null): string => (ms === null ? "" : isoTime(ms).slice(0, 16).replace("T", " "));

const updateForm = (typed: Form, one: StatusIncident, stored: StatusPage): Html => {
  const at = `${path}/incidents/${one.id}`;
  const isMaintenance = one.impact === "maintenance";
  return html`${formNote(typed, known)}<form class="card" method="post" action="${at}">${onceField(typed)}
<input type="hidden" name="after" value="${typed.fields.get("after") ?? one.updates.length}">
${proseField(typed, { name: "text", label: "What is new" })}
${selectField(typed, { name: "state", label: "State", choices: stateChoices(isMaintenance ? maintenanceStates : incidentStates) })}
${textField(typed, { name: "title", label: "Title" })}
${isMaintenance ? "" : selectField(typed, { name: "impact", label: "Impact", choices: incidentImpacts })}
${serviceBoxes(stored, typed)}${isMaintenance ? textField(typed, { name: "ends_at", label: "Ends", hint: "UTC" }) : ""}
<div class="acts"><button class="main">Publish the update</button></div>
</form>
<p class="hint">Written by mistake? <a href="${at}/delete">Delete it…</a></p>`;
};

/** The fields of an update of it, before anything is typed. */
const updateFields = ({ title, impact, state, serviceIds, endsAtMs }: StatusIncident): URLSearchParams => {
  const fields = new URLSearchParams({ title, impact, state, ends_at: timeText(endsAtMs) });
  for (const id of serviceIds) fields.append("service_ids", String(id));
  return fields;
};

const updates = ({ updates: all }: StatusIncident, nowMs: number): Html =>
  html`<ol class="findings">${all.toReversed().map(({ state, atMs, text }) => html`<li><strong>${stateWords[state]}</strong>, ${when(atMs, nowMs)}<p>${isolatedLines(text)}</p></li>`)}</ol>`;

/** `/console/status-page/incidents`: what is written for everybody, by the rules of the API. */
export const registerStatusIncidentPages = (app: App, deps: Deps): void => {
  const pageOf = async (c: AppContext): Promise<StatusPage> => {
    const stored = await deps.statusPages.get(c.var.customerId);
    if (stored === null) throw noSuchResource();
    return stored;
  };
  const typedOf = (c: AppContext): Form => newForm(deps, new URL(c.req.url).searchParams);

  const showNew = async (c: AppContext, typed: Form, status: FormStatus = 200): Promise<Response> =>
    c.html(
      await page(c, deps.clock.nowMs(), { title: "Write an incident", tab: "status-page", body: writingForm(typed, await pageOf(c)) }),
      status,
    );

  const showOne = async (c: AppContext, sent: Form | null, status: FormStatus = 200): Promise<Response> => {
    const nowMs = deps.clock.nowMs();
    const [stored, one] = await Promise.all([pageOf(c), deps.statusIncidents.get(c.var.customerId, idOf(c))]);
    if (one === null) throw noSuchResource();
    const names = stored.services.filter(({ serviceId }) => one.serviceIds.includes(serviceId)).map(({ name }) => name);
    const body = html`<div class="head"><div><p class="crumb"><a href="${path}">Status page</a></p><h1>${isolated(one.title)}</h1></div></div>
${facts([
  ["State", stateOf(incidentWord(one, nowMs))],
  ["Impact", impactWords[one.impact]],
  ["Begins", when(one.startsAtMs, nowMs)],
  ...(one.endsAtMs === null ? [] : [["Ends", when(one.endsAtMs, nowMs)] as const]),
  ["Services", names.length === 0 ? "none" : html`${names.map((name, nth) => html`${nth === 0 ? "" : ", "}${isolated(name)}`)}`],
])}
${mayAct(c) ? section("update", "Publish an update", updateForm(sent ?? newForm(deps, updateFields(one)), one, stored)) : nothing}
${section("updates", "What was published", updates(one, nowMs))}`;
    return c.html(await page(c, nowMs, { title: one.title, tab: "status-page", body }), status);
  };

  app.get(`${path}/incidents/new`, acting, (c) => showNew(c, typedOf(c)));

  app.post(`${path}/incidents/new`, acting, async (c) => {
    const fields = await readForm(c, mostFormBytes);
    try {
      const input = readInput(incidentInput, bodyOf(fields));
      await formOnce(c, deps, fields, (change) => writeIncident(deps, c.var.customerId, input, change));
    } catch (error) {
      const refused = refusalOf(error);
      return await showNew(c, sentForm(deps, fields, refused), refused.status);
    }
    return c.redirect(`${path}?done=written`, 303);
  });

  app.get(`${path}/incidents/:id`, viewing, (c) => {
    const typed = typedOf(c);
    return showOne(c, typed.fields.has("text") ? typed : null);
  });

  app.post(`${path}/incidents/:id`, acting, async (c) => {
    const fields = await readForm(c, mostFormBytes);
    try {
      const input = readInput(updateInput, bodyOf(fields));
      const after = countOf(fields, "after");
      await formOnce(c, deps, fields, (change) => writeUpdate(deps, c.var.customerId, idOf(c), input, change, after));
    } catch (error) {
      const refused = refusalOf(error);
      // What was written meanwhile is shown below: whoever sends it again has seen it.
      if (refused.status === 409) fields.delete("after");
      return await showOne(c, sentForm(deps, fields, refused), refused.status);
    }
    return c.redirect(`${path}?done=written`, 303);
  });

  app.get(`${path}/incidents/:id/delete`, acting, async (c) => {
    const one = await deps.statusIncidents.get(c.var.customerId, idOf(c));
    if (one === null) throw noSuchResource();
    const back = `${path}/incidents/${one.id}`;
    const body = asking({
      back,
      crumb: isolated(one.title),
      title: html`Delete ${isolated(one.title)}?`,
      says: "It is gone from the page at once, with its updates. What is over is better resolved: whoever read of it finds the end.",
      path: `${back}/delete`,
      word: "Delete",
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Delete", tab: "status-page", body }));
  });

  app.post(`${path}/incidents/:id/delete`, acting, async (c) => {
    await removeIncident(deps, c.var.customerId, idOf(c), changeBy(c));
    return c.redirect(`${path}?done=deleted`, 303);
  });
};
