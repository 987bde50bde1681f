import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import {
  idParams,
  jsonAnswer,
  jsonRequest,
  noContent,
  readProblems,
  tenantCursorQuery,
  tenantPageQuery,
  tenantQuery,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { announceNext, isCut, paged } from "../../http/paging.ts";
import { domainSchema, representDomain } from "./domain-contract.ts";
import { policySchema, representPolicy } from "../detection/policy-contract.ts";
import { changeService, createService } from "./service-changes.ts";
import { representService, serviceInput, servicePatch, serviceSchema } from "./service-contract.ts";

const detailSchema = z
  .object({ service: serviceSchema, domains: z.array(domainSchema), storm_policies: z.array(policySchema) })
  .openapi("ServiceDetail");

/** `/v1/services`: the units of failover. */
export const registerServices = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["services"];

  const create = createRoute({
    method: "post",
    path: "/v1/services",
    tags,
    summary: "Create a service",
    middleware: [guards.editor, jsonBody],
    request: { query: tenantQuery, body: jsonRequest(serviceInput) },
    responses: { 201: jsonAnswer(serviceSchema, "The new service"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const body = c.req.valid("json");
    const service = await answerOnce(c, deps, customerId, (change) => createService(deps, customerId, body, change));
    return c.json(representService(service), 201, { location: `/v1/services/${service.id}` });
  });

  const list = createRoute({
    method: "get",
    path: "/v1/services",
    tags,
    summary: "List the services",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(serviceSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const services = await paged(c, c.req.valid("query"), (page) => deps.services.list(c.var.customerId, page));
    return c.json(services.map(representService), 200);
  });

  const get = createRoute({
    method: "get",
    path: "/v1/services/{id}",
    tags,
    summary: "Read a service with its domains and storm policies",
    middleware: [guards.viewer],
    description: "All domains come in one answer, unless they are too large for one: then it links to those that follow.",
    request: { params: idParams, query: tenantCursorQuery },
    responses: { 200: jsonAnswer(detailSchema, "The service"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const detail = await deps.services.get(c.var.customerId, c.req.valid("param").id, c.req.valid("query").cursor);
    if (detail === null) throw noSuchResource();
    if (isCut(detail.domains)) announceNext(c, { cursor: detail.domains.at(-1)?.id });
    return c.json(
      {
        service: representService(detail.service),
        domains: detail.domains.map((domain) => representDomain(domain, deps.config.domainVerification)),
        storm_policies: detail.stormPolicies.map(representPolicy),
      },
      200,
    );
  });

  const update = createRoute({
    method: "patch",
    path: "/v1/services/{id}",
    tags,
    summary: "Change a service",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(servicePatch) },
    responses: { 200: jsonAnswer(serviceSchema, "The service as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const service = await changeService(deps, c.var.customerId, c.req.valid("param").id, c.req.valid("json"), changeBy(c));
    return c.json(representService(service), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: "/v1/services/{id}",
    tags,
    summary: "Delete a service with its domains and policies; its storm ends, the DNS weights stay",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    const removed = await deps.services.remove(c.var.customerId, c.req.valid("param").id, changeBy(c));
    if (!removed) throw noSuchResource();
    return c.body(null, 204);
  });
};
