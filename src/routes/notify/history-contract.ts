import { z } from "@hono/zod-openapi";
import { channelKinds } from "../../adapters/ports/notify/channel.ts";
import type { Delivery, DeliveryBrief, IncidentMember, IncidentRow, Told } from "../../adapters/ports/notify/history.ts";
import type { Notification } from "../../domain/notify/incident.ts";
import { severityOf } from "../../domain/notify/kinds.ts";
import type { Message } from "../../domain/notify/message.ts";
import { boundedMessage } from "../../domain/notify/bounded-message.ts";
import { singleMessage } from "../../domain/notify/single-message.ts";
import { id, like, orNull, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { kind, severity } from "./channel-contract.ts";

const fact = z.object({ label: like(z.string(), "Primary"), value: like(z.string(), "cloudfront") });

const messageSchema = z
  .object({
    title: like(z.string(), "cloudfront is failing: shop"),
    summary: like(z.string(), "cloudfront fails as the primary of 1 service, 12 s after the storm began."),
    facts: z.array(fact),
    services: z
      .array(z.object({ id, name: like(z.string(), "shop"), state: like(z.string(), "on fastly") }))
      .openapi({ description: "at most 20, the worst first" }),
    services_total: like(z.int(), 1),
  })
  .openapi("NotificationMessage");

const state = z.enum(["pending", "sent", "dead", "folded", "dropped"]).openapi({
  example: "sent",
  description:
    "`dead`: given up after a day, or refused; `folded`: what it would have said is in a later one; `dropped`: its channel was deleted or switched off",
});

const briefSchema = z
  .object({
    id,
    channel_id: id,
    channel: like(z.string(), "on call"),
    action: z.enum(["event", "trigger", "update", "resolve"]).openapi({ example: "trigger" }),
    state,
    attempts: like(z.int(), 1),
    last_status: like(z.string().nullable(), "HTTP 204"),
    sent_at: timeText.nullable(),
    replay: z.boolean(),
  })
  .openapi("NotificationDeliveryBrief");

export const deliverySchema = z
  .object({
    id: id.openapi({ description: "`msg_` and this number is the id that the receiver is given" }),
    channel_id: id,
    channel: like(z.string(), "on call"),
    channel_kind: z.enum(channelKinds).openapi({ example: "webhook" }),
    action: z.enum(["event", "trigger", "update", "resolve"]).openapi({ example: "trigger" }),
    kind,
    severity,
    incident_id: like(id.nullable(), 1),
    state,
    attempts: like(z.int(), 1),
    next_attempt_at: like(timeText.nullable(), null),
    last_status: like(z.string().nullable(), "200"),
    created_at: timeText,
    sent_at: timeText.nullable(),
    ended_at: timeText.nullable(),
    replay: z.boolean().openapi({ example: false, description: "whether somebody had it sent once more" }),
    message: orNull(messageSchema).openapi({ description: "what it says, of every attempt the same; null: not tried yet" }),
  })
  .openapi("NotificationDelivery");

const notificationFields = z.object({
  id,
  kind,
  severity,
  service_id: like(id.nullable(), 1),
  storm_id: like(id.nullable(), 1),
  title: like(z.string(), "cloudfront is failing: shop"),
  summary: like(z.string(), "Traffic is about to move to fastly."),
  facts: z.array(fact),
  occurred_at: timeText,
  ids: z
    .record(z.string(), id)
    .openapi({ example: { notification_id: 1, service_id: 1, storm_id: 1 }, description: "as messages have them" }),
});

export const notificationSchema = notificationFields
  .extend({
    deliveries: z
      .array(briefSchema)
      .openapi({ description: "the messages that told of it, the oldest first; none: no channel wanted it, or it is about to be told" }),
  })
  .openapi("Notification");

export const notificationDetailSchema = notificationFields
  .extend({ deliveries: z.array(deliverySchema).openapi({ description: "the messages that told of it, the oldest first" }) })
  .openapi("NotificationDetail");

export const incidentSchema = z
  .object({
    id,
    cdn: like(z.string(), "cloudfront"),
    kind: z
      .enum(["storm", "backup"])
      .openapi({ example: "storm", description: "`storm`: it fails as a primary; `backup`: it does not answer where it would be needed" }),
    state: z.enum(["open", "ended"]).openapi({ example: "open" }),
    started_at: timeText,
    last_edge_at: timeText.openapi({ description: "the latest beginning, relapse or end of any of its storms" }),
    ended_at: like(timeText.nullable(), null).openapi({ description: "when every storm had ended and every service was back" }),
    customers: like(z.int(), 1),
    services: like(z.int(), 12),
    failing: like(z.int(), 10),
    recovering: like(z.int(), 0),
    on_backup: like(z.int(), 9),
    held: like(z.int(), 1),
    backups_down: like(z.int(), 0),
  })
  .openapi("Incident");

export const incidentDetailSchema = incidentSchema
  .extend({
    members: z
      .array(
        z.object({
          service_id: id,
          customer_id: id,
          name: like(z.string(), "shop"),
          storm_id: like(id.nullable(), 1),
          storm: like(z.string().nullable(), "storm"),
          routing: like(z.string().nullable(), "shifted"),
          reason: like(z.string().nullable(), "storm"),
          joined_at: timeText,
          left_at: like(timeText.nullable(), null),
        }),
      )
      .openapi({ description: "its services by their ids; where there are more the answer links to them" }),
    deliveries: z.array(deliverySchema).openapi({ description: "the latest messages about it" }),
  })
  .openapi("IncidentDetail");

const representMessage = (message: Message): z.infer<typeof messageSchema> => ({
  title: message.title,
  summary: message.summary,
  facts: message.facts.map(({ label, value }) => ({ label, value })),
  services: message.services.map((service) => ({ id: service.id, name: service.name, state: service.state })),
  services_total: message.servicesTotal,
});

const sentAt = ({ state: of, endedAtMs }: Pick<Delivery, "state" | "endedAtMs">): string | null =>
  of === "sent" ? isoTimeOrNull(endedAtMs) : null;

const representBrief = (one: DeliveryBrief): z.infer<typeof briefSchema> => ({
  id: one.id,
  channel_id: one.channelId,
  channel: one.channel,
  action: one.action as "event",
  state: one.state,
  attempts: one.attempts,
  last_status: one.lastStatus,
  sent_at: sentAt(one),
  replay: one.replay,
});

export const representDelivery = (delivery: Delivery): z.infer<typeof deliverySchema> => ({
  id: delivery.id,
  channel_id: delivery.channelId,
  channel: delivery.channel,
  channel_kind: delivery.channelKind,
  action: delivery.action as "event",
  kind: delivery.kind as z.infer<typeof kind>,
  severity: delivery.severity as z.infer<typeof severity>,
  incident_id: delivery.incidentId,
  state: delivery.state,
  attempts: delivery.attempts,
  next_attempt_at: delivery.state === "pending" ? isoTime(delivery.nextAtMs) : null,
  last_status: delivery.lastStatus,
  created_at: isoTime(delivery.createdAtMs),
  sent_at: sentAt(delivery),
  ended_at: isoTimeOrNull(delivery.endedAtMs),
  replay: delivery.replay,
  message: delivery.message === null ? null : representMessage(delivery.message),
});

const representFields = (one: Notification): z.infer<typeof notificationFields> => {
  const urgency = severityOf(one.kind, one.facts);
  const { title, summary, facts, ids } = boundedMessage(
    singleMessage([one], { kind: one.kind, severity: urgency, action: "event", thread: one.subject }, null),
  );
  return {
    id: one.id,
    kind: one.kind,
    severity: urgency,
    service_id: one.serviceId,
    storm_id: one.stormId,
    title,
    summary,
    facts: facts.map(({ label, value }) => ({ label, value })),
    occurred_at: isoTime(one.occurredAtMs),
    ids: { ...ids },
  };
};

export const representNotification = (one: Told<DeliveryBrief>): z.infer<typeof notificationSchema> => ({
  ...representFields(one),
  deliveries: one.deliveries.map(representBrief),
});

export const representTold = (one: Told<Delivery>): z.infer<typeof notificationDetailSchema> => ({
  ...representFields(one),
  deliveries: one.deliveries.map(representDelivery),
});

export const representIncident = (incident: IncidentRow): z.infer<typeof incidentSchema> => ({
  id: incident.id,
  cdn: incident.cdn,
  kind: incident.kind,
  state: incident.endedAtMs === null ? "open" : "ended",
  started_at: isoTime(incident.startedAtMs),
  last_edge_at: isoTime(incident.lastEdgeAtMs),
  ended_at: isoTimeOrNull(incident.endedAtMs),
  customers: incident.customers,
  services: incident.total,
  failing: incident.failing,
  recovering: incident.recovering,
  on_backup: incident.onBackup,
  held: incident.held,
  backups_down: incident.backupsDown,
});

export const representMember = (member: IncidentMember): z.infer<typeof incidentDetailSchema>["members"][number] => ({
  service_id: member.id,
  customer_id: member.customerId,
  name: member.name,
  storm_id: member.stormId === 0 ? null : member.stormId,
  storm: member.storm,
  routing: member.state,
  reason: member.reason,
  joined_at: isoTime(member.joinedAtMs),
  left_at: isoTimeOrNull(member.leftAtMs),
});
