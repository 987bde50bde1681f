import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import {
  idParams,
  idText,
  jsonAnswer,
  jsonRequest,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { changeAnomaly } from "./anomaly-changes.ts";
import { anomalyPatch, anomalySchema, anomalyState, representAnomaly } from "./anomaly-contract.ts";

/** `/v1/cost/anomalies`: what is odd of a customer's costs. */
export const registerCostAnomalies = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];
  const path = "/v1/cost/anomalies";
  const onePath = `${path}/{id}` as const;
  const filters = {
    state: anomalyState.optional().openapi({ description: "only those that stand so" }),
    service_id: idText.optional().openapi({ description: "only those of the egress of this service" }),
  };

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List anomalies of cost, the newest first",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery.extend(filters) },
    responses: { 200: jsonAnswer(z.array(anomalySchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const { state, service_id: serviceId, ...page } = c.req.valid("query");
    const anomalies = await paged(c, page, (at) => deps.costAnomalies.list(c.var.customerId, { state, serviceId }, at));
    return c.json(anomalies.map(representAnomaly), 200);
  });

  const get = createRoute({
    method: "get",
    path: onePath,
    tags,
    summary: "Read an anomaly with the figures that made it",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(anomalySchema, "The anomaly"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const anomaly = await deps.costAnomalies.find(c.var.customerId, c.req.valid("param").id);
    if (anomaly === null) throw noSuchResource();
    return c.json(representAnomaly(anomaly), 200);
  });

  const update = createRoute({
    method: "patch",
    path: onePath,
    tags,
    summary: "Say how an anomaly stands: acknowledged, snoozed for hours, expected, resolved, or open again",
    description: "A 409 where it is resolved: that is for good, and what is odd of its series next is another anomaly.",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(anomalyPatch) },
    responses: { 200: jsonAnswer(anomalySchema, "The anomaly as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const anomaly = await changeAnomaly(deps, c.var.customerId, c.req.valid("param").id, c.req.valid("json"), changeBy(c));
    return c.json(representAnomaly(anomaly), 200);
  });
};
