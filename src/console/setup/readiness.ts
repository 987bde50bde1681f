import type { Deps } from "../../adapters/ports/deps.ts";
import type { ReadinessCheck } from "../../adapters/ports/steering/dns-setup.ts";
import type { Check } from "../../domain/steering/readiness-finding.ts";
import { readForm } from "../../http/body.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { readinessCheck } from "../../routes/steering/readiness-check.ts";
import { idOf } from "../asked.ts";
import { formNote } from "../fields.ts";
import { newForm, refusalOf } from "../form.ts";
import type { Faults, FormStatus } from "../form.ts";
import { mayAct } from "../page.ts";
import { cell, empty, note, stateOf, table, when } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { findingWords, readinessWords } from "../words.ts";
import { setupPath, stepPageOf, stepPath } from "./frame.ts";
import { standingOf } from "./steps.ts";

const says =
  "Whether a storm tonight would be survived: records, targets, certificates, the backup, permissions, and whether anybody would be told.";

const findingsShown = 200;

const order = ["fail", "warn", "unproven", "pass"] as const;

const row = ({ domain, check, result, detail, mend }: Check): Html =>
  html`<tr><th scope="row">${check.replaceAll("_", " ")}<small>${isolated(domain)}</small></th><td class="lead">${stateOf(findingWords[result])}</td>
${cell("Found", isolated(detail))}${cell("To mend", mend === null ? "–" : isolated(mend))}</tr>`;

const findings = (check: ReadinessCheck | null, nowMs: number): Html => {
  if (check === null)
    return empty(
      "Never checked.",
      "The check reads the live records, probes both CDNs, and proves the permission by a change that changes nothing.",
    );
  const { checks, domainsChecked, domainsTotal } = check;
  const sorted = checks.toSorted((a, b) => order.indexOf(a.result) - order.indexOf(b.result));
  const some =
    domainsChecked !== null && domainsTotal !== null && domainsChecked < domainsTotal
      ? html`<p class="hint">${domainsChecked} of ${domainsTotal} domains; the API checks the others page by page.</p>`
      : nothing;
  return html`<p>${stateOf(readinessWords[check.result])} checked ${when(check.checkedAtMs, nowMs)} by ${isolated(check.actor)}</p>${some}
${table("What was found, what fails first", ["Check", "Result", "Found", "To mend"], sorted.slice(0, findingsShown).map(row))}${sorted.length > findingsShown ? html`<p class="hint">and ${sorted.length - findingsShown} more, which pass or are less urgent</p>` : ""}`;
};

/** The last step, `/console/setup/{id}/readiness`: everything that has to be right before a storm. */
export const registerReadinessStep = (app: App, deps: Deps): void => {
  const path = `${setupPath}/:id/readiness`;
  const charge = worth(deps, costs.probing);

  const show = async (c: AppContext, faults: Faults, status: FormStatus = 200): Promise<Response> => {
    const nowMs = deps.clock.nowMs();
    const standing = await standingOf(deps, c.var.customerId, idOf(c));
    const { check, detail } = standing;
    const { id } = detail.service;
    const button = mayAct(c)
      ? html`<form class="acts onward" method="post" action="${stepPath(id, "readiness")}"><button class="main">Check now</button></form>`
      : nothing;
    const isReady = check !== null && check.result !== "fail" && detail.stormPolicies.length > 0;
    const ready = isReady
      ? note("", html`<p>It is set up. <a href="/console/services/${id}">The service</a> shows who serves now, and why.</p>`)
      : nothing;
    const body = html`${formNote({ ...newForm(deps), faults }, [])}${ready}${findings(check, nowMs)}\n${button}`;
    return c.html(await stepPageOf(c, nowMs, standing, { step: "readiness", says, body }), status);
  };

  app.get(path, viewing, (c) => show(c, {}));

  app.post(path, acting, async (c) => {
    await readForm(c);
    await charge(c, async () => undefined);
    try {
      const { run } = await readinessCheck(deps, c.var.customerId, idOf(c));
      await run(changeBy(c));
    } catch (error) {
      const { faults, status } = refusalOf(error, true);
      return await show(c, faults, status);
    }
    return c.redirect(stepPath(idOf(c), "readiness"), 303);
  });
};
