import type { Deps } from "../../adapters/ports/deps.ts";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing, raw } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { addDomain, askingForTargets, changeDomain, removeDomain } from "../../routes/tenants/domain-changes.ts";
import { domainBodies } from "../../routes/tenants/domain-contract.ts";
import { afterOf, idOf } from "../asked.ts";
import { asking, formNote, onceField, textField } from "../fields.ts";
import { formOnce, newForm, numberOf, readInput, refusalOf, sentForm, textOrNull } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { mayAct, page } from "../page.ts";
import { cell, empty, pages, table } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { setupPath, stepPageOf, stepPath } from "./frame.ts";
import type { Standing } from "./steps.ts";
import { standingOf } from "./steps.ts";

const known = ["name", "primary_target", "backup_target", "probe_path", "expect_status", "normal_weights", "steer_group"];

const says =
  "The hostnames that move together, and under which hostname each CDN serves them. Without a target tranche reads it from the live records.";

/** @param domain the one that is changed; null: a new one */
const form = (filled: Form, action: string, standing: Standing, domain: Domain | null): Html => {
  const { primaryCdn, backupCdn } = standing.detail.service;
  return html`${formNote(filled, known)}<form class="card" method="post" action="${action}">${onceField(filled)}
${domain === null ? textField(filled, { name: "name", label: "Domain", isRequired: true, isFirst: true, hint: "Such as app.example.com." }) : nothing}
${textField(filled, { name: "primary_target", label: `Hostname at ${primaryCdn}`, isFirst: domain !== null, hint: "Such as app.example.com.cdn.cloudflare.net." })}
${textField(filled, { name: "backup_target", label: `Hostname at ${backupCdn}`, hint: "Such as dualstack.example.map.fastly.net." })}
${textField(filled, { name: "probe_path", label: "Path that is probed", hint: "Empty: that of this deployment." })}
${textField(filled, { name: "expect_status", label: "Answers that are well", initial: "200-399" })}
${textField(filled, { name: "normal_weights", label: "Weights in calm times, primary : backup", initial: "100 : 0" })}
<div class="field"><label><input type="checkbox" name="steer_group" value="1"${filled.fields.get("steer_group") === "1" ? raw(" checked") : ""}> Other weighted records of the name move with its pair</label></div>
<div class="acts"><button class="main">${domain === null ? "Add" : "Save"}</button></div></form>`;
};

const fieldsOf = (domain: Domain): URLSearchParams =>
  new URLSearchParams({
    primary_target: domain.primaryTarget ?? "",
    backup_target: domain.backupTarget ?? "",
    probe_path: domain.probePath ?? "",
    expect_status: domain.expectStatus,
    normal_weights: `${domain.normalPrimaryWeight} : ${domain.normalBackupWeight}`,
    ...(domain.steerGroup && { steer_group: "1" }),
  });

const bodyOf = (fields: URLSearchParams) => {
  const [primary, backup] = (fields.get("normal_weights") ?? "").split(":").map(numberOf);
  return {
    primary_target: textOrNull(fields.get("primary_target")),
    backup_target: textOrNull(fields.get("backup_target")),
    probe_path: textOrNull(fields.get("probe_path")),
    expect_status: (fields.get("expect_status") ?? "").trim(),
    normal_weights: { primary, backup },
    steer_group: fields.get("steer_group") === "1",
  };
};

const row = (domain: Domain, path: string, isActing: boolean): Html =>
  html`<tr><th scope="row">${isolated(domain.name)}</th>
${cell("Primary", domain.primaryTarget === null ? "read from DNS" : isolated(domain.primaryTarget))}${cell("Backup", domain.backupTarget === null ? "read from DNS" : isolated(domain.backupTarget))}${cell("Weights", `${domain.normalPrimaryWeight} : ${domain.normalBackupWeight}`)}
${isActing ? html`<td class="act"><a href="${path}/${domain.id}" aria-label="Change ${domain.name}">Change…</a> <a href="${path}/${domain.id}/remove" aria-label="Remove ${domain.name}">Remove…</a></td>` : ""}</tr>`;

/** Domains of one page. */
const shown = 100;

/** @param afterId behind which domain the page begins */
const list = ({ detail: { domains, service } }: Standing, isActing: boolean, afterId: number | null): Html => {
  if (domains.length === 0) return empty("No domains yet.", "Add the first one: from then on its targets are probed.");
  const path = stepPath(service.id, "domains");
  const behind = domains.filter(({ id }) => id > (afterId ?? 0)).toSorted((a, b) => a.id - b.id);
  const here = behind.slice(0, shown);
  const rows = here.map((domain) => row(domain, path, isActing));
  const next = behind.length > shown ? `${path}?after=${here.at(-1)?.id ?? 0}` : null;
  return html`${table("Domains", ["Domain", "At the primary", "At the backup", "Weights", ...(isActing ? ["Change"] : [])], rows)}${pages(path, afterId === null, next)}`;
};

/** The second step, `/console/setup/{id}/domains`: its domains, a new one, each to be changed or removed. */
export const registerDomainsStep = (app: App, deps: Deps): void => {
  const path = `${setupPath}/:id/domains`;
  const charge = askingForTargets(deps);
  const { input, patch } = domainBodies(deps.config.allowPrivateTargets, deps.config.domainVerification);

  const show = async (c: AppContext, filled: Form, status: FormStatus = 200): Promise<Response> => {
    const standing = await standingOf(deps, c.var.customerId, idOf(c));
    const { domains, service } = standing.detail;
    const adding = mayAct(c)
      ? html`<section aria-labelledby="add"><h2 id="add">${domains.length === 0 ? "Add a domain" : "Add another one"}</h2>\n${form(filled, stepPath(service.id, "domains"), standing, null)}</section>`
      : nothing;
    const body = html`${list(standing, mayAct(c), afterOf(c))}\n${adding}`;
    return c.html(await stepPageOf(c, deps.clock.nowMs(), standing, { step: "domains", says, body, hasNext: domains.length > 0 }), status);
  };

  app.get(path, viewing, (c) => show(c, newForm(deps, new URL(c.req.url).searchParams)));

  app.post(path, acting, async (c) => {
    const fields = await readForm(c);
    const id = idOf(c);
    await charge(c, async () => undefined);
    try {
      const body = readInput(input, { name: (fields.get("name") ?? "").trim(), ...bodyOf(fields) });
      await formOnce(c, deps, fields, (change) => addDomain(deps, c.var.customerId, id, body, change));
      return c.redirect(stepPath(id, "domains"), 303);
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), refused.status);
    }
  });

  const domainOf = async (c: AppContext): Promise<Domain> => {
    const domain = await deps.domains.get(c.var.customerId, idOf(c), idOf(c, "childId"));
    if (domain === null) throw noSuchResource();
    return domain;
  };

  const showOne = async (c: AppContext, filled: Form | null, status: FormStatus = 200): Promise<Response> => {
    const [standing, domain] = await Promise.all([standingOf(deps, c.var.customerId, idOf(c)), domainOf(c)]);
    const action = `${stepPath(idOf(c), "domains")}/${domain.id}`;
    const body = html`<h2>${isolated(domain.name)}</h2>\n${form(filled ?? newForm(deps, fieldsOf(domain)), action, standing, domain)}`;
    return c.html(await stepPageOf(c, deps.clock.nowMs(), standing, { step: "domains", says, body }), status);
  };

  app.get(`${path}/:childId`, acting, (c) => {
    const typed = new URL(c.req.url).searchParams;
    return showOne(c, typed.size === 0 ? null : newForm(deps, typed));
  });

  app.post(`${path}/:childId`, acting, async (c) => {
    const fields = await readForm(c);
    await charge(c, async () => undefined);
    try {
      await changeDomain(deps, c.var.customerId, idOf(c), idOf(c, "childId"), readInput(patch, bodyOf(fields)), changeBy(c));
      return c.redirect(stepPath(idOf(c), "domains"), 303);
    } catch (error) {
      const refused = refusalOf(error);
      return await showOne(c, sentForm(deps, fields, refused), refused.status);
    }
  });

  app.get(`${path}/:childId/remove`, acting, async (c) => {
    const { name, id, serviceId } = await domainOf(c);
    const back = stepPath(serviceId, "domains");
    const body = asking({
      back,
      crumb: "Domains",
      title: html`Remove ${isolated(name)}?`,
      says: "It is probed and steered no more, and its proof is gone. Its DNS records stay as they are.",
      path: `${back}/${id}/remove`,
      word: "Remove",
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Remove", tab: "setup", serviceId, body }));
  });

  app.post(`${path}/:childId/remove`, acting, async (c) => {
    await readForm(c);
    await removeDomain(deps, c.var.customerId, idOf(c), idOf(c, "childId"), changeBy(c));
    return c.redirect(stepPath(idOf(c), "domains"), 303);
  });
};
