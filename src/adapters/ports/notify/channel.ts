import type { Message } from "../../../domain/notify/message.ts";
import type { Budget } from "../platform/budget.ts";

export const channelKinds = ["webhook", "slack", "pagerduty", "email"] as const;
export type ChannelKind = (typeof channelKinds)[number];

/**
 * How a channel is reached, opened. What is in it is secret as a whole: an address may carry a key.
 * `webhook.secrets`: those that sign, `whsec_` and base64, the newest first; two while they are rotated.
 */
export type ChannelSecret =
  | { readonly kind: "webhook"; readonly url: string; readonly secrets: readonly string[] }
  | { readonly kind: "slack"; readonly url: string }
  | { readonly kind: "pagerduty"; readonly routingKey: string; readonly region: "us" | "eu" }
  | { readonly kind: "email"; readonly to: readonly string[] };

/** What became of one attempt. `detail`: a status or a few words of the receiver, at most 200 characters, without secrets. */
export type SendOutcome =
  | { readonly status: "sent"; readonly detail: string }
  /**
   * Worth another attempt; `retryAfterMs`: when the receiver says, from now on. `left`: recipients of a mail that others were given,
   * who are to be tried again.
   */
  | { readonly status: "failed"; readonly detail: string; readonly retryAfterMs: number | null; readonly left?: readonly string[] }
  /** This message will never be taken. */
  | { readonly status: "refused"; readonly detail: string }
  /** The receiver wants no more of any (HTTP 410, a Slack address that was revoked). */
  | { readonly status: "gone"; readonly detail: string };

/** Sends messages to the outside. */
export interface Channels {
  /** What this runtime can send: without sockets and a mail API, no mail. */
  readonly kinds: readonly ChannelKind[];
  /**
   * One attempt. `id` is the message's, the same for each attempt. Never throws; takes no longer than its budget.
   * @param sentAtMs of this attempt, epoch milliseconds
   */
  send(secret: ChannelSecret, message: Message, id: string, sentAtMs: number, budget: Budget): Promise<SendOutcome>;
}
