import { createRoute } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
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
import { addDomain, askingForTargets, changeDomain, removeDomain } from "./domain-changes.ts";
import { domainBodies, domainSchema, representDomain } from "./domain-contract.ts";

/** `/v1/services/{id}/domains`: the hostnames that move together. */
export const registerDomains = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["domains"];
  const asking = askingForTargets(deps);
  const { input, patch } = domainBodies(deps.config.allowPrivateTargets, deps.config.domainVerification);

  const create = createRoute({
    method: "post",
    path: "/v1/services/{id}/domains",
    tags,
    summary: "Add a domain; the answer says how to prove its ownership",
    middleware: [guards.editor, asking, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(input) },
    responses: { 201: jsonAnswer(domainSchema, "The new domain"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { customerId } = c.var;
    const [body, serviceId] = [c.req.valid("json"), c.req.valid("param").id];
    const domain = await answerOnce(c, deps, customerId, (change) => addDomain(deps, customerId, serviceId, body, change));
    return c.json(representDomain(domain, deps.config.domainVerification), 201, { location: `${c.req.path}/${domain.id}` });
  });

  const update = createRoute({
    method: "patch",
    path: "/v1/services/{id}/domains/{childId}",
    tags,
    summary: "Change a domain",
    middleware: [guards.editor, asking, jsonBody],
    request: { params: childParams, query: tenantQuery, body: jsonRequest(patch) },
    responses: { 200: jsonAnswer(domainSchema, "The domain as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const { id, childId } = c.req.valid("param");
    const domain = await changeDomain(deps, c.var.customerId, id, childId, c.req.valid("json"), changeBy(c));
    return c.json(representDomain(domain, deps.config.domainVerification), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: "/v1/services/{id}/domains/{childId}",
    tags,
    summary: "Remove a domain; its DNS records stay as they are",
    middleware: [guards.editor],
    request: { params: childParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    const { id, childId } = c.req.valid("param");
    await removeDomain(deps, c.var.customerId, id, childId, changeBy(c));
    return c.body(null, 204);
  });
};
