import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import {
  idParams,
  jsonAnswer,
  jsonRequest,
  problems,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  writeProblems,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { isoTimeOrNull } from "../../iso-time.ts";
import { changeZombie } from "./zombie-changes.ts";
import { huntSchema, representZombie, zombiePatch, zombieSchema, zombieState } from "./zombie-contract.ts";

/** `/v1/cost/zombies`: what is paid for without being used, and insurance that would not pay. */
export const registerZombies = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];
  const path = "/v1/cost/zombies";
  const onePath = `${path}/{id}` as const;

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List what idles, the newest first",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery.extend({ state: zombieState.optional() }) },
    responses: { 200: jsonAnswer(z.array(zombieSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const { state, ...page } = c.req.valid("query");
    const zombies = await paged(c, page, (at) => deps.zombies.list(c.var.customerId, { state }, at));
    return c.json(zombies.map(representZombie), 200);
  });

  const hunt = createRoute({
    method: "get",
    path: "/v1/cost/hunt",
    tags,
    summary: "Read when it was last looked for what idles, and what could not be read",
    middleware: [guards.viewer],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(huntSchema, "The last hunt"), ...problems(400, 401, 403) },
  });
  app.openapi(hunt, async (c) => {
    const last = await deps.zombies.lastHunt(c.var.customerId);
    return c.json({ hunted_at: isoTimeOrNull(last?.huntedAtMs ?? null), unread: [...(last?.unread ?? [])] }, 200);
  });

  const get = createRoute({
    method: "get",
    path: onePath,
    tags,
    summary: "Read what idles, why it is thought so, and how it is removed",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(zombieSchema, "The zombie"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const zombie = await deps.zombies.find(c.var.customerId, c.req.valid("param").id);
    if (zombie === null) throw noSuchResource();
    return c.json(representZombie(zombie), 200);
  });

  const update = createRoute({
    method: "patch",
    path: onePath,
    tags,
    summary: "Dismiss what idles as it is meant to, or open it again",
    description: "Nothing is ever removed from here. A 409 where it is remediated: it is used again, or gone.",
    middleware: [guards.editor, jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(zombiePatch) },
    responses: { 200: jsonAnswer(zombieSchema, "The zombie as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const zombie = await changeZombie(deps, c.var.customerId, c.req.valid("param").id, c.req.valid("json"), changeBy(c));
    return c.json(representZombie(zombie), 200);
  });
};
