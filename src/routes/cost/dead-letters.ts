import { createRoute, z } from "@hono/zod-openapi";
import type { DeadLetter } from "../../adapters/ports/cost/dead-letters.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import {
  id,
  idParams,
  jsonAnswer,
  like,
  noContent,
  problems,
  readProblems,
  tenantPageQuery,
  tenantQuery,
  timeText,
} from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { isoTime } from "../../iso-time.ts";
import { dropDeadLetter, retryDeadLetter } from "./dead-letter-changes.ts";

const schema = z
  .object({
    id,
    source: z.enum(["push", "s3", "agent", "cloudflare"]).openapi({ example: "push" }),
    archive_key: like(z.string().nullable(), null).openapi({ description: "where it lies in the archive as it was received" }),
    events: like(z.int(), 1),
    tries: like(z.int(), 5),
    last_error: like(z.string().nullable(), "a value is out of range"),
    created_at: timeText,
  })
  .openapi("CostDeadLetter");

const represent = (one: DeadLetter): z.infer<typeof schema> => ({
  id: one.id,
  source: one.source,
  archive_key: one.archiveKey,
  events: one.events,
  tries: one.tries,
  last_error: one.lastError,
  created_at: isoTime(one.createdAtMs),
});

/** `/v1/cost/dead-letters`: events that could not be scored, however often it was tried. */
export const registerCostDeadLetters = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];
  const path = "/v1/cost/dead-letters";
  const onePath = `${path}/{id}` as const;

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List events that could not be scored, the oldest first",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(schema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const letters = await paged(c, c.req.valid("query"), (page) => deps.costDeadLetters.list(c.var.customerId, page));
    return c.json(letters.map(represent), 200);
  });

  const retry = createRoute({
    method: "post",
    path: `${onePath}/retry` as const,
    tags,
    summary: "Have them scored once more, within the next minute",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...problems(400, 401, 403, 404) },
  });
  app.openapi(retry, async (c) => {
    await acceptKey(c);
    await retryDeadLetter(deps, c.var.customerId, c.req.valid("param").id, changeBy(c));
    return c.body(null, 204);
  });

  const drop = createRoute({
    method: "delete",
    path: onePath,
    tags,
    summary: "Give them up: the events stay, unscored",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(drop, async (c) => {
    await dropDeadLetter(deps, c.var.customerId, c.req.valid("param").id, changeBy(c));
    return c.body(null, 204);
  });
};
