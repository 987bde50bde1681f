import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { writeHcl, writeTerraformJson } from "../../domain/steering/hcl.ts";
import { idParams, readProblems, tenantCursorQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { preferred } from "../../http/negotiate.ts";
import { announceNext } from "../../http/paging.ts";
import { domainsPerPage, terraformPage } from "./terraform-page.ts";

const query = tenantCursorQuery.extend({
  frame: z
    .enum(["true", "false"])
    .default("true")
    .openapi({ description: "false: without versions, policies and role, which a folder of Terraform has once" }),
});

const json = z.record(z.string(), z.unknown()).openapi("TerraformConfiguration", {
  description: "a file *.tf.json: Terraform's JSON configuration syntax; comments are the list `//`",
});

/** `/v1/services/{id}/terraform`: a service as configuration of Terraform. */
export const registerTerraform = (app: App, deps: Deps, guards: Guards): void => {
  const get = createRoute({
    method: "get",
    path: "/v1/services/{id}/terraform",
    tags: ["routing"],
    summary: "Read a service as Terraform configuration: records, policies, role; as JSON for `Accept: application/json`",
    description:
      "Pairs that are there come with `import` blocks, so that a plan changes nothing. Weights and health checks are left to tranche. " +
      `At most ${domainsPerPage} domains in one answer: of more, a \`next\` link leads on, and the first answer alone has the frame.`,
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
    const { cursor = 0, frame } = c.req.valid("query");
    const { document, next } = await terraformPage(
      deps,
      c.var.customerId,
      c.req.valid("param").id,
      cursor,
      frame === "true" && cursor === 0,
    );
    if (next !== null) announceNext(c, { cursor: next });
    c.header("Vary", "Accept", { append: true });
    if (preferred(c.req.header("accept"), ["text/plain", "application/json"]) === "application/json")
      return c.json(writeTerraformJson(document), 200);
    return c.text(writeHcl(document), 200);
  });
};
