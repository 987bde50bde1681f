import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { idParams, idText, jsonAnswer, problems, readProblems, tenantPageQuery, tenantQuery } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { baselineSchema, hourSchema, representBaseline, representHour, trendQuery, trendSpan } from "./baseline-contract.ts";
import { resetBaseline } from "./baseline-changes.ts";
import { seriesKind } from "./series-contract.ts";

/** `/v1/cost/baselines`: what is usual of a customer's costs. */
export const registerCostBaselines = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];
  const path = "/v1/cost/baselines";
  const onePath = `${path}/{id}` as const;

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List what is usual, by series",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery.extend({ kind: seriesKind.optional(), service_id: idText.optional() }) },
    responses: { 200: jsonAnswer(z.array(baselineSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const { kind, service_id: serviceId, ...page } = c.req.valid("query");
    const baselines = await paged(c, page, (at) => deps.costSeries.list(c.var.customerId, { kind, serviceId }, at));
    return c.json(baselines.map(representBaseline), 200);
  });

  const get = createRoute({
    method: "get",
    path: onePath,
    tags,
    summary: "Read what is usual of a series",
    middleware: [guards.viewer],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(baselineSchema, "The baseline"), ...readProblems },
  });
  app.openapi(get, async (c) => {
    const baseline = await deps.costSeries.find(c.var.customerId, c.req.valid("param").id);
    if (baseline === null) throw noSuchResource();
    return c.json(representBaseline(baseline), 200);
  });

  const hours = createRoute({
    method: "get",
    path: `${onePath}/hours` as const,
    tags,
    summary: "Read a series hour by hour, with the band of what was usual",
    middleware: [guards.viewer],
    request: { params: idParams, query: trendQuery },
    responses: { 200: jsonAnswer(z.array(hourSchema), "Hours that were scored, in their order"), ...readProblems },
  });
  app.openapi(hours, async (c) => {
    const span = trendSpan(c.req.valid("query"), deps.clock.nowMs());
    const found = await deps.costSeries.hours(c.var.customerId, c.req.valid("param").id, span);
    if (found === null) throw noSuchResource();
    return c.json(found.map(representHour), 200);
  });

  const reset = createRoute({
    method: "post",
    path: `${onePath}/reset` as const,
    tags,
    summary: "Forget what is usual of a series",
    description:
      "For a series that is another one from now on. Nothing but what is far beyond any doubt alerts until a day of hours is known.",
    middleware: [guards.editor],
    request: { params: idParams, query: tenantQuery },
    responses: { 200: jsonAnswer(baselineSchema, "The baseline, of nothing"), ...problems(400, 401, 403, 404) },
  });
  app.openapi(reset, async (c) => {
    await acceptKey(c);
    return c.json(representBaseline(await resetBaseline(deps, c.var.customerId, c.req.valid("param").id, changeBy(c))), 200);
  });
};
