import type { Incident, IncidentKind, Notification } from "../../../domain/notify/incident.ts";
import type { IncidentService, IncidentView } from "../../../domain/notify/incident-message.ts";
import type { Message } from "../../../domain/notify/message.ts";
import type { Change, Page, Paged } from "../tenants/change.ts";
import type { ChannelKind } from "./channel.ts";

/** A message to one channel, and what became of it. */
export type Delivery = {
  readonly id: number;
  readonly channelId: number;
  readonly channel: string;
  readonly channelKind: ChannelKind;
  readonly action: string;
  readonly kind: string;
  readonly severity: string;
  readonly incidentId: number | null;
  readonly state: "pending" | "sent" | "dead" | "folded" | "dropped";
  readonly attempts: number;
  readonly nextAtMs: number;
  readonly lastStatus: string | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  readonly replay: boolean;
  /** Null: not tried yet. */
  readonly message: Message | null;
};

export type NotificationFilter = { readonly kind?: string | undefined; readonly serviceId?: number | undefined; readonly fromMs?: number | undefined; readonly toMs?: number | undefined };
export type IncidentFilter = { readonly open?: boolean | undefined; readonly cdn?: string | undefined; readonly fromMs?: number | undefined; readonly toMs?: number | undefined };

/** A row of a list of incidents, with counts as they are now. */
export type IncidentRow = Omit<IncidentView, "services"> & { readonly kind: IncidentKind; readonly lastEdgeAtMs: Incident["lastEdgeAtMs"] };

/** What was told, and what became of it; of a customer, or (null) of the operator. Lists are newest first. */
export interface NotifyHistory {
  notifications(customerId: number | null, filter: NotificationFilter, page: Page): Promise<readonly Paged<Notification>[]>;
  /** With the messages that told of it on channels of the same owner. */
  notification(customerId: number | null, id: number): Promise<{ readonly notification: Notification; readonly deliveries: readonly Delivery[] } | null>;
  /** Sends the messages that told of it once more, as they were, to the channels that are still there. @returns how many; null: there is no such notification */
  replay(customerId: number | null, id: number, change: Change): Promise<readonly Delivery[] | null>;
  /** @returns null where there is no such channel */
  deliveries(customerId: number | null, channelId: number, page: Page): Promise<readonly Paged<Delivery>[] | null>;
  incidents(customerId: number | null, filter: IncidentFilter, page: Page): Promise<readonly Paged<IncidentRow>[]>;
  /** With a page of its services by their ids, and the latest messages of it on channels of the same owner. */
  incident(customerId: number | null, id: number, afterServiceId: number | null): Promise<{
    readonly incident: IncidentRow;
    readonly services: readonly Paged<IncidentService & { readonly joinedAtMs: number; readonly leftAtMs: number | null; readonly stormId: number }>[];
    readonly deliveries: readonly Delivery[];
  } | null>;
}
