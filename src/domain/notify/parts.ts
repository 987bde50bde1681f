import { utcText } from "../platform/calendar.ts";
import type { Message } from "./message.ts";

/** What all renderings for people say, in the same words. */

const severityWords = { critical: "Critical", warning: "Warning", info: "Info" } as const;

/** How the matter stands, in one word: what is closed is urgent no more. */
export const standingOf = ({ action, severity }: Message) => (action === "resolve" ? "Resolved" : severityWords[severity]);

export type Row = { readonly label: string; readonly value: string };

/** Figures and times, in the order in which they are read. */
export const rowsOf = ({ customer, facts, occurredAtMs, startedAtMs }: Message): readonly Row[] => [
  ...(customer === null ? [] : [{ label: "Customer", value: customer }]),
  ...facts,
  ...(startedAtMs === null || startedAtMs === occurredAtMs ? [] : [{ label: "Began", value: utcText(startedAtMs) }]),
  { label: "Time", value: utcText(occurredAtMs) },
];

/** Over the list of services; of those that are not listed it says how many there are. */
export const servicesHeading = ({ services, servicesTotal }: Message): string =>
  servicesTotal > services.length ? `Services (${services.length} of ${servicesTotal})` : "Services";

/** What a program, or somebody who asks about it, knows the message by: `storm.started, service 3, storm 7`. */
export const referenceOf = ({ kind, ids }: Message): string =>
  [kind, ...Object.entries(ids).map(([name, id]) => `${name.replace(/_id$/, "").replaceAll("_", " ")} ${id}`)].join(", ");

/** Where the API tells more. @param baseUrl of this installation, as an origin; null: it does not know its own */
export const linkOf = ({ path }: Message, baseUrl: string | null): string | null =>
  path === null || baseUrl === null ? null : `${baseUrl.replace(/\/+$/, "")}${path}`;
