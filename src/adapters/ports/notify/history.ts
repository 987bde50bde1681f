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

/** A delivery as a list of notifications tells of it. */
export type DeliveryBrief = Pick<
  Delivery,
  "id" | "channelId" | "channel" | "action" | "state" | "attempts" | "lastStatus" | "endedAtMs" | "replay"
>;

/** What happened, and the messages that told of it. */
export type Told<D> = Notification & { readonly deliveries: readonly D[] };

export type NotificationFilter = {
  readonly kind?: string | undefined;
  readonly serviceId?: number | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
};
export type IncidentFilter = {
  readonly open?: boolean | undefined;
  readonly cdn?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
};

/** A row of a list of incidents, with counts as they are now. */
export type IncidentRow = Omit<IncidentView, "services"> & { readonly kind: IncidentKind; readonly lastEdgeAtMs: Incident["lastEdgeAtMs"] };

/** A service's part in an incident. */
export type IncidentMember = IncidentService & {
  readonly customerId: number;
  readonly joinedAtMs: number;
  readonly leftAtMs: number | null;
  readonly stormId: number;
};

/**
 * What was told, and what became of it; of a customer, or (null) of the operator. Lists are newest first, and tell of messages on
 * channels of the same owner alone.
 */
export interface NotifyHistory {
  notifications(customerId: number | null, filter: NotificationFilter, page: Page): Promise<readonly Paged<Told<DeliveryBrief>>[]>;
  notification(customerId: number | null, id: number): Promise<Told<Delivery> | null>;
  /**
   * Sends what first told of it once more, as it was, to each channel that is still there, or to one.
   * @returns the new messages; null: there is no such notification
   */
  replay(
    customerId: number | null,
    id: number,
    channelId: number | null,
    nowMs: number,
    change: Change,
  ): Promise<readonly Delivery[] | null>;
  /** @returns null where there is no such channel */
  deliveries(customerId: number | null, channelId: number, page: Page): Promise<readonly Paged<Delivery>[] | null>;
  /** Open ones first. `place`: what the next page begins behind. */
  incidents(
    customerId: number | null,
    filter: IncidentFilter,
    page: Page,
  ): Promise<readonly Paged<IncidentRow & { readonly place: number }>[]>;
  /** With a page of its services by their ids, and the latest messages of it on channels of the same owner. */
  incident(
    customerId: number | null,
    id: number,
    afterServiceId: number | null,
  ): Promise<{
    readonly incident: IncidentRow;
    readonly services: readonly Paged<IncidentMember>[];
    readonly deliveries: readonly Delivery[];
  } | null>;
}
