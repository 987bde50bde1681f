import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import {
  idParams,
  jsonAnswer,
  jsonRequest,
  noContent,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { incidentInput, incidentSchema, representIncident, updateInput } from "./contract.ts";
import { removeIncident, writeIncident, writeUpdate } from "./publishing.ts";

/** `/v1/status-page/incidents`: what a customer writes on its page. */
export const registerStatusIncidents = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["status-page"];
  const path = "/v1/status-page/incidents";

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the incidents of the status page, the newest first",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(incidentSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const incidents = await paged(c, c.req.valid("query"), (page) => deps.statusIncidents.list(c.var.customerId, page));
    return c.json(incidents.map(representIncident), 200);
  });

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Publish an incident, or maintenance that is planned",
    middleware: [guards.editor, jsonBody],
    request: { query: tenantQuery, body: jsonRequest(incidentInput) },
    responses: { 201: jsonAnswer(incidentSchema, "The new incident"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const input = c.req.valid("json");
    const incident = await answerOnce(c, deps, customerId, (change) => writeIncident(deps, customerId, input, change));
    return c.json(representIncident(incident), 201);
  });

  const update = createRoute({
    method: "post",
    path: `${path}/{id}/updates` as const,
    tags,
    summary: "Publish an update of an incident, and change with it what it names",
    description: "What was written before stays as it is. Maintenance that ends early, or is called off, is resolved.",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(updateInput) },
    responses: { 201: jsonAnswer(incidentSchema, "The incident, its last update included"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const { customerId } = c.var;
    const input = c.req.valid("json");
    const { id } = c.req.valid("param");
    const incident = await answerOnce(c, deps, customerId, (change) => writeUpdate(deps, customerId, id, input, change));
    return c.json(representIncident(incident), 201);
  });

  const remove = createRoute({
    method: "delete",
    path: `${path}/{id}` as const,
    tags,
    summary: "Delete an incident that was published by mistake",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    await removeIncident(deps, c.var.customerId, c.req.valid("param").id, changeBy(c));
    return c.body(null, 204);
  });
};
