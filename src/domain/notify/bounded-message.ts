import type { Message } from "./message.ts";
import { visible } from "./visible.ts";

/** What a path of our own is made of: nothing that would end a link in any markup. */
const pathForm = /^\/[A-Za-z0-9/_.~?=&%-]{0,500}$/;

/** The message within the bounds that `Message` names, whatever is in it: what every channel is handed. Twice is as once. */
export const boundedMessage = (message: Message): Message => ({
  ...message,
  // PagerDuty's bound of a dedup_key.
  thread: visible(message.thread, 255),
  title: visible(message.title, 150),
  summary: visible(message.summary, 1_000),
  facts: message.facts.slice(0, 12).map(({ label, value }) => ({ label: visible(label, 60), value: visible(value, 300) })),
  services: message.services.slice(0, 20).map(({ id, name, state }) => ({ id, name: visible(name, 255), state: visible(state, 60) })),
  customer: message.customer === null ? null : visible(message.customer, 255),
  path: message.path !== null && pathForm.test(message.path) ? message.path : null,
});
