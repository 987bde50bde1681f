import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, label, noContent, readProblems, tenantQuery, writeProblems } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { refusalToOrder } from "../../pipeline/tenants/ownership.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { overrideMode, overrideSchema, representOverride } from "./routing-contract.ts";
import { refuseUntil, until } from "./until.ts";

const input = z
  .strictObject({
    mode: overrideMode,
    reason: label(500).openapi({ example: "the backup is being drained, see INC-42" }),
    until: until("cleared"),
  })
  .openapi("RoutingOverrideInput");

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
    request: { params: idParams, query: tenantQuery, body: jsonRequest(input) },
    responses: { 200: jsonAnswer(overrideSchema, "The override in force"), ...writeProblems },
  });
  app.openapi(put, async (c) => {
    const { mode, reason, until: untilMs } = c.req.valid("json");
    refuseUntil(untilMs, deps.clock.nowMs());
    if (mode !== "frozen" && deps.config.domainVerification) {
      const connections = createConnections(deps.clock);
      const budgetOf = (endMs: number) => ({ ...requestBudget(deps.clock, connections), untilMs: endMs });
      const refusal = await refusalToOrder(deps, c.var.customerId, c.req.valid("param").id, changeBy(c), budgetOf);
      if (refusal !== null) throw new AppError("conflict", refusal);
    }
    const order = { mode, reason, untilMs };
    const override = await deps.routing.setOverride(c.var.customerId, c.req.valid("param").id, order, changeBy(c));
    if (override === null) throw noSuchResource();
    deps.tell();
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
    const cleared = await deps.routing.clearOverride(c.var.customerId, c.req.valid("param").id, changeBy(c));
    if (!cleared) throw noSuchResource();
    deps.tell();
    return c.body(null, 204);
  });
};
