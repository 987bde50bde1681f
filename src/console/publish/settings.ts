import type { Deps } from "../../adapters/ports/deps.ts";
import { mostPublished } from "../../adapters/ports/publish/status-pages.ts";
import type { StatusPage } from "../../adapters/ports/publish/status-pages.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { statusPageInput } from "../../routes/publish/contract.ts";
import { removePage, savePage } from "../../routes/publish/publishing.ts";
import { mayAct, page } from "../page.ts";
import { empty, facts, note, section, stateOf, wrong, fault } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { checkbox, formNote, selectField, textField } from "../fields.ts";
import { newForm, readInput, refusalOf, sentForm } from "../form.ts";
import type { Faults, Form, FormStatus, Refused } from "../form.ts";
import { incidentList } from "./incident-list.ts";
import { countOf, mostFormBytes } from "./typed.ts";

const path = "/console/status-page";

/** Services to choose from. */
const mostChoices = 200;

type Choice = { readonly id: number; readonly name: string };

/** The fields of a form for what is stored. */
const fieldsOf = (stored: StatusPage | null): URLSearchParams => {
  const fields = new URLSearchParams({ slug: stored?.slug ?? "", title: stored?.title ?? "" });
  if (stored?.enabled === true) fields.set("enabled", "on");
  for (const [nth, { serviceId, name, shown }] of (stored?.services ?? []).entries()) {
    fields.append("service", String(serviceId));
    fields.append("name", name);
    fields.append("place", String(nth + 1));
    if (shown) fields.append("shown", String(serviceId));
  }
  return fields;
};

type Row = { readonly serviceId: string; readonly name: string; readonly place: string; readonly shown: boolean };

const rowsOf = (fields: URLSearchParams): readonly Row[] => {
  const [names, places, shown] = [fields.getAll("name"), fields.getAll("place"), new Set(fields.getAll("shown"))];
  return fields
    .getAll("service")
    .map((serviceId, nth) => ({ serviceId, name: names[nth] ?? "", place: places[nth] ?? "", shown: shown.has(serviceId) }));
};

/** What is kept of the list: in the order of its numbers, without those whose name was emptied, with the one that is added. */
const listOf = (fields: URLSearchParams): readonly Row[] => {
  const order = ({ place }: Row): number => (/^\d{1,4}$/.test(place.trim()) ? Number(place) : Number.POSITIVE_INFINITY);
  const kept = rowsOf(fields).filter(({ name }) => name.trim() !== "");
  const sorted = kept.toSorted((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b)));
  const added = fields.get("add") ?? "";
  return added === "" ? sorted : [...sorted, { serviceId: added, name: fields.get("add_name") ?? "", place: "", shown: true }];
};

const bodyOf = (fields: URLSearchParams): unknown => ({
  slug: (fields.get("slug") ?? "").trim(),
  title: fields.get("title") ?? "",
  enabled: fields.get("enabled") === "on",
  services: listOf(fields).map(({ serviceId, name, shown }) => ({ service_id: Number(serviceId), name, shown })),
});

/** Faults of services, which the API names by their place in the list, at the fields of the form. */
const atFields = ({ faults, pointers }: Refused, fields: URLSearchParams): Faults => {
  const list = listOf(fields);
  const isAdding = (fields.get("add") ?? "") !== "";
  const placed = pointers.map(({ pointer, detail }) => {
    const [, nth] = /^\/services\/(\d+)\//.exec(pointer) ?? [];
    if (nth === undefined) return [pointer.slice(1), detail];
    const isAdded = isAdding && Number(nth) === list.length - 1;
    return [isAdded ? "add_name" : `name-${list[Number(nth)]?.serviceId ?? ""}`, detail];
  });
  return pointers.length === 0 ? faults : Object.fromEntries(placed);
};

const serviceRow = ({ serviceId, name, place, shown }: Row, internal: string, faults: Faults): Html => {
  const id = `name-${serviceId}`;
  return html`<li><input type="hidden" name="service" value="${serviceId}">
<label class="place"><span>Place of ${isolated(internal)}</span><input name="place" type="text" inputmode="numeric" value="${place}" autocomplete="off"></label>
<div><label for="${id}">${isolated(internal)} is published as</label><input id="${id}" name="name" type="text" value="${name}" autocomplete="off"${fault(id, faults[id])}>${wrong(id, faults[id])}</div>
${checkbox("shown", serviceId, "shown", shown)}</li>`;
};

const settingsForm = (typed: Form, choices: readonly Choice[], isNew: boolean): Html => {
  const { fields, faults } = typed;
  const rows = rowsOf(fields);
  const listed = new Set(rows.map(({ serviceId }) => serviceId));
  const names = new Map(choices.map(({ id, name }) => [String(id), name]));
  const more = choices.filter(({ id }) => !listed.has(String(id))).map(({ id, name }) => [String(id), name] as const);
  const known = ["slug", "title", "add_name", ...rows.map(({ serviceId }) => `name-${serviceId}`)];
  return html`${formNote(typed, known)}<form class="card wide" method="post" action="${path}">
<input type="hidden" name="as_of" value="${fields.get("as_of") ?? ""}">
${textField(typed, { name: "title", label: "Title", isFirst: isNew })}
${textField(typed, { name: "slug", label: "Address", hint: "The page is at /status/ and this: lower-case letters, digits and hyphens." })}
<div class="field">${checkbox("enabled", "on", "Switched on: everybody can read it", fields.get("enabled") === "on")}</div>
${rows.length === 0 ? "" : html`<fieldset class="field"><legend>Services, in their order</legend><ol class="listed">${rows.map((row) => serviceRow(row, names.get(row.serviceId) ?? `service ${row.serviceId}`, faults))}</ol><p class="hint">Whoever reads the page sees the published name only. A service with an empty name is taken off the list.</p></fieldset>`}
${more.length === 0 || rows.length >= mostPublished ? "" : html`${selectField(typed, { name: "add", label: "Add a service", choices: [["", rows.length === 0 ? "Choose one" : "None"], ...more] })}${textField(typed, { name: "add_name", label: "Published as" })}`}
<div class="acts"><button class="main">Save</button>${isNew ? "" : html`<a class="button" href="${path}/remove">Remove the page…</a>`}</div>
</form>`;
};

const shown = (stored: StatusPage): Html =>
  facts([
    ["State", stateOf(stored.enabled ? { word: "Switched on", tone: "ok" } : { word: "Switched off", tone: "off" })],
    ["Address", stored.enabled ? html`<a href="/status/${stored.slug}">/status/${stored.slug}</a>` : `/status/${stored.slug}`],
    ["Title", isolated(stored.title)],
    ["Services", `${stored.services.filter((one) => one.shown).length} shown`],
  ]);

const doneWords: Readonly<Record<string, string>> = {
  saved: "Saved. Who has the page open sees it within half a minute.",
  written: "Published.",
  deleted: "Deleted.",
  removed: "The page is removed.",
};

/** `/console/status-page`: what is published, and to whom. */
export const registerStatusSettings = (app: App, deps: Deps): void => {
  const show = async (c: AppContext, sent: Form | null, status: FormStatus = 200): Promise<Response> => {
    const nowMs = deps.clock.nowMs();
    const { customerId } = c.var;
    const isActing = mayAct(c);
    const [stored, services, incidents] = await Promise.all([
      deps.statusPages.get(customerId),
      isActing ? deps.services.list(customerId, { limit: mostChoices, afterId: null }) : [],
      incidentList(c, deps, nowMs),
    ]);
    const typed = sent ?? newForm(deps, fieldsOf(stored));
    if (!typed.fields.has("as_of")) typed.fields.set("as_of", String(stored?.updatedAtMs ?? 0));
    const done = doneWords[c.req.query("done") ?? ""];
    const none = empty(
      "No status page yet.",
      "A page for your own customers, with what tranche measured and what you write. Nothing is public until it is switched on.",
    );
    const body = html`<div class="head"><div><h1>Status page</h1><p>What everybody may read</p></div>${isActing && stored !== null ? html`<p class="acts"><a class="button main" href="${path}/incidents/new">Write an incident</a></p>` : ""}</div>
${done === undefined ? nothing : note("", html`<p>${done}</p>`)}${stored === null ? none : shown(stored)}
${stored === null ? nothing : section("incidents", "Incidents", incidents)}
${isActing ? section("settings", "Settings", settingsForm(typed, services, stored === null)) : nothing}`;
    return c.html(await page(c, nowMs, { title: "Status page", tab: "status-page", body }), status);
  };

  app.get(path, viewing, (c) => {
    // What was typed before somebody had to sign in again.
    const typed = new URL(c.req.url).searchParams;
    return show(c, typed.has("slug") ? newForm(deps, typed) : null);
  });

  app.post(path, acting, async (c) => {
    const fields = await readForm(c, mostFormBytes);
    try {
      await savePage(deps, c.var.customerId, readInput(statusPageInput, bodyOf(fields)), changeBy(c), countOf(fields, "as_of"));
    } catch (error) {
      const refused = refusalOf(error);
      // Whoever sends it again has seen what it replaces.
      if (refused.status === 409) fields.delete("as_of");
      return await show(c, sentForm(deps, fields, { faults: atFields(refused, fields) }), refused.status);
    }
    return c.redirect(`${path}?done=saved`, 303);
  });

  app.get(`${path}/remove`, acting, async (c) => {
    const body = html`<p class="crumb"><a href="${path}">Status page</a></p><h1>Remove the page</h1>
<p class="hint">It is gone for whoever reads it, with every incident that was written. To take it away for a while, switch it off instead.</p>
<form class="card" method="post" action="${path}/remove"><div class="acts"><button class="main">Remove</button><a class="button" href="${path}">Cancel</a></div></form>`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "Remove the page", tab: "status-page", body }));
  });

  app.post(`${path}/remove`, acting, async (c) => {
    await removePage(deps, c.var.customerId, changeBy(c));
    return c.redirect(`${path}?done=removed`, 303);
  });
};
