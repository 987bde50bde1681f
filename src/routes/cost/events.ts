import { createRoute, z } from "@hono/zod-openapi";
import type { StoredEvent } from "../../adapters/ports/cost/ingest.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Guards } from "../../auth/guards.ts";
import { jsonListBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, problems, readProblems, tenantQuery } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { acceptKey } from "../../http/idempotency.ts";
import { announceNextPlace, isCut } from "../../http/paging.ts";
import { isoTime } from "../../iso-time.ts";
import { connectionOf, createConnections, nobody } from "../../pipeline/connection-slots.ts";
import { ingestEvents } from "../../pipeline/cost/ingest.ts";
import { encodePlace, eventFilter, eventSchema, eventsInput, ignoredCounts, ingestedSchema, rejectionList } from "./event-contract.ts";

/** With the archive away a sender is to hear of it before it gives up by itself. */
const archiveMs = 10_000;

const archiveBudget = (clock: Clock): Budget => ({
  untilMs: clock.nowMs() + archiveMs,
  connection: connectionOf(createConnections(clock), { lane: "background", key: nobody }),
});

const represent = (event: StoredEvent): z.infer<typeof eventSchema> => ({
  id: event.id,
  event_id: event.eventId,
  account_id: event.accountId,
  resource_type: event.resourceType,
  resource_id: event.resourceId,
  actor: event.actor,
  hourly_cost_cents: event.hourlyCostCents,
  occurred_at: isoTime(event.occurredAtMs),
  severity: event.severity,
  raw: event.raw,
  created_at: isoTime(event.createdAtMs),
});

/** `/v1/cost/events`: what began or changed what is paid. */
export const registerCostEvents = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["cost"];
  const path = "/v1/cost/events";

  const push = createRoute({
    method: "post",
    path,
    tags,
    summary: "Send events of cost: records of CloudTrail, or a short form",
    description:
      "Up to 1,000 a request, in any order, as often as you like: each is stored once, by its event id. One that can not be read is " +
      "told and drops no other. They are archived before they are stored, and stored before this is answered; a 503 means that nothing " +
      "was lost and all of it is to be sent again.",
    middleware: [guards.editor, jsonListBody],
    request: { query: tenantQuery, body: jsonRequest(eventsInput) },
    responses: { 200: jsonAnswer(ingestedSchema, "What became of each of them"), ...problems(400, 401, 403, 413, 415) },
  });
  app.openapi(push, async (c) => {
    await acceptKey(c);
    const { events, Records } = c.req.valid("json");
    const { customerId } = c.var;
    const pointer = events === undefined ? "/Records" : "/events";
    const received = { customerId, source: "push", text: c.var.rawBody, values: events ?? Records ?? [], pointer, cursor: null } as const;
    const { accepted, duplicate, ignored, rejected } = await ingestEvents(deps, received, archiveBudget(deps.clock));
    const rejections = rejectionList(rejected);
    return c.json({ accepted, duplicate, ignored: ignoredCounts(ignored), rejected: rejected.length, rejections }, 200);
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: "List events of cost, newest first by when they happened",
    middleware: [guards.viewer],
    request: { query: eventFilter },
    responses: { 200: jsonAnswer(z.array(eventSchema), "One page"), ...readProblems },
  });
  app.openapi(list, async (c) => {
    const { limit, cursor, from, to, ...query } = c.req.valid("query");
    const { account_id: accountId, resource_type: resourceType, actor, severity } = query;
    const filter = { accountId, resourceType, actor, severity, fromMs: from, toMs: to };
    const rows = await deps.costEvents.list(c.var.customerId, filter, { limit: limit + 1, after: cursor ?? null });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    if (last !== undefined && (rows.length > limit || isCut(rows))) {
      announceNextPlace(c, limit, encodePlace(last.occurredAtMs, last.id));
    }
    return c.json(page.map(represent), 200);
  });
};
