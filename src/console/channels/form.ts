import type { z } from "zod";
import type { ChannelKind } from "../../adapters/ports/notify/channel.ts";
import type { NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import { kindNames, severities } from "../../domain/notify/kinds.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { channelInput, channelPatch } from "../../routes/notify/channel-contract.ts";
import { checkFields, formNote, onceField, secretField, selectField, textField } from "../fields.ts";
import { readInput } from "../form.ts";
import type { Form } from "../form.ts";

export const kindTexts: Readonly<Record<ChannelKind, { readonly name: string; readonly says: string }>> = {
  webhook: { name: "Webhook", says: "Signed JSON by POST (Standard Webhooks), to a server of your own." },
  slack: { name: "Slack", says: "An incoming webhook of a Slack channel." },
  pagerduty: { name: "PagerDuty", says: "Events API v2: an incident is opened and resolved." },
  email: { name: "E-mail", says: "Up to ten people, each of whom agrees by a code first." },
};

/** A service to be chosen. */
export type Choice = { readonly id: number; readonly name: string };

const known = ["name", "url", "routing_key", "region", "to", "min_severity", "kinds", "service_ids"];

/** How a channel of the kind is reached. @param isNew whether it has to be said */
const targetFields = (form: Form, kind: ChannelKind, isNew: boolean): Html => {
  const kept = isNew ? "" : " Empty: as it is.";
  switch (kind) {
    case "webhook":
    case "slack": {
      const hint = `https, a host that everybody reaches. Not shown again: it may hold a key.${kept}`;
      return secretField(form, { name: "url", label: "Address", hint, isRequired: isNew });
    }
    case "pagerduty":
      return html`${secretField(form, { name: "routing_key", label: "Integration key", hint: `Of Events API v2. Not shown again.${kept}`, isRequired: isNew })}
${selectField(form, {
  name: "region",
  label: "Region",
  choices: [...(isNew ? [] : [["", "as it is"] as const]), ["us", "United States"], ["eu", "Europe"]],
})}`;
    case "email":
      return textField(form, {
        name: "to",
        label: "To",
        hint: `Addresses, with spaces between them. Each is sent a code, and nothing else until all are given.${kept}`,
        isRequired: isNew,
      });
  }
};

/** The fields of a channel. @param channel the one that is changed; null: a new one */
export const channelForm = (
  form: Form,
  kind: ChannelKind,
  about: { readonly path: string; readonly back: string; readonly services: readonly Choice[]; readonly isNew: boolean },
): Html => html`${formNote(form, about.services.length === 0 ? known.filter((name) => name !== "service_ids") : known)}<form class="card" method="post" action="${about.path}">${onceField(form)}
<input type="hidden" name="kind" value="${kind}">
${textField(form, { name: "name", label: "Name", isRequired: true, isFirst: true })}
${targetFields(form, kind, about.isNew)}
${selectField(form, {
  name: "min_severity",
  label: "How urgent at least",
  choices: [
    ["info", "info: everything"],
    ["warning", "warning: to be looked at"],
    ["critical", "critical: wakes somebody"],
  ],
})}
${checkFields(form, { name: "kinds", label: "Kinds of messages", hint: "None chosen: all.", choices: kindNames.map((name) => [name, name]) })}
${
  about.services.length === 0
    ? nothing
    : checkFields(form, {
        name: "service_ids",
        label: "Services",
        hint: "None chosen: all, and what concerns none.",
        choices: about.services.map(({ id, name }) => [String(id), isolated(name)]),
      })
}
<div class="acts"><button class="main">${about.isNew ? "Create" : "Save"}</button><a class="button" href="${about.back}">Cancel</a></div></form>`;

const listOrNull = <Item>(items: readonly Item[]): readonly Item[] | null => (items.length === 0 ? null : items);

/** What a form says of a channel, as the API takes it; a target that is empty is not given. */
const bodyOf = (fields: URLSearchParams) => {
  const given = (name: string): string | undefined => fields.get(name)?.trim() || undefined;
  const to = (given("to") ?? "").split(/[\s,;]+/).filter((address) => address !== "");
  return {
    name: fields.get("name") ?? "",
    kinds: listOrNull(fields.getAll("kinds")),
    min_severity: given("min_severity") ?? severities[0],
    service_ids: listOrNull(fields.getAll("service_ids").map(Number)),
    ...(given("url") !== undefined && { url: given("url") }),
    ...(given("routing_key") !== undefined && { routing_key: given("routing_key") }),
    ...(given("region") !== undefined && { region: given("region") }),
    ...(to.length > 0 && { to }),
  };
};

/** @throws AppError `bad_request` naming each field */
export const newChannelOf = (fields: URLSearchParams): z.infer<typeof channelInput> =>
  readInput(channelInput, { ...bodyOf(fields), kind: fields.get("kind") });

/**
 * Of PagerDuty the region belongs to a key: without one it is left as it is.
 * @throws AppError `bad_request` naming each field
 */
export const changedChannelOf = (fields: URLSearchParams): z.infer<typeof channelPatch> => {
  const { region, ...body } = bodyOf(fields);
  return readInput(channelPatch, { ...body, ...(region !== undefined && { region }) });
};

/** A channel as its form shows it: all but how it is reached. */
export const fieldsOf = (channel: NotificationChannel): URLSearchParams =>
  new URLSearchParams([
    ["name", channel.name] as [string, string],
    ["min_severity", channel.minSeverity],
    ...(channel.kinds ?? []).map((kind) => ["kinds", kind] as [string, string]),
    ...(channel.serviceIds ?? []).map((id) => ["service_ids", String(id)] as [string, string]),
  ]);
