import { createRoute } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, noContent, problems, tenantQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { freezeSchema, freezeStateSchema, representFreeze } from "./freeze.ts";
import { freezeAllServices, freezeInput, liftFreezeOfAll } from "./orders-of-all.ts";

/** `/v1/freeze/services`: the freeze of all services of a customer. */
export const registerFreezeOfServices = (
  app: App,
  deps: Pick<Deps, "clock" | "customerFreeze" | "tell" | "rateLimits">,
  guards: Guards,
): void => {
  const tags = ["routing"];
  const path = "/v1/freeze/services";

  const get = createRoute({
    method: "get",
    path,
    tags,
    operationId: "getServicesFreeze",
    summary: "Read whether all services of the customer are frozen",
    middleware: [guards.viewer],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(freezeStateSchema, "The freeze in force, or null"), ...problems(400, 401, 403) },
  });
  app.openapi(get, async (c) => {
    const freeze = await deps.customerFreeze.get(c.var.customerId, deps.clock.nowMs());
    return c.json({ freeze: freeze === null ? null : representFreeze(freeze) }, 200);
  });

  const put = createRoute({
    method: "put",
    path,
    tags,
    operationId: "setServicesFreeze",
    summary: "Freeze all services of the customer at once; obeyed by the next round",
    description:
      "One order, however many services there are, those to come included; one message is sent. Each service keeps its own override, which counts again once this is lifted. An override that is set afterwards counts for its service.",
    middleware: [guards.editor, worth(deps, costs.ordering, "order"), jsonBody],
    request: { query: tenantQuery, body: jsonRequest(freezeInput) },
    responses: { 200: jsonAnswer(freezeSchema, "The freeze in force"), ...problems(400, 401, 403, 404, 413, 415) },
  });
  app.openapi(put, async (c) => {
    const freeze = await freezeAllServices(deps, c.var.customerId, c.req.valid("json"), changeBy(c));
    return c.json(representFreeze(freeze), 200);
  });

  const lift = createRoute({
    method: "delete",
    path,
    tags,
    operationId: "deleteServicesFreeze",
    summary: "Lift the freeze of all services; each one obeys its own override again, or decides for itself",
    middleware: [guards.editor],
    request: { query: tenantQuery },
    responses: { 204: noContent, ...problems(400, 401, 403) },
  });
  app.openapi(lift, async (c) => {
    await liftFreezeOfAll(deps, c.var.customerId, changeBy(c));
    return c.body(null, 204);
  });
};
