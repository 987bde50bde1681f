import type { IncidentChanges, Notification, Surroundings } from "../../../domain/notify/incident.ts";
import type { IncidentView } from "../../../domain/notify/incident-message.ts";
import type { NotificationKind, Severity } from "../../../domain/notify/kinds.ts";
import type { Action, Message } from "../../../domain/notify/message.ts";
import type { Plan, Thread } from "../../../domain/notify/thread.ts";
import type { Subscriber } from "../../../domain/notify/subscription.ts";
import type { Fence } from "../coordination/lease.ts";
import type { ChannelKind } from "./channel.ts";

/** What is new in the outbox, with all that its messages are decided by. */
export type News = {
  readonly notifications: readonly Notification[];
  readonly surroundings: Surroundings;
  /** Free ids for incidents: enough for these notifications. */
  readonly incidentIds: readonly number[];
  readonly channels: readonly Subscriber[];
  readonly threads: readonly Thread[];
};

/** A message that is being sent by whoever claimed it. */
export type Claimed = {
  readonly id: number;
  readonly channelId: number;
  readonly channelKind: ChannelKind;
  readonly sealedSecret: string;
  /** Of the channel: null is the operator's. */
  readonly customerId: number | null;
  readonly thread: string;
  readonly action: Action;
  readonly kind: NotificationKind;
  readonly severity: Severity;
  /** Failed so far. */
  readonly attempts: number;
  /** Failures of its channel in a row. */
  readonly channelFailures: number;
  /** Null: not composed yet, and then one of these tells what it is about. */
  readonly message: Message | null;
  readonly incident: IncidentView | null;
  readonly told: readonly Notification[];
  /** Name of the customer of whom it is, for the operator's channels. */
  readonly customer: string | null;
};

/** How many messages are taken. */
export type ClaimTerms = {
  readonly kinds: readonly ChannelKind[];
  readonly limit: number;
  /** How many of one customer may be under way at once, of one channel likewise: half of that after each failure in a row, and at least one. */
  readonly perCustomer: number;
  /** Those that are under way. */
  readonly busy: readonly { readonly channelId: number; readonly customerId: number | null }[];
  /** For how long they are nobody else's. */
  readonly claimMs: number;
};

/** What a message says. */
export type Composed = { readonly id: number; readonly message: Message };

/** What became of an attempt. */
export type Attempt = {
  readonly id: number;
  readonly channelId: number;
  readonly result: "sent" | "failed" | "dead" | "gone";
  /** A few words of the receiver, or of what went wrong. */
  readonly detail: string;
  /** Of `failed`: when it is tried again. */
  readonly nextAtMs: number | null;
  /** Of `failed`: recipients that are left, where others were given it; the channel works. */
  readonly left?: readonly string[];
  /** Of `failed`: until when nothing else is sent to the channel, null: its circuit is closed. */
  readonly pausedUntilMs: number | null;
};

/** The outbox and its messages. Whoever has the lease of the job writes; each call is one round trip, one of `claim` two. */
export interface Outbox {
  /** Writes a notification for each override and freeze that has run out by now. @returns how many */
  noteExpired(fence: Fence, nowMs: number): Promise<number>;
  /** The oldest notifications whose messages are not decided, at most `limit`, with what they are decided by. */
  news(limit: number, nowMs: number): Promise<News>;
  /** Stores what was decided. @returns false: the lease is lost, and nothing was stored */
  save(fence: Fence, news: readonly Notification[], incidents: IncidentChanges, plan: Plan, nowMs: number): Promise<boolean>;
  /** Takes messages to be sent now: of each thread the first alone, of the customers in turn those that are due. */
  claim(fence: Fence, terms: ClaimTerms, nowMs: number): Promise<readonly Claimed[]>;
  /** Stores what claimed messages say, before they are sent. @returns those that are still claimed under this lease, as every attempt will read them */
  freeze(fence: Fence, messages: readonly Composed[]): Promise<readonly Composed[]>;
  /** Stores what became of attempts; of messages that are not claimed under this lease any more nothing. */
  record(fence: Fence, attempts: readonly Attempt[], nowMs: number): Promise<void>;
  /** When the next message is due that these kinds of channels can be sent; null: none waits. Past: now. */
  nextDueMs(kinds: readonly ChannelKind[], nowMs: number): Promise<number | null>;
}
