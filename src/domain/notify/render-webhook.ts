import { rfc3339 } from "../platform/calendar.ts";
import type { Message } from "./message.ts";
import { linkOf } from "./parts.ts";

/** The body of a webhook, in the structure that Standard Webhooks recommends: `timestamp` is when it happened, not when it is sent. */
export const renderWebhook = (message: Message, baseUrl: string | null) => ({
  type: message.kind,
  timestamp: rfc3339(message.occurredAtMs),
  data: {
    action: message.action,
    severity: message.severity,
    thread: message.thread,
    title: message.title,
    summary: message.summary,
    facts: message.facts.map(({ label, value }) => ({ label, value })),
    services: message.services.map(({ id, name, state }) => ({ id, name, state })),
    services_total: message.servicesTotal,
    started_at: message.startedAtMs === null ? null : rfc3339(message.startedAtMs),
    customer: message.customer,
    ids: message.ids,
    url: linkOf(message, baseUrl),
  },
});
