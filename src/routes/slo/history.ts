import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { DailySnapshots, DowntimeEvents } from "../../adapters/ports/slo/history.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { childParams, jsonAnswer, readProblems, tenantPageQuery, time } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { ordered, outOfOrder } from "../schemas.ts";
import {
  alertSchema,
  eventsSchema,
  representAlert,
  representEvents,
  representRun,
  representSnapshot,
  snapshotsSchema,
} from "./history-contract.ts";

const eventsQuery = tenantPageQuery
  .extend({
    from: time.optional().openapi({ description: "the beginning of the window that ends with `to` unless given" }),
    to: time.optional().openapi({ description: "now unless given; what is to come is not shown" }),
  })
  .refine(ordered, outOfOrder);

const alertsQuery = tenantPageQuery.extend({ state: z.enum(["open", "resolved"]).optional() });

/** Below `/v1/services/{id}/objectives/{childId}`: what is recorded of an objective. */
export const registerObjectiveHistory = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["objectives"];
  const path = "/v1/services/{id}/objectives/{childId}";
  const middleware = [guards.viewer];

  const events = createRoute({
    method: "get",
    path: `${path}/events` as const,
    tags,
    summary: "List the downtime of an objective with who is to blame",
    middleware,
    request: { params: childParams, query: eventsQuery },
    responses: { 200: jsonAnswer(eventsSchema, "One page"), ...readProblems },
  });
  app.openapi(events, async (c) => {
    const { id, childId } = c.req.valid("param");
    const { from, to, ...query } = c.req.valid("query");
    let found: DowntimeEvents | null = null;
    const page = await paged(c, query, async (wanted) => {
      found = await deps.sloHistory.events(c.var.customerId, id, childId, { fromMs: from ?? null, toMs: to ?? null }, wanted);
      return found?.events ?? null;
    });
    if (page === null || found === null) throw noSuchResource();
    return c.json(representEvents(found, page), 200);
  });

  const alerts = createRoute({
    method: "get",
    path: `${path}/alerts` as const,
    tags,
    summary: "List the burn alerts of an objective, the newest first",
    middleware,
    request: { params: childParams, query: alertsQuery },
    responses: { 200: jsonAnswer(z.array(alertSchema), "One page"), ...readProblems },
  });
  app.openapi(alerts, async (c) => {
    const { id, childId } = c.req.valid("param");
    const { state, ...query } = c.req.valid("query");
    const isOpen = state === undefined ? null : state === "open";
    const page = await paged(c, query, (wanted) => deps.sloHistory.alerts(c.var.customerId, id, childId, isOpen, wanted));
    if (page === null) throw noSuchResource();
    return c.json(page.map(representAlert), 200);
  });

  const snapshots = createRoute({
    method: "get",
    path: `${path}/snapshots` as const,
    tags,
    summary: "List the days of an objective with its streaks, the newest first",
    description: "A day is written once, about two hours after it is over: what comes later, a correction or another target, changes none.",
    middleware,
    request: { params: childParams, query: tenantPageQuery },
    responses: { 200: jsonAnswer(snapshotsSchema, "One page"), ...readProblems },
  });
  app.openapi(snapshots, async (c) => {
    const { id, childId } = c.req.valid("param");
    let found: DailySnapshots | null = null;
    const page = await paged(c, c.req.valid("query"), async (wanted) => {
      found = await deps.sloHistory.snapshots(c.var.customerId, id, childId, wanted);
      return found?.days ?? null;
    });
    if (page === null || found === null) throw noSuchResource();
    const { current, best } = found as DailySnapshots;
    return c.json(
      {
        objective_id: childId,
        current_streak: representRun(current),
        best_streak: representRun(best),
        snapshots: page.map(representSnapshot),
      },
      200,
    );
  });
};
