import { createRoute } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, noContent, readProblems, tenantQuery, writeProblems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { changeBy } from "../../http/idempotency.ts";
import { representPage, statusPageInput, statusPageSchema } from "./contract.ts";
import { removePage, savePage } from "./publishing.ts";

/** `/v1/status-page`: what a customer publishes. */
export const registerStatusPage = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["status-page"];
  const path = "/v1/status-page";

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read the settings of the customer's public status page",
    middleware: [guards.viewer],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(statusPageSchema, "What is published; 404 where there is no page"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const page = await deps.statusPages.get(c.var.customerId);
    if (page === null) throw noSuchResource();
    return c.json(representPage(page), 200);
  });

  const put = createRoute({
    method: "put",
    path,
    tags,
    summary: "Create or replace the public status page",
    description: "Nothing is shown of a service but its published name, how it is, and how it was on each of 90 days.",
    middleware: [guards.editor, jsonBody],
    request: { query: tenantQuery, body: jsonRequest(statusPageInput) },
    responses: { 200: jsonAnswer(statusPageSchema, "The page as it is now"), ...writeProblems },
  });
  app.openapi(put, async (c) => {
    const page = await savePage(deps, c.var.customerId, c.req.valid("json"), changeBy(c));
    return c.json(representPage(page), 200);
  });

  const remove = createRoute({
    method: "delete",
    path,
    tags,
    summary: "Remove the public status page, with all that was written on it",
    middleware: [guards.editor],
    request: { query: tenantQuery },
    responses: { 204: noContent, ...readProblems },
  });
  app.openapi(remove, async (c) => {
    await removePage(deps, c.var.customerId, changeBy(c));
    return c.body(null, 204);
  });
};
