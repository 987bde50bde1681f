import { rfc3339 } from "../platform/calendar.ts";
import type { Message } from "./message.ts";
import { linkOf, rowsOf } from "./parts.ts";
import { visible } from "./visible.ts";

/** The service that it is about, where it is about one; it may be named among the figures only. */
const sourceOf = ({ services: [first], servicesTotal, facts }: Message): string => {
  const name = first?.name ?? facts.find(({ label }) => label === "Service")?.value ?? "";
  return servicesTotal === 1 && name !== "" ? name : "tranche";
};

/**
 * An event of PagerDuty's Events API v2, without its routing key. What is complete by itself opens an alert like any trigger:
 * PagerDuty knows nothing of events that nobody has to close.
 */
export const renderPagerduty = (message: Message, baseUrl: string | null) => {
  const link = linkOf(message, baseUrl);
  return {
    event_action: message.action === "resolve" ? ("resolve" as const) : ("trigger" as const),
    dedup_key: visible(message.thread, 255),
    payload: {
      summary: visible(message.title, 1_024),
      source: sourceOf(message),
      severity: message.severity,
      timestamp: rfc3339(message.occurredAtMs),
      class: message.kind,
      ...(message.customer !== null && { group: message.customer }),
      custom_details: {
        summary: message.summary,
        ...Object.fromEntries(rowsOf(message).map(({ label, value }) => [label, value])),
        ...(message.services.length > 0 && {
          services: message.services.map(({ name, state }) => `${name}: ${state}`),
          services_total: message.servicesTotal,
        }),
        ...message.ids,
      },
    },
    client: "tranche",
    ...(link !== null && { client_url: link, links: [{ href: link, text: "Details" }] }),
  };
};
