import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { writeHcl, writeTerraformJson } from "../../domain/steering/hcl.ts";
import { terraformOf } from "../../domain/steering/terraform.ts";
import type { TerraformService } from "../../domain/steering/terraform.ts";
import { idParams, readProblems, tenantCursorQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { preferred } from "../../http/negotiate.ts";
import { announceNext } from "../../http/paging.ts";
import { siteOf } from "../../registrable-domain.ts";
import { policyAdvice } from "./iam-policy.ts";
import { ttlSeconds } from "./provisioning.ts";

/** A domain is about 3 kB of the answer: a page is less than a megabyte, unless its records are very long. */
const domainsPerPage = 200;

const query = tenantCursorQuery.extend({
  frame: z
    .enum(["true", "false"])
    .default("true")
    .openapi({ description: "false: without versions, policies and role, which a folder of Terraform has once" }),
});

const json = z.record(z.string(), z.json()).openapi("TerraformConfiguration", {
  description: "a file *.tf.json: Terraform's JSON configuration syntax; comments are the list `//`",
});

/** `/v1/services/{id}/terraform`: a service as configuration of Terraform. */
export const registerTerraform = (app: App, deps: Deps, guards: Guards): void => {
  const frameOf = async (customerId: number, serviceId: number): Promise<TerraformService["frame"]> => {
    const domains = await deps.dnsSetup.permitted(customerId, serviceId);
    if (domains === null) throw noSuchResource();
    const [account = null] = await deps.dnsAccounts.list(customerId, { limit: 1, afterId: null });
    return { account, advice: policyAdvice(deps, domains) };
  };

  const get = createRoute({
    method: "get",
    path: "/v1/services/{id}/terraform",
    tags: ["routing"],
    summary: "Read a service as Terraform configuration: records, policies, role; as JSON for `Accept: application/json`",
    description:
      "Pairs that are there come with `import` blocks, so that a plan changes nothing. Weights and health checks are left to tranche. " +
      `At most ${domainsPerPage} domains in one answer: of more, a \`next\` link leads on, and each answer is a file of its own.`,
    middleware: [guards.viewer, worth(deps, costs.reading)],
    request: { params: idParams, query },
    responses: {
      200: {
        description: "A file *.tf, or *.tf.json",
        content: { "text/plain": { schema: z.string() }, "application/json": { schema: json } },
      },
      ...readProblems,
    },
  });
  app.openapi(get, async (c) => {
    const serviceId = c.req.valid("param").id;
    const { cursor = 0, frame } = c.req.valid("query");
    const { customerId } = c.var;
    const setup = await deps.dnsSetup.get(customerId, serviceId, { limit: domainsPerPage, afterDomainId: cursor });
    if (setup === null) throw noSuchResource();
    const last = setup.domains.at(-1);
    if (setup.domainsBehind && last !== undefined) announceNext(c, { cursor: last.domainId });
    const document = terraformOf({
      ...setup,
      ttlSeconds,
      isApex: (name) => siteOf(name) === name,
      frame: frame === "true" && cursor === 0 ? await frameOf(customerId, serviceId) : null,
    });
    c.header("Vary", "Accept", { append: true });
    if (preferred(c.req.header("accept"), ["text/plain", "application/json"]) === "application/json")
      return c.json(writeTerraformJson(document) as z.infer<typeof json>, 200);
    return c.text(writeHcl(document), 200);
  });
};
