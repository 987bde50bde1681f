import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  childParams,
  idParams,
  jsonAnswer,
  jsonRequest,
  noContent,
  readProblems,
  tenantQuery,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { changePolicy, createPolicy } from "./policy-changes.ts";
import { policyBodies, policySchema, representPolicy } from "./policy-contract.ts";

/** `/v1/services/{id}/storm-policies`: when a service counts as stormy. */
export const registerStormPolicies = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["storm-policies"];
  const path = "/v1/services/{id}/storm-policies";
  const { input, patch } = policyBodies(deps.config.probe.intervalMs);

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Add a storm policy; one live policy per kind",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(policySchema, "The new policy"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const [body, serviceId] = [c.req.valid("json"), c.req.valid("param").id];
    const policy = await answerOnce(c, deps, customerId, (change) => createPolicy(deps, customerId, serviceId, body, change));
    return c.json(representPolicy(policy), 201, { location: `${c.req.path}/${policy.id}` });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the live storm policies of a service",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(z.array(policySchema), "At most one per kind"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const policies = await deps.policies.list(c.var.customerId, c.req.valid("param").id);
    if (policies === null) throw noSuchResource();
    return c.json(policies.map(representPolicy), 200);
  });

  const update = createRoute({
    method: "patch",
    path: `${path}/{childId}` as const,
    tags,
    summary: "Change a storm policy; makes its next version",
    middleware: [guards.editor, jsonBody],
    request: { params: childParams, query: tenantQuery, body: jsonRequest(patch) },
    responses: { 200: jsonAnswer(policySchema, "The policy as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const { id, childId } = c.req.valid("param");
    const policy = await changePolicy(deps, c.var.customerId, id, childId, c.req.valid("json"), changeBy(c));
    return c.json(representPolicy(policy), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: `${path}/{childId}` as const,
    tags,
    summary: "Delete a storm policy; its storm ends, the DNS weights stay",
    middleware: [guards.editor],
    request: { params: childParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    const { id, childId } = c.req.valid("param");
    if (!(await deps.policies.remove(c.var.customerId, id, childId, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
