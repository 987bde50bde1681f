import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { openSlo } from "../../domain/slo/openslo.ts";
import { jsonBody } from "../../http/body.ts";
import {
  childParams,
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
import { yaml, yamlType } from "../../http/yaml.ts";
import { objectiveFields, objectiveInput, objectivePatch, objectiveSchema, representObjective } from "./objective-contract.ts";
import { objectiveWithStatus, representMeasured } from "./status-contract.ts";

/** `/v1/services/{id}/objectives`: what is promised of a service. */
export const registerObjectives = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["objectives"];
  const path = "/v1/services/{id}/objectives";
  const onePath = `${path}/{childId}` as const;

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Promise something of a service: a service level objective",
    description: "It is computed over all that is recorded of the service, also of what was before it.",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(objectiveInput) },
    responses: { 201: jsonAnswer(objectiveSchema, "The new objective"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const { window = { days: 30 }, ...fields } = objectiveFields(c.req.valid("json"));
    const serviceId = c.req.valid("param").id;
    const store = (change: Change) => deps.objectives.create(customerId, serviceId, { ...fields, window }, change);
    const objective = await answerOnce(c, deps, customerId, store);
    if (objective === null) throw noSuchResource();
    return c.json(representObjective(objective), 201, { location: `${c.req.path}/${objective.id}` });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the objectives of a service; GET /v1/objectives has their status, too",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(objectiveSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const { id } = c.req.valid("param");
    const objectives = await paged(c, c.req.valid("query"), (page) => deps.objectives.list(c.var.customerId, id, page));
    if (objectives === null) throw noSuchResource();
    return c.json(objectives.map(representObjective), 200);
  });

  const get = createRoute({
    method: "get",
    path: onePath,
    tags,
    summary: "Read an objective with its status",
    middleware: [guards.viewer],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: jsonAnswer(objectiveWithStatus, "The objective, and how it stands"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const { id, childId } = c.req.valid("param");
    const scope = { customerId: c.var.customerId, serviceIds: [id], objectiveId: childId, page: { limit: 1, afterId: null } };
    const { measured, atUs } = await deps.objectiveMeasures.measure(scope, null);
    const [one] = measured;
    if (one === undefined) throw noSuchResource();
    return c.json(representMeasured(one, atUs), 200);
  });

  const update = createRoute({
    method: "patch",
    path: onePath,
    tags,
    summary: "Change an objective; makes its next version",
    description: "Days that are over, and digests that were sent, keep the version by which they were judged.",
    middleware: [guards.editor, jsonBody],
    request: { params: childParams, query: tenantQuery, body: jsonRequest(objectivePatch) },
    responses: { 200: jsonAnswer(objectiveSchema, "The objective as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const { id, childId } = c.req.valid("param");
    const patch = objectiveFields(c.req.valid("json"));
    const objective = await deps.objectives.update(c.var.customerId, id, childId, patch, changeBy(c));
    if (objective === null) throw noSuchResource();
    return c.json(representObjective(objective), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: onePath,
    tags,
    summary: "Delete an objective; its alerts are resolved",
    middleware: [guards.editor],
    request: { params: childParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    const { id, childId } = c.req.valid("param");
    if (!(await deps.objectives.remove(c.var.customerId, id, childId, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });

  const exported = createRoute({
    method: "get",
    path: `${onePath}/openslo` as const,
    tags,
    summary: "Export an objective as OpenSLO v1",
    middleware: [guards.viewer],
    request: { params: childParams, query: tenantQuery },
    responses: { 200: { description: "A document of the kind SLO", content: { [yamlType]: { schema: z.string() } } }, ...readProblems },
  });
  app.openapi(exported, async (c) => {
    const { id, childId } = c.req.valid("param");
    const objective = await deps.objectives.get(c.var.customerId, id, childId);
    if (objective === null) throw noSuchResource();
    return c.body(yaml(openSlo({ ...objective, terms: objective })), 200, { "content-type": yamlType });
  });
};
