import { createOutbox } from "../../../../src/adapters/db/notify/deliveries.ts";
import type { IncidentChanges, Notification } from "../../../../src/domain/notify/incident.ts";
import type { FencedWrite, World } from "./cases.ts";
import { nowMs } from "./tenant.ts";

const id = async ({ sql }: World, text: string, ...params: readonly unknown[]): Promise<number> =>
  Number((await sql<{ id: string }>(`${text} returning id`, params))[0]?.id);

/** A channel, and a message of it. @param more of the message */
const message = async (
  world: World,
  more = "next_at",
  value = "now() - interval '1 year'",
): Promise<{ channelId: number; notificationId: number; deliveryId: number }> => {
  const { customer } = world.tenant;
  const channelId = await id(
    world,
    "insert into channels (customer_id, name, kind, settings, sealed_secret, confirmed_at) values ($1, 'hook', 'webhook', '{}', 'x', now())",
    customer,
  );
  const notificationId = await id(
    world,
    "insert into notifications (customer_id, kind, subject, facts, occurred_at) values ($1, 'token.created', 'token:1', '{}', now())",
    customer,
  );
  const columns = more === "next_at" ? "next_at" : `next_at, ${more}`;
  const values = more === "next_at" ? value : `now() - interval '1 year', ${value}`;
  const deliveryId = await id(
    world,
    `insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, ${columns})
    values ($1, 't', 1, 'event', 'token.created', 'info', $2, $2, ${values})`,
    channelId,
    notificationId,
  );
  return { channelId, notificationId, deliveryId };
};

const noIncidents: IncidentChanges = { opened: [], joined: [], touched: new Map(), reopened: new Set(), ended: new Set(), of: new Map() };

/** What the delivery job writes. Of a claim the good fence's is the first: its epoch is 1. */
export const told: readonly FencedWrite[] = [
  {
    method: "outbox.noteExpired",
    what: "an override, a freeze and a channel that are over",
    refused: 0,
    writes: ["deliveries", "notifications", "service_routing"],
    prepare: async (world) => {
      const { channelId } = await message(world);
      await world.sql("update channels set disabled_at = now() where id = $1", [channelId]);
      await world.sql(
        "insert into service_routing (service_id, override_mode, override_until, override_set_at) values ($1, 'backup', $2, now())",
        [world.tenant.service, new Date(nowMs - 1)],
      );
      return (fence) => createOutbox(world.db).noteExpired(fence, nowMs);
    },
  },
  {
    method: "outbox.save",
    what: "messages and an incident",
    refused: false,
    writes: ["deliveries", "incident_services", "incidents", "notifications"],
    prepare: async (world) => {
      const { channelId, notificationId } = await message(world);
      const [row] = await world.sql<{ next: string }>("select nextval(pg_get_serial_sequence('incidents', 'id')) as next");
      const { customer, service, name } = world.tenant;
      const news: Notification = {
        id: notificationId,
        customerId: customer,
        serviceId: service,
        stormId: null,
        kind: "token.created",
        subject: "token:1",
        facts: {},
        occurredAtMs: nowMs,
      };
      const incident = {
        id: Number(row?.next),
        customerId: customer,
        cdn: name,
        kind: "backup",
        lastEdgeAtMs: nowMs,
        endedAtMs: null,
        unfinished: 0,
      } as const;
      return (fence) =>
        createOutbox(world.db).save(
          fence,
          [news],
          {
            ...noIncidents,
            opened: [incident],
            joined: [{ incidentId: incident.id, serviceId: service, stormId: 0, atMs: nowMs }],
            touched: new Map([[incident.id, nowMs]]),
            ended: new Set([incident.id]),
          },
          {
            made: [
              {
                channelId,
                thread: "t",
                seq: 2,
                action: "event",
                kind: "token.created",
                severity: "info",
                notificationId,
                firstNotificationId: notificationId,
                incidentId: null,
                nextAtMs: nowMs,
              },
            ],
            absorbed: [],
            folded: [],
          },
          nowMs,
        );
    },
  },
  {
    method: "outbox.claim",
    what: "a message that is due",
    refused: [],
    writes: ["deliveries"],
    prepare: async (world) => {
      await message(world);
      return (fence) =>
        createOutbox(world.db).claim(fence, { kinds: ["webhook"], limit: 10, perCustomer: 10, busy: [], claimMs: 60_000 }, nowMs);
    },
  },
  {
    method: "outbox.freeze",
    what: "what a claimed message says",
    refused: [],
    writes: ["deliveries"],
    prepare: async (world) => {
      const { deliveryId } = await message(world, "claimed_epoch", "1");
      return (fence) => createOutbox(world.db).freeze(fence, [{ id: deliveryId, message: {} as never }]);
    },
  },
  {
    method: "outbox.record",
    what: "what became of an attempt",
    refused: undefined,
    writes: ["channels", "deliveries"],
    prepare: async (world) => {
      const { deliveryId, channelId } = await message(world, "claimed_epoch", "1");
      return (fence) =>
        createOutbox(world.db).record(
          fence,
          [{ id: deliveryId, channelId, result: "sent", detail: "200", nextAtMs: null, pausedUntilMs: null }],
          nowMs,
        );
    },
  },
];
