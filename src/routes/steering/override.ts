import { createRoute } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, noContent, readProblems, tenantQuery, writeProblems } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { clearOverride, orderOverride, overrideInput } from "./orders.ts";
import { overrideSchema, representOverride } from "./routing-contract.ts";

/** `/v1/services/{id}/routing/override`: manual override. */
export const registerOverride = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["routing"];
  const path = "/v1/services/{id}/routing/override";

  const put = createRoute({
    method: "put",
    path,
    tags,
    summary: "Force a service to one side, or freeze it; obeyed by the next round",
    description:
      "To a side only with a proof that is there now: a 409 where no domain's record is seen. Domains whose proof has lapsed stay where they are.",
    middleware: [guards.editor, worth(deps, costs.ordering, "order"), jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(overrideInput) },
    responses: { 200: jsonAnswer(overrideSchema, "The override in force"), ...writeProblems },
  });
  app.openapi(put, async (c) => {
    const override = await orderOverride(deps, c.var.customerId, c.req.valid("param").id, c.req.valid("json"), changeBy(c));
    return c.json(representOverride(override), 200);
  });

  const clear = createRoute({
    method: "delete",
    path,
    tags,
    summary: "Clear the override; tranche decides again from the next round on",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(clear, async (c) => {
    await clearOverride(deps, c.var.customerId, c.req.valid("param").id, changeBy(c));
    return c.body(null, 204);
  });
};
