import type { Notification } from "./incident.ts";
import type { NotificationKind, Severity } from "./kinds.ts";
import { concernsOperator, isAtLeast } from "./kinds.ts";

/** A channel as far as it decides what it is told. */
export type Subscriber = {
  readonly channelId: number;
  /** Null: the operator's. */
  readonly customerId: number | null;
  readonly kinds: readonly NotificationKind[] | null;
  readonly minSeverity: Severity;
  readonly serviceIds: readonly number[] | null;
};

/** Whether a notification may be told on a channel at all. */
export const isFor = (channel: Subscriber, { customerId, kind }: Notification): boolean =>
  channel.customerId === null ? customerId === null || concernsOperator(kind) : channel.customerId === customerId;

/** Whether a channel wants to be told of it. */
export const wants = (channel: Subscriber, { kind, serviceId }: Notification, severity: Severity): boolean =>
  (channel.kinds === null || channel.kinds.includes(kind)) &&
  isAtLeast(severity, channel.minSeverity) &&
  (channel.serviceIds === null || (serviceId !== null && channel.serviceIds.includes(serviceId)));
