import type { Incident, IncidentChanges, Notification } from "./incident.ts";
import type { Effect, NotificationKind } from "./kinds.ts";
import { isAtLeast, isBoundToIncident, notificationKinds, severityOf } from "./kinds.ts";
import type { Plan, Thread } from "./plan-thread.ts";
import { composing } from "./plan-thread.ts";
import type { Subscriber } from "./subscription.ts";
import { isFor, wants } from "./subscription.ts";

export type { NewDelivery, Plan, Thread } from "./plan-thread.ts";

/** Whose an incident is, and of which kind. */
export type KnownIncident = Pick<Incident, "customerId" | "kind">;

/** The thread of what belongs to no incident. */
export const threadOf = ({ customerId, subject }: Pick<Notification, "customerId" | "subject">): string =>
  customerId === null ? `operator:${subject}` : `customer:${customerId}:${subject}`;

/** Plans the messages of one channel. */
const planChannel = (
  channel: Subscriber,
  news: readonly Notification[],
  incidents: IncidentChanges,
  known: ReadonlyMap<number, KnownIncident>,
  threads: ReadonlyMap<string, Thread>,
  nowMs: number,
): Plan => {
  const { stateOf, make, update, close, event, planned } = composing(channel.channelId, threads, nowMs);

  const tell = (one: Notification, thread: string, effect: Effect, incidentId: number | null): void => {
    const severity = severityOf(one.kind, one.facts);
    const wanted = wants(channel, one, severity);
    const state = stateOf(thread);
    if (state.open) {
      // What was opened here is closed here, whatever the channel wants otherwise.
      if (effect === "close") return close(state, thread, one, severity, incidentId);
      if (wanted) update(state, thread, one, severity, incidentId);
      return;
    }
    if (!wanted) return;
    if (effect === "open" || (effect === "more" && incidentId !== null)) {
      if (effect === "open" || isAtLeast(severity, "warning")) make(state, thread, "trigger", one, severity, incidentId, nowMs);
      return;
    }
    if (incidentId === null) event(state, thread, one, severity);
  };

  const lastOf = new Map<number, Notification>();
  for (const one of news) {
    if (!isFor(channel, one)) continue;
    const own = (incidents.of.get(one.id) ?? []).filter((id) => known.get(id)?.customerId === channel.customerId);
    if (own.length === 0) {
      // The installation's people hear of a customer's services by incidents alone.
      if (channel.customerId === null && one.customerId !== null && incidents.of.has(one.id)) continue;
      if (isBoundToIncident(one.kind)) continue;
      tell(one, threadOf(one), notificationKinds[one.kind].effect, null);
      continue;
    }
    for (const id of own) {
      lastOf.set(id, one);
      const { effect } = notificationKinds[one.kind];
      tell(one, `incident:${id}`, effect === "open" ? "open" : "more", id);
    }
  }
  for (const id of incidents.ended) {
    if (known.get(id)?.customerId !== channel.customerId) continue;
    const thread = `incident:${id}`;
    const state = stateOf(thread);
    if (!state.open) continue;
    const last = lastOf.get(id);
    const kind: NotificationKind = known.get(id)?.kind === "backup" ? "backup.up" : "storm.ended";
    // Where nothing new was heard of it: by the latest that is known.
    const by = last ?? {
      id: 0,
      customerId: channel.customerId,
      serviceId: null,
      stormId: null,
      kind,
      subject: "",
      facts: {},
      occurredAtMs: nowMs,
    };
    close(state, thread, { ...by, kind }, "info", id);
  }
  return planned();
};

/**
 * Which messages come of news. A change opens, changes or closes a thread of each channel that wants it; in an incident one
 * trigger, folded updates and one resolve stand for everything that happens to all of its services. What is opened on a channel is
 * closed on it. Deterministic, and the same news planned again after it was stored changes nothing, for it is news only once.
 * @param threads of these channels that the news may belong to
 */
export const planDeliveries = (
  news: readonly Notification[],
  channels: readonly Subscriber[],
  incidents: IncidentChanges,
  known: ReadonlyMap<number, KnownIncident>,
  threads: readonly Thread[],
  nowMs: number,
): Plan => {
  const byChannel = Map.groupBy(threads, ({ channelId }) => channelId);
  const plans = channels.map((channel) =>
    planChannel(
      channel,
      news,
      incidents,
      known,
      new Map((byChannel.get(channel.channelId) ?? []).map((thread) => [thread.thread, thread])),
      nowMs,
    ),
  );
  return {
    made: plans.flatMap(({ made }) => made),
    absorbed: plans.flatMap((plan) => plan.absorbed),
    folded: plans.flatMap((plan) => plan.folded),
  };
};
