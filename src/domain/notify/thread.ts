import type { NotificationKind, Severity } from "./kinds.ts";
import type { Action } from "./message.ts";

/** How one thread stands on one channel. */
export type Thread = {
  readonly channelId: number;
  readonly thread: string;
  readonly lastSeq: number;
  /** Whether its last message but updates was a trigger. */
  readonly open: boolean;
  /** The last message, where it is not tried yet: what comes now can still go into it. */
  readonly waiting: {
    readonly deliveryId: number;
    readonly action: Action;
    readonly kind: string;
    readonly severity: Severity;
    readonly nextAtMs: number;
  } | null;
  /** Updates since the trigger; when its last message was made; whether one of them already told of a hold or a failure. */
  readonly updates: number;
  readonly lastAtMs: number;
  readonly escalated: boolean;
  /** Of an incident: whether its end was told once, or is about to be; of an alert of a budget: within `alertAgainMs`. */
  readonly resolved: boolean;
};

/** A message to be made. */
export type NewDelivery = {
  readonly channelId: number;
  readonly thread: string;
  readonly seq: number;
  readonly action: Action;
  readonly kind: NotificationKind;
  readonly severity: Severity;
  readonly notificationId: number;
  readonly firstNotificationId: number;
  readonly incidentId: number | null;
  readonly nextAtMs: number;
};

/** A message that waits and takes in what is new. */
export type Absorbed = {
  readonly deliveryId: number;
  readonly kind: NotificationKind;
  readonly severity: Severity;
  readonly notificationId: number;
  readonly nextAtMs: number;
};

export type Plan = {
  readonly made: readonly NewDelivery[];
  readonly absorbed: readonly Absorbed[];
  /** Messages that are not sent any more: what they would have said is in a later one. */
  readonly folded: readonly number[];
};
