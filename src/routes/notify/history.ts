import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, idText, jsonAnswer, jsonRequest, time, writeProblems } from "../../http/contract.ts";
import { costs } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { announceNext, isCut, paged } from "../../http/paging.ts";
import { cdnName, ordered, outOfOrder } from "../schemas.ts";
import type { Audience } from "./audience.ts";
import { kind } from "./channel-contract.ts";
import {
  deliverySchema,
  incidentDetailSchema,
  incidentSchema,
  notificationDetailSchema,
  notificationSchema,
  representDelivery,
  representIncident,
  representMember,
  representNotification,
  representTold,
} from "./history-contract.ts";

const span = {
  from: time.optional().openapi({ description: "what happened, or was still on, at this time or later" }),
  to: time.optional().openapi({ description: "what happened, or began, before this time" }),
};

const again = z
  .strictObject({
    channel_id: z
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .openapi({ example: 1, description: "to this channel alone; absent: to each that was told" }),
  })
  .openapi("NotificationReplay", { example: {} });

/** What was told, to a customer and to the operator, and what became of it. */
export const registerNotifyHistory = (
  app: App,
  deps: Deps,
  { prefix, whose, reads, writes, owner, costing, query: bare, page, cursor, readable }: Audience,
): void => {
  const tags = ["notifications"];

  const list = createRoute({
    method: "get",
    path: `${prefix}/notifications` as const,
    tags,
    summary: `List what ${whose} is told of, the newest first, whether or not a channel was told`,
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
    method: "get",
    path: `${prefix}/notifications/{id}` as const,
    tags,
    summary: "Read a notification, and what became of the messages that told of it",
    middleware: [reads],
    request: { params: idParams, query: bare },
    responses: { 200: jsonAnswer(notificationDetailSchema, "The notification"), ...readable },
  });
  app.openapi(get, async (c) => {
    const found = await deps.notifyHistory.notification(owner(c), c.req.valid("param").id);
    if (found === null) throw noSuchResource();
    return c.json(representTold(found), 200);
  });

  const replay = createRoute({
    method: "post",
    path: `${prefix}/notifications/{id}/replay` as const,
    tags,
    summary: "Send what told of it once more, as it was, under ids of its own",
    middleware: [writes, ...costing(costs.sending), jsonBody],
    request: { params: idParams, query: bare, body: jsonRequest(again) },
    responses: { 200: jsonAnswer(z.array(deliverySchema), "The new messages, one a channel"), ...writeProblems },
  });
  app.openapi(replay, async (c) => {
    const customerId = owner(c);
    const { channel_id: channelId = null } = c.req.valid("json");
    const { deliveries } = await answerOnce(c, deps, customerId ?? 0, async (change) => {
      const made = await deps.notifyHistory.replay(customerId, c.req.valid("param").id, channelId, deps.clock.nowMs(), change);
      if (made === null) throw noSuchResource();
      if (made.length === 0)
        throw new AppError(
          "conflict",
          channelId === null
            ? "no channel that is still there was told of it"
            : "that channel was not told of it, or is not there any more",
        );
      deps.tell();
      return { deliveries: made };
    });
    return c.json(deliveries.map(representDelivery), 200);
  });

  const deliveries = createRoute({
    method: "get",
    path: `${prefix}/channels/{id}/deliveries` as const,
    tags,
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
    method: "get",
    path: `${prefix}/incidents` as const,
    tags,
    summary: `List incidents of ${whose === "the customer" ? whose : "the installation"}: what one CDN did to many services; open ones first, then the newest`,
    middleware: [reads],
    request: {
      query: page.extend({ state: z.enum(["open", "ended"]).optional(), cdn: cdnName.optional(), ...span }).refine(ordered, outOfOrder),
    },
    responses: { 200: jsonAnswer(z.array(incidentSchema), "One page, with counts as they are now"), ...readable },
  });
  app.openapi(incidents, async (c) => {
    const { state, cdn, from: fromMs, to: toMs, ...query } = c.req.valid("query");
    const open = state === undefined ? undefined : state === "open";
    const rows = await paged(
      c,
      query,
      (one) => deps.notifyHistory.incidents(owner(c), { open, cdn, fromMs, toMs }, one),
      ({ place }) => place,
    );
    return c.json(rows.map(representIncident), 200);
  });

  const incident = createRoute({
    method: "get",
    path: `${prefix}/incidents/{id}` as const,
    tags,
    summary: "Read an incident with its services and the messages about it",
    middleware: [reads],
    request: { params: idParams, query: cursor },
    responses: { 200: jsonAnswer(incidentDetailSchema, "The incident"), ...readable },
  });
  app.openapi(incident, async (c) => {
    const found = await deps.notifyHistory.incident(owner(c), c.req.valid("param").id, c.req.valid("query").cursor ?? null);
    if (found === null) throw noSuchResource();
    if (isCut(found.services)) announceNext(c, { cursor: found.services.at(-1)?.id });
    return c.json(
      {
        ...representIncident(found.incident),
        members: found.services.map(representMember),
        deliveries: found.deliveries.map(representDelivery),
      },
      200,
    );
  });
};
