import type { Deps } from "../../adapters/ports/deps.ts";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import { readCustomerId } from "../../auth/authenticate.ts";
import { challengeName } from "../../domain/tenants/ownership-record.ts";
import { readForm } from "../../http/body.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { verifyDomain } from "../../routes/tenants/proving.ts";
import { idOf } from "../asked.ts";
import { refusalOf } from "../form.ts";
import type { FormStatus } from "../form.ts";
import { mayAct } from "../page.ts";
import { cell, empty, note, stateOf, table, when } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { ownershipWords } from "../words.ts";
import { setupPath, stepPageOf, stepPath } from "./frame.ts";
import { domainsShown } from "./records.ts";
import { ownershipOf, standingOf } from "./steps.ts";

/** What a check of a domain found missing. */
type Missing = { readonly domainId: number; readonly detail: string };

const found = ({ verifiedAtMs, seenAtMs }: Domain, nowMs: number): Html => {
  if (verifiedAtMs === null) return html`not seen yet`;
  return html`yours since ${when(verifiedAtMs, nowMs)}${seenAtMs === null ? "" : html`<small>record seen ${when(seenAtMs, nowMs)}</small>`}`;
};

/** The fourth step, `/console/setup/{id}/verification`: what the public DNS says of each name. */
export const registerVerificationStep = (app: App, deps: Deps): void => {
  const path = `${setupPath}/:id/verification`;
  const required = deps.config.domainVerification;
  const charge = worth(deps, costs.asking);
  const says = required
    ? "Every public resolver that is asked has to see the TXT record. It takes minutes until DNS has it everywhere."
    : "This deployment asks for no proof (DOMAIN_VERIFICATION is off).";

  const row = (domain: Domain, nowMs: number, isActing: boolean, missing: Missing | null): Html => {
    const state = ownershipOf(domain, required);
    const check = html`<td class="act"><form method="post" action="${stepPath(domain.serviceId, "verification")}"><button name="domain" value="${domain.id}" aria-label="Check now: ${domain.name}">Check now</button></form></td>`;
    const fault = missing?.domainId === domain.id ? html`<p class="wrong" role="alert">${isolated(missing.detail)}</p>` : nothing;
    return html`<tr><th scope="row">${isolated(domain.name)}</th><td class="lead">${stateOf(ownershipWords[state])}</td>
${cell("Record", html`<code>${challengeName(domain.name)}</code>`)}${cell("Found", html`${found(domain, nowMs)}${fault}`)}${isActing ? check : ""}</tr>`;
  };

  const show = async (c: AppContext, missing: Missing | null, status: FormStatus = 200): Promise<Response> => {
    const nowMs = deps.clock.nowMs();
    const standing = await standingOf(deps, c.var.customerId, idOf(c));
    const { domains, service } = standing.detail;
    const isActing = mayAct(c);
    const here = domains.slice(0, domainsShown);
    const isDone = domains.length > 0 && domains.every(standing.isProven);
    const list =
      here.length === 0
        ? empty("No domains yet.", html`<a href="${stepPath(service.id, "domains")}">Add one</a> first.`)
        : table(
            "Domains, and what the public DNS says",
            ["Domain", "State", "Record", "Found", ...(isActing ? ["Check"] : [])],
            here.map((domain) => row(domain, nowMs, isActing, missing)),
          );
    const body = html`${isDone ? note("", html`<p>Every name is proven to be yours.</p>`) : ""}${list}`;
    return c.html(await stepPageOf(c, nowMs, standing, { step: "verification", says, body, hasNext: domains.length > 0 }), status);
  };

  app.get(path, viewing, (c) => show(c, null));

  app.post(path, acting, async (c) => {
    const fields = await readForm(c);
    const domainId = readCustomerId(fields.get("domain") ?? "") ?? 0;
    await charge(c, async () => undefined);
    try {
      await verifyDomain(deps, c.var.customerId, idOf(c), domainId, changeBy(c));
    } catch (error) {
      const { faults, status } = refusalOf(error, true);
      return await show(c, { domainId, detail: faults[""] ?? "" }, status);
    }
    return c.redirect(stepPath(idOf(c), "verification"), 303);
  });
};
