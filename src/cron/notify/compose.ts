import type { Claimed } from "../../adapters/ports/notify/outbox.ts";
import { incidentMessage } from "../../domain/notify/incident-message.ts";
import type { Message } from "../../domain/notify/message.ts";
import { boundedMessage } from "../../domain/notify/bounded-message.ts";
import { singleMessage } from "../../domain/notify/single-message.ts";

/**
 * What a claimed message says, from what is known now; it is stored before it is sent.
 * @returns null where nothing is known any more of what it was to tell
 */
export const compose = (claimed: Claimed, nowMs: number): Message | null => {
  const { incident, told, customer } = claimed;
  if (incident !== null) {
    const occurredAtMs = told.at(-1)?.occurredAtMs ?? nowMs;
    return boundedMessage(incidentMessage(incident, { ...claimed, occurredAtMs }, incident.customerId === null ? null : customer, nowMs));
  }
  const [first, ...rest] = told;
  return first === undefined ? null : boundedMessage(singleMessage([first, ...rest], claimed, customer));
};
