import { createRoute, z } from "@hono/zod-openapi";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { newAgentKey } from "../../auth/agent-signature.ts";
import type { Guards } from "../../auth/guards.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, noContent, pageQuery, problems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { agentInput, agentSchema, newAgentSchema, represent } from "./probe-agent-contract.ts";

const noQuery = z.strictObject({});
const secretBytes = 32;

/** `/v1/probe-agents`: processes elsewhere that probe, and so are vantages of their own. For admins. */
export const registerProbeAgents = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["probe-agents"];
  const path = "/v1/probe-agents";

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: "Create a probe agent; its secret is shown once",
    middleware: [guards.admin, jsonBody],
    request: { query: noQuery, body: jsonRequest(agentInput) },
    responses: { 201: jsonAnswer(newAgentSchema, "The agent with its secret"), ...problems(400, 401, 403, 409, 413, 415) },
  });
  app.openapi(create, async (c) => {
    const { name, location = null } = c.req.valid("json");
    const { secret, publicKey } = await newAgentKey(deps.random.bytes(secretBytes));
    const store = (change: Change) => deps.probeAgents.create({ name, location, publicKey }, change);
    const agent = await answerOnce(c, deps, 0, store);
    return c.json({ ...represent(agent), secret }, 201, { location: `${path}/${agent.id}` });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List the probe agents, deleted ones included",
    middleware: [guards.admin],
    request: { query: pageQuery },
    responses: { 200: jsonAnswer(z.array(agentSchema), "One page"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const agents = await paged(c, c.req.valid("query"), deps.probeAgents.list);
    return c.json(agents.map(represent), 200);
  });

  const read = createRoute({
    method: "get",
    path: `${path}/{id}` as const,
    tags,
    summary: "Read a probe agent",
    middleware: [guards.admin],
    request: { params: idParams, query: noQuery },
    responses: { 200: jsonAnswer(agentSchema, "The agent"), ...problems(400, 401, 403, 404) },
  });
  app.openapi(read, async (c) => {
    const agent = await deps.probeAgents.get(c.req.valid("param").id);
    if (agent === null) throw noSuchResource();
    return c.json(represent(agent), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: `${path}/{id}` as const,
    tags,
    summary: "Delete a probe agent: what it saw does not count from the next round on",
    middleware: [guards.admin],
    request: { params: idParams, query: noQuery },
    responses: { 204: noContent, ...problems(400, 401, 403, 404) },
  });
  app.openapi(remove, async (c) => {
    if (!(await deps.probeAgents.remove(c.req.valid("param").id, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
