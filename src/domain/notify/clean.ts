import type { Message } from "./message.ts";
import { visible } from "./visible.ts";

const title = 150;
const line = 500;
const label = 120;

/** Names and errors come from outside: here every text of a message becomes one visible line of a bounded length. */
export const cleanMessage = (message: Message): Message => ({
  ...message,
  title: visible(message.title, title),
  summary: visible(message.summary, line),
  facts: message.facts.slice(0, 12).map((fact) => ({ label: visible(fact.label, label), value: visible(fact.value, line) })),
  services: message.services.slice(0, 20).map((service) => ({ ...service, name: visible(service.name, label), state: visible(service.state, label) })),
  customer: message.customer === null ? null : visible(message.customer, label),
});
