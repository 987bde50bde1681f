import type { Deps } from "../../adapters/ports/deps.ts";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import { proofWarning } from "../../domain/steering/readiness-beside.ts";
import { challengeName } from "../../domain/tenants/ownership-record.ts";
import { readCustomerId } from "../../auth/authenticate.ts";
import { readForm } from "../../http/body.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { provisionDomain, ttlSeconds } from "../../routes/steering/provisioning.ts";
import type { Provisioned } from "../../routes/steering/provisioning.ts";
import { challengeOf, isExpired } from "../../routes/tenants/proving.ts";
import { idOf } from "../asked.ts";
import { copyable } from "../fields.ts";
import { refusalOf } from "../form.ts";
import type { FormStatus } from "../form.ts";
import { mayAct } from "../page.ts";
import { cell, empty, note, table } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { setupPath, stepPageOf, stepPath } from "./frame.ts";
import type { Standing } from "./steps.ts";
import { standingOf } from "./steps.ts";

/** Domains of one page; the API has the others. */
export const domainsShown = 50;

const says =
  "What has to be in your zone: for each name a TXT record that proves it is yours, and the weighted pair by which visitors are moved.";

const recordRow = (type: string, name: string, value: string, more: string): Html =>
  html`<tr><th scope="row">${type}</th>${cell("Name", copyable(name))}${cell("Value", copyable(value))}${cell("Besides", more)}</tr>`;

const pairRows = (domain: Domain): readonly Html[] => {
  const sides = [
    ["primary", domain.primaryTarget, domain.normalPrimaryWeight],
    ["backup", domain.backupTarget, domain.normalBackupWeight],
  ] as const;
  return sides.flatMap(([side, target, weight]) =>
    target === null ? [] : [recordRow("CNAME", domain.name, target, `SetIdentifier ${side}, weight ${weight}, TTL ${ttlSeconds}`)],
  );
};

/** What became of an attempt to create a pair. */
type Outcome = { readonly domainId: number; readonly shown: Html };

const created = (domainId: number, result: Provisioned): Outcome => ({
  domainId,
  shown: note(
    "",
    result.status === "exists"
      ? html`<p>The pair was there already in zone ${result.zoneId}: nothing was changed.</p>`
      : html`<p>Created in zone ${result.zoneId}.${result.question === undefined ? "" : html` ${isolated(result.question)}.`}</p>`,
  ),
});

type Shown = { readonly standing: Standing; readonly isActing: boolean; readonly outcome: Outcome | null };

/** @param isOver whether its challenge proves nothing any more, and there is no other yet */
const domainSection = (domain: Domain, isOver: boolean, { standing, isActing, outcome }: Shown): Html => {
  const { serviceId, id, name, primaryTarget, backupTarget } = domain;
  const isProven = standing.isProven(domain);
  const rows = [
    ...(isProven || isOver ? [] : [recordRow("TXT", challengeName(name), domain.challengeToken, "proves the name; keep it")]),
    ...pairRows(domain),
  ];
  const targets =
    primaryTarget === null || backupTarget === null
      ? html`<p class="hint">The pair is shown once both targets are known: <a href="${stepPath(serviceId, "domains")}/${id}">give them</a>, or leave the records that there are.</p>`
      : nothing;
  const creation =
    isActing && primaryTarget !== null && backupTarget !== null
      ? html`<form class="acts" method="post" action="${stepPath(serviceId, "records")}"><button name="domain" value="${id}" aria-label="Have the pair created in Route 53: ${name}">Have the pair created in Route 53</button></form>`
      : nothing;
  const list = rows.length === 0 ? nothing : table(`Records of ${name}`, ["Type", "Name", "Value", "Besides"], rows);
  return html`<section aria-labelledby="d${id}"><h2 id="d${id}">${isolated(name)}</h2>
${outcome?.domainId === id ? outcome.shown : ""}${isOver ? note("warn", "The challenge of this name has expired. Another one is made as soon as somebody who may change the service opens this page.") : ""}${list}${isProven || isOver ? "" : html`<p class="hint">Note: ${proofWarning(name)}.</p>`}${targets}${creation}</section>`;
};

/** The third step, `/console/setup/{id}/records`: the records as the API gives them, to be copied or created. */
export const registerRecordsStep = (app: App, deps: Deps): void => {
  const path = `${setupPath}/:id/records`;
  const charge = worth(deps, costs.asking);

  const show = async (c: AppContext, outcome: Outcome | null, status: FormStatus = 200): Promise<Response> => {
    const { customerId } = c.var;
    const standing = await standingOf(deps, customerId, idOf(c));
    const { domains, service } = standing.detail;
    const isActing = mayAct(c);
    // Who only looks changes nothing by it.
    const here = await Promise.all(
      domains
        .slice(0, domainsShown)
        .map(async (domain) =>
          isActing && isExpired(deps, domain) ? await challengeOf(deps, customerId, service.id, domain.id, changeBy(c)) : domain,
        ),
    );
    const sections = here.map((domain) => domainSection(domain, isExpired(deps, domain), { standing, isActing, outcome }));
    const body =
      sections.length === 0
        ? empty("No domains yet.", html`Records belong to domains: <a href="${stepPath(service.id, "domains")}">add one</a> first.`)
        : html`${sections}${domains.length > domainsShown ? html`<p class="hint">The first ${domainsShown} of them: <code>GET /v1/services/${service.id}</code> has all.</p>` : ""}
<p class="hint">Who else changes the zone keeps out of the pair's weights: tranche puts its own back. The credentials that it uses, and what they may do, are in <code>GET /v1/services/${service.id}/iam-policy</code>.</p>
<p class="hint">With Terraform: <a href="${setupPath}/${service.id}/terraform" download>all of this as configuration</a>, which leaves the weights to tranche.</p>`;
    return c.html(await stepPageOf(c, deps.clock.nowMs(), standing, { step: "records", says, body, hasNext: sections.length > 0 }), status);
  };

  app.get(path, viewing, (c) => show(c, null));

  app.post(path, acting, async (c) => {
    const fields = await readForm(c);
    const domainId = readCustomerId(fields.get("domain") ?? "") ?? 0;
    await charge(c, async () => undefined);
    try {
      const result = await provisionDomain(deps, c.var.customerId, idOf(c), domainId, (make) => make(changeBy(c)));
      return await show(c, created(domainId, result));
    } catch (error) {
      const { faults, status } = refusalOf(error, true);
      return await show(c, { domainId, shown: note("bad", html`<p>${isolated(faults[""] ?? "")}.</p>`, "alert") }, status);
    }
  });
};
