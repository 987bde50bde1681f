import { z } from "@hono/zod-openapi";
import type { ChannelKind, ChannelSecret } from "../../adapters/ports/notify/channel.ts";
import { channelKinds } from "../../adapters/ports/notify/channel.ts";
import type { ChannelSettings, NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import { judgeTarget } from "../../domain/notify/channel-target.ts";
import type { ChannelTarget } from "../../domain/notify/channel-target.ts";
import type { NotificationKind } from "../../domain/notify/kinds.ts";
import { kindNames, severities } from "../../domain/notify/kinds.ts";
import { AppError } from "../../errors.ts";
import { id, label, like, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { nonEmpty, together } from "../schemas.ts";

export const kind = z.enum(kindNames as [NotificationKind, ...NotificationKind[]]).openapi({ example: "storm.started" });
export const severity = z.enum(severities).openapi({ example: "warning" });

const kinds = z.array(kind).min(1).max(kindNames.length).nullable().openapi({
  example: null,
  description: "which kinds; null: all. What was opened on a channel is closed on it as well",
});
const minSeverity = severity.openapi({
  example: "info",
  description: "how urgent at least; what was opened on a channel is closed on it as well",
});
const serviceIds = z
  .array(z.int().min(1).max(Number.MAX_SAFE_INTEGER))
  .min(1)
  .max(500)
  .nullable()
  .openapi({ example: null, description: "of which services; null: of all, and what concerns none" });

const url = z
  .string()
  .min(1)
  .max(2_000)
  .openapi({
    writeOnly: true,
    pattern: String.raw`^[Hh][Tt][Tt][Pp][Ss]?://[^/#\s\\][^#\s\\]*$`,
    example: "https://hooks.example.com/tranche",
    description: "of `webhook` and `slack`: where messages are posted; https, a public host. Never shown again: it may hold a key",
  });
const routingKey = z.string().min(1).max(100).openapi({
  writeOnly: true,
  pattern: "^[A-Za-z0-9]{32}$",
  example: "0123456789abcdef0123456789abcdef",
  description: "of `pagerduty`: the integration key of Events API v2. Never shown again",
});
const region = z.enum(["us", "eu"]).openapi({ example: "us", description: "of `pagerduty`: where its account is" });
const to = z
  .array(
    z
      .string()
      .min(3)
      .max(254)
      .regex(/^[\x21-\x7e]+$/, "must be visible ASCII characters")
      .openapi({ pattern: String.raw`^[\x21-\x7e]+@[\x21-\x7e]+$` }),
  )
  .min(1)
  .max(10)
  .openapi({
    uniqueItems: true,
    example: ["sre@example.com"],
    description: "of `email`: who gets it. They are sent a code, and nothing else until it is given (`POST .../confirm`)",
  });

export const channelSchema = z
  .object({
    id,
    name: like(z.string(), "on call"),
    kind: z.enum(channelKinds).openapi({ example: "webhook" }),
    settings: z
      .object({ host: z.string().optional(), region: region.optional(), to: z.array(z.string()).optional() })
      .openapi({ example: { host: "hooks.example.com" }, description: "how it is reached, as far as that is no secret" }),
    kinds,
    min_severity: minSeverity,
    service_ids: serviceIds,
    state: z.enum(["active", "unconfirmed", "paused", "disabled"]).openapi({
      example: "active",
      description:
        "`unconfirmed`: its recipients have not agreed; `paused`: too many attempts failed, and one at a time is made; `disabled`: nothing is sent",
    }),
    disabled_reason: like(z.string().nullable(), null).openapi({ description: "`gone`: the receiver answered that it wants no more" }),
    failures: like(z.int(), 0).openapi({ description: "failed attempts in a row" }),
    paused_until: like(timeText.nullable(), null),
    last_sent_at: timeText.nullable(),
    last_error: like(z.string().nullable(), null),
    last_error_at: like(timeText.nullable(), null),
    created_at: timeText,
    updated_at: timeText,
  })
  .openapi("Channel");

export const newChannelSchema = channelSchema
  .extend({
    secret: z.string().optional().openapi({
      example: "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
      description: "of `webhook`: what signs its messages (Standard Webhooks); shown this once",
    }),
  })
  .openapi("NewChannel");

const target = { url: url.optional(), routing_key: routingKey.optional(), region: region.optional(), to: to.optional() };

/** As properties of a schema: no field of a target but these. */
const noneBut = (...own: readonly (keyof typeof target)[]): Readonly<Record<string, false>> =>
  Object.fromEntries(
    (Object.keys(target) as (keyof typeof target)[]).filter((field) => !own.includes(field)).map((field) => [field, false]),
  );

const common = {
  name: label(100).openapi({ example: "on call" }),
  kinds: kinds.default(null),
  min_severity: minSeverity.default("info"),
  service_ids: serviceIds.default(null),
};

export const channelInput = z
  .strictObject({ ...common, kind: z.enum(channelKinds).openapi({ example: "webhook" }), ...target })
  .openapi(
    together({
      where: { properties: { kind: { const: "email" } } },
      must: { required: ["to"], properties: noneBut("to") },
      otherwise: {
        where: { properties: { kind: { const: "pagerduty" } } },
        must: { required: ["routing_key"], properties: noneBut("routing_key", "region") },
        otherwise: { required: ["url"], properties: noneBut("url") },
      },
    }),
  )
  .openapi("ChannelInput", {
    example: { name: "on call", kind: "webhook", url: "https://hooks.example.com/tranche", min_severity: "warning" },
  });

export const channelPatch = nonEmpty(
  z
    .strictObject({
      name: common.name,
      kinds,
      min_severity: minSeverity,
      service_ids: serviceIds,
      ...target,
      enabled: z.boolean().openapi({ example: true, description: "false: nothing is sent, and what waits is dropped" }),
    })
    .partial(),
)
  .openapi(
    together({
      dependentRequired: { region: ["routing_key"] },
      dependentSchemas: {
        url: { properties: noneBut("url") },
        routing_key: { properties: noneBut("routing_key", "region") },
        to: { properties: noneBut("to") },
      },
    }),
  )
  .openapi("ChannelPatch", { example: { min_severity: "critical" } });

type Given = { readonly [Field in keyof typeof target]?: z.infer<(typeof target)[Field]> | undefined };

/** Which fields of a target each kind has; the first is what it can not be without. */
const fieldsOf: Readonly<Record<ChannelKind, readonly (keyof Given)[]>> = {
  webhook: ["url"],
  slack: ["url"],
  pagerduty: ["routing_key", "region"],
  email: ["to"],
};

const refuse = (pointer: string, detail: string): never => {
  throw new AppError("bad_request", "the body is not valid", { fields: [{ pointer: `/${pointer}`, detail }] });
};

const targetOf = (channelKind: ChannelKind, given: Given): ChannelTarget => {
  const own = fieldsOf[channelKind];
  for (const field of Object.keys(target) as (keyof Given)[]) {
    if (given[field] !== undefined && !own.includes(field)) refuse(field, `is not of the kind ${channelKind}`);
  }
  const [first = "url"] = own;
  if (given[first] === undefined) refuse(first, `is required for ${channelKind}`);
  switch (channelKind) {
    case "webhook":
    case "slack":
      return { kind: channelKind, url: given.url ?? "" };
    case "pagerduty":
      return { kind: channelKind, routingKey: given.routing_key ?? "", region: given.region ?? "us" };
    case "email":
      return { kind: channelKind, to: given.to ?? [] };
  }
};

/** Whether a body says how to reach a channel. */
export const hasTarget = (given: Given): boolean => Object.keys(target).some((field) => given[field as keyof Given] !== undefined);

/**
 * How a channel is reached, judged, with what may be shown of it.
 * @param secrets of a webhook, those that sign
 * @throws AppError `bad_request` at the field that is wrong
 */
export const reach = (
  channelKind: ChannelKind,
  given: Given,
  secrets: readonly string[],
  allowPrivate: boolean,
): { readonly secret: ChannelSecret; readonly settings: ChannelSettings } => {
  const judged = judgeTarget(targetOf(channelKind, given), allowPrivate);
  if (!judged.ok) return refuse(judged.field, judged.detail);
  const { target: found } = judged;
  switch (found.kind) {
    case "webhook":
      return { secret: { ...found, kind: "webhook", secrets }, settings: { host: new URL(found.url).host } };
    case "slack":
      return { secret: { ...found, kind: "slack" }, settings: { host: new URL(found.url).host } };
    case "pagerduty":
      return { secret: found, settings: { region: found.region } };
    case "email":
      return { secret: found, settings: { to: found.to } };
  }
};

/** Whether messages are sent by a channel, and if not why. */
export const channelStateOf = (
  { confirmedAtMs, disabledAtMs, pausedUntilMs }: NotificationChannel,
  nowMs: number,
): z.infer<typeof channelSchema>["state"] => {
  if (disabledAtMs !== null) return "disabled";
  if (confirmedAtMs === null) return "unconfirmed";
  return pausedUntilMs !== null && pausedUntilMs > nowMs ? "paused" : "active";
};

export const representChannel = (channel: NotificationChannel, nowMs: number): z.infer<typeof channelSchema> => ({
  id: channel.id,
  name: channel.name,
  kind: channel.kind,
  settings: channel.settings as z.infer<typeof channelSchema>["settings"],
  kinds: channel.kinds === null ? null : [...channel.kinds],
  min_severity: channel.minSeverity,
  service_ids: channel.serviceIds === null ? null : [...channel.serviceIds],
  state: channelStateOf(channel, nowMs),
  disabled_reason: channel.disabledReason,
  failures: channel.failures,
  paused_until: isoTimeOrNull(channel.pausedUntilMs),
  last_sent_at: isoTimeOrNull(channel.lastSentAtMs),
  last_error: channel.lastError,
  last_error_at: isoTimeOrNull(channel.lastErrorAtMs),
  created_at: isoTime(channel.createdAtMs),
  updated_at: isoTime(channel.updatedAtMs),
});
