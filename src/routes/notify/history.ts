import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { idParams, idText, jsonAnswer, pageQuery, problems, readProblems, tenantCursorQuery, tenantPageQuery, tenantQuery, time } from "../../http/contract.ts";
import type { App, AppContext, AppMiddleware } from "../../http/env.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";
import { announceNext, isCut, paged } from "../../http/paging.ts";
import { cdnName, ordered, outOfOrder } from "../schemas.ts";
import { kind } from "./channel-contract.ts";
import {
  deliverySchema, incidentDetailSchema, incidentSchema, notificationDetailSchema, notificationSchema, representDelivery, representIncident, representMember, representNotification,
} from "./history-contract.ts";

type Audience = { readonly prefix: "/v1" | "/v1/operator"; readonly of: string; readonly reads: AppMiddleware; readonly writes: AppMiddleware; readonly owner: (c: AppContext) => number | null };

const span = {
  from: time.optional().openapi({ description: "at this time or later" }),
  to: time.optional().openapi({ description: "before this time" }),
};

const registerFor = (app: App, deps: Deps, { prefix, of, reads, writes, owner }: Audience): void => {
  const tags = ["notifications"];
  const isOperators = prefix === "/v1/operator";
  const [page, bare, cursor] = isOperators ? [pageQuery, z.strictObject({}), pageQuery.pick({ cursor: true })] : [tenantPageQuery, tenantQuery, tenantCursorQuery];
  const readable = isOperators ? problems(400, 401, 403, 404) : readProblems;

  const list = createRoute({
    method: "get", path: `${prefix}/notifications` as const, tags,
    summary: `List what happened ${of}, the newest first, whether or not a channel was told`,
    middleware: [reads],
    request: { query: page.extend({ kind: kind.optional(), service_id: idText.optional(), ...span }).refine(ordered, outOfOrder) },
    responses: { 200: jsonAnswer(z.array(notificationSchema), "One page"), ...readable },
  });
  app.openapi(list, async (c) => {
    const { kind: named, service_id: serviceId, from: fromMs, to: toMs, ...query } = c.req.valid("query");
    const rows = await paged(c, query, (one) => deps.notifyHistory.notifications(owner(c), { kind: named, serviceId, fromMs, toMs }, one));
    return c.json(rows.map(representNotification), 200);
  });

  const get = createRoute({
    method: "get", path: `${prefix}/notifications/{id}` as const, tags,
    summary: "Read a notification, and what became of the messages that told of it",
    middleware: [reads],
    request: { params: idParams, query: bare },
    responses: { 200: jsonAnswer(notificationDetailSchema, "The notification"), ...readable },
  });
  app.openapi(get, async (c) => {
    const found = await deps.notifyHistory.notification(owner(c), c.req.valid("param").id);
    if (found === null) throw noSuchResource();
    return c.json({ ...representNotification(found.notification), deliveries: found.deliveries.map(representDelivery) }, 200);
  });

  const replay = createRoute({
    method: "post", path: `${prefix}/notifications/{id}/replay` as const, tags,
    summary: "Send the messages that told of it once more, as they were, under ids of their own",
    middleware: [writes],
    request: { params: idParams, query: bare },
    responses: { 200: jsonAnswer(z.array(deliverySchema), "The new messages; none where none of its channels is there any more"), ...readable },
  });
  app.openapi(replay, async (c) => {
    await acceptKey(c);
    const again = await deps.notifyHistory.replay(owner(c), c.req.valid("param").id, changeBy(c));
    if (again === null) throw noSuchResource();
    if (again.length > 0) deps.tell();
    return c.json(again.map(representDelivery), 200);
  });

  const deliveries = createRoute({
    method: "get", path: `${prefix}/channels/{id}/deliveries` as const, tags,
    summary: "List the messages of a channel, the newest first",
    middleware: [reads],
    request: { params: idParams, query: page },
    responses: { 200: jsonAnswer(z.array(deliverySchema), "One page"), ...readable },
  });
  app.openapi(deliveries, async (c) => {
    const rows = await paged(c, c.req.valid("query"), (one) => deps.notifyHistory.deliveries(owner(c), c.req.valid("param").id, one));
    if (rows === null) throw noSuchResource();
    return c.json(rows.map(representDelivery), 200);
  });

  const incidents = createRoute({
    method: "get", path: `${prefix}/incidents` as const, tags,
    summary: `List incidents ${of}: what one CDN did to many services, the newest first`,
    middleware: [reads],
    request: { query: page.extend({ state: z.enum(["open", "ended"]).optional(), cdn: cdnName.optional(), ...span }).refine(ordered, outOfOrder) },
    responses: { 200: jsonAnswer(z.array(incidentSchema), "One page, with counts as they are now"), ...readable },
  });
  app.openapi(incidents, async (c) => {
    const { state, cdn, from: fromMs, to: toMs, ...query } = c.req.valid("query");
    const open = state === undefined ? undefined : state === "open";
    const rows = await paged(c, query, (one) => deps.notifyHistory.incidents(owner(c), { open, cdn, fromMs, toMs }, one));
    return c.json(rows.map(representIncident), 200);
  });

  const incident = createRoute({
    method: "get", path: `${prefix}/incidents/{id}` as const, tags,
    summary: "Read an incident with its services and the messages about it",
    middleware: [reads],
    request: { params: idParams, query: cursor },
    responses: { 200: jsonAnswer(incidentDetailSchema, "The incident"), ...readable },
  });
  app.openapi(incident, async (c) => {
    const found = await deps.notifyHistory.incident(owner(c), c.req.valid("param").id, c.req.valid("query").cursor ?? null);
    if (found === null) throw noSuchResource();
    if (isCut(found.services)) announceNext(c, { cursor: found.services.at(-1)?.id });
    return c.json({ ...representIncident(found.incident), members: found.services.map(representMember), deliveries: found.deliveries.map(representDelivery) }, 200);
  });
};

/** What was told, of a customer and of the operator. */
export const registerNotifyHistory = (app: App, deps: Deps, guards: Guards): void => {
  registerFor(app, deps, { prefix: "/v1", of: "to the customer", reads: guards.viewer, writes: guards.editor, owner: (c) => c.var.customerId });
  registerFor(app, deps, { prefix: "/v1/operator", of: "to the installation", reads: guards.admin, writes: guards.admin, owner: () => null });
};
