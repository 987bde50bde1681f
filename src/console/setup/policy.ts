import type { Deps } from "../../adapters/ports/deps.ts";
import type { StormPolicy } from "../../adapters/ports/detection/policies.ts";
import { readCustomerId } from "../../auth/authenticate.ts";
import { readForm } from "../../http/body.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { changePolicy, createPolicy } from "../../routes/detection/policy-changes.ts";
import { policyBodies } from "../../routes/detection/policy-contract.ts";
import { idOf } from "../asked.ts";
import { formNote, onceField, selectField, textField } from "../fields.ts";
import { formOnce, newForm, numberOf, readInput, refusalOf, sentForm } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { mayAct } from "../page.ts";
import { cell, empty, table } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { kindWords } from "../words.ts";
import { setupPath, stepPageOf, stepPath } from "./frame.ts";
import { previewOf } from "./preview.ts";
import { standingOf } from "./steps.ts";

const says = "When the primary counts as lost, and what that is worth. Look at what the thresholds would have done before you keep them.";

const numbers = [
  ["threshold_avail", "0.9"],
  ["window_seconds", "60"],
  ["cooldown_seconds", "300"],
  ["min_samples", "3"],
  ["min_failures", "3"],
  ["max_coverage_factor", "1.5"],
] as const;

const known = ["kind", "latency_ms", ...numbers.map(([name]) => name)];

const labels: Readonly<Record<(typeof numbers)[number][0], readonly [label: string, hint: string]>> = {
  threshold_avail: ["Share of good answers below which it storms", "0.9: less than nine of ten."],
  window_seconds: ["Seconds that are looked at", "Shorter sees sooner, and errs sooner."],
  cooldown_seconds: ["Seconds of calm before it goes back", "How long the primary has to be well."],
  min_samples: ["Samples at least", "Less than so many say nothing."],
  min_failures: ["Failures at least", "A single lost sample is no storm."],
  max_coverage_factor: ["Most that a storm's discount covers", "A factor; your contract has a cap."],
};

/** @param policy the one that is changed; null: a new one */
const form = (
  filled: Form,
  action: string,
  policy: StormPolicy | null,
): Html => html`${formNote(filled, known)}<form class="card" method="post" action="${action}">${onceField(filled)}
${
  policy === null
    ? selectField(filled, {
        name: "kind",
        label: "Kind",
        initial: "http_availability",
        choices: [
          ["http_availability", "availability: answers fail"],
          ["http_latency", "latency: answers are slow"],
        ],
      })
    : html`<input type="hidden" name="policy" value="${policy.id}"><input type="hidden" name="kind" value="${policy.kind}">`
}
${numbers.map(([name, initial]) => textField(filled, { name, label: labels[name][0], hint: labels[name][1], initial, mode: "decimal" }))}
${textField(filled, { name: "latency_ms", label: "Good up to, in ms", mode: "numeric", hint: "Of latency alone; empty for availability." })}
<div class="acts"><button class="main" name="act" value="save">${policy === null ? "Create" : `Save, as version ${policy.version + 1}`}</button><button name="act" value="preview" formmethod="get">Preview</button></div></form>`;

const fieldsOf = (policy: StormPolicy): URLSearchParams =>
  new URLSearchParams({
    policy: String(policy.id),
    kind: policy.kind,
    threshold_avail: String(policy.thresholdAvail),
    window_seconds: String(policy.windowSeconds),
    cooldown_seconds: String(policy.cooldownSeconds),
    min_samples: String(policy.minSamples),
    min_failures: String(policy.minFailures),
    max_coverage_factor: String(policy.maxCoverageFactor),
    latency_ms: policy.latencyMs === null ? "" : String(policy.latencyMs),
  });

const bodyOf = (fields: URLSearchParams) => ({
  kind: fields.get("kind"),
  ...Object.fromEntries(numbers.map(([name]) => [name, numberOf(fields.get(name))])),
  latency_ms: numberOf(fields.get("latency_ms")) ?? null,
});

const row = (policy: StormPolicy, path: string, isActing: boolean): Html =>
  html`<tr><th scope="row">${kindWords[policy.kind]}<small>version ${policy.version}</small></th>${cell("Below", String(policy.thresholdAvail), true)}${cell("Within", `${policy.windowSeconds} s`, true)}${cell("Cooldown", `${policy.cooldownSeconds} s`, true)}${isActing ? html`<td class="act"><a href="${path}?policy=${policy.id}" aria-label="Change the policy of ${kindWords[policy.kind]}">Change…</a></td>` : ""}</tr>`;

/** The fifth step, `/console/setup/{id}/policy`: when it storms, tried on what was recorded. */
export const registerPolicyStep = (app: App, deps: Deps): void => {
  const path = `${setupPath}/:id/policy`;
  const { input, patch } = policyBodies(deps.config.probe.intervalMs);
  const charge = worth(deps, costs.computing);

  const show = async (c: AppContext, typed: Form | null, tried: Html = nothing, status: FormStatus = 200): Promise<Response> => {
    const standing = await standingOf(deps, c.var.customerId, idOf(c));
    const { stormPolicies, service } = standing.detail;
    const here = stepPath(service.id, "policy");
    const chosen = readCustomerId(typed?.fields.get("policy") ?? c.req.query("policy") ?? "");
    const policy = stormPolicies.find(({ id }) => id === chosen) ?? null;
    const filled = typed ?? newForm(deps, policy === null ? new URL(c.req.url).searchParams : fieldsOf(policy));
    const isActing = mayAct(c);
    const list =
      stormPolicies.length === 0
        ? empty("No policy yet.", "Without one nothing is ever switched.")
        : table(
            "Policies",
            ["Kind", { number: "Below" }, { number: "Within" }, { number: "Cooldown" }, ...(isActing ? ["Change"] : [])],
            stormPolicies.map((one) => row(one, here, isActing)),
            true,
          );
    const editing = html`<section aria-labelledby="edit"><h2 id="edit">${policy === null ? (stormPolicies.length === 0 ? "A policy" : "Another one") : `The policy of ${kindWords[policy.kind]}`}</h2>\n${form(filled, here, policy)}</section>`;
    const body = html`${list}\n${tried}\n${isActing ? editing : ""}`;
    const page = await stepPageOf(c, deps.clock.nowMs(), standing, { step: "policy", says, body, hasNext: stormPolicies.length > 0 });
    return c.html(page, status);
  };

  /** What was typed is in the address: a preview changes nothing, and can be loaded again, gone back to and sent to somebody. */
  const preview = async (c: AppContext, fields: URLSearchParams): Promise<Response> => {
    await charge(c, async () => undefined);
    try {
      const shown = await previewOf(deps, c.var.customerId, idOf(c), readInput(input, bodyOf(fields)));
      return await show(c, newForm(deps, fields), shown);
    } catch (error) {
      const { faults, status } = refusalOf(error);
      return await show(c, { ...newForm(deps, fields), faults }, nothing, status);
    }
  };

  app.get(path, viewing, (c) => {
    const { searchParams } = new URL(c.req.url);
    return searchParams.get("act") === "preview" ? preview(c, searchParams) : show(c, null);
  });

  /** Stores a new policy, or the next version of one. @throws AppError */
  const save = async (c: AppContext, fields: URLSearchParams): Promise<void> => {
    const [{ customerId }, id, policyId] = [c.var, idOf(c), readCustomerId(fields.get("policy") ?? "")];
    if (policyId === null) {
      const body = readInput(input, bodyOf(fields));
      await formOnce(c, deps, fields, (change) => createPolicy(deps, customerId, id, body, change));
      return;
    }
    const { kind, latency_ms: latencyMs, ...terms } = bodyOf(fields);
    const body = readInput(patch, kind === "http_latency" ? { ...terms, latency_ms: latencyMs } : terms);
    await changePolicy(deps, customerId, id, policyId, body, changeBy(c));
  };

  app.post(path, acting, async (c) => {
    const fields = await readForm(c);
    try {
      await save(c, fields);
    } catch (error) {
      const refused = refusalOf(error);
      return await show(c, sentForm(deps, fields, refused), nothing, refused.status);
    }
    return c.redirect(stepPath(idOf(c), "readiness"), 303);
  });
};
