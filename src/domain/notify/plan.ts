import type { Incident, IncidentChanges, Notification } from "./incident.ts";
import { reopenedWithinMs } from "./incident.ts";
import type { Effect, NotificationKind, Severity } from "./kinds.ts";
import { isAtLeast, isBoundToIncident, isOfAlert, notificationKinds, severities, severityOf } from "./kinds.ts";
import type { Action } from "./message.ts";
import { alertLastedMs, eventDelayMs, updateDelayMs } from "./retry.ts";
import type { Subscriber } from "./subscription.ts";
import { isFor, wants } from "./subscription.ts";
import type { Absorbed, NewDelivery, Plan, Thread } from "./thread.ts";

/** Whose an incident is, and of which kind. */
export type KnownIncident = Pick<Incident, "customerId" | "kind">;

/** What cannot wait until the next update is due, once per incident. */
const escalates = (kind: NotificationKind, severity: Severity): boolean =>
  severity === "critical" && (kind === "switch.held" || kind === "switch.failed");

type Waiting = {
  existing: number | null;
  made: NewDelivery | null;
  action: Action;
  kind: NotificationKind;
  severity: Severity;
  nextAtMs: number;
  last: number;
};

type State = {
  lastSeq: number;
  open: boolean;
  waiting: Waiting | null;
  updates: number;
  lastAtMs: number;
  escalated: boolean;
  resolved: boolean;
};

const worse = (a: Severity, b: Severity): Severity => (severities.indexOf(a) >= severities.indexOf(b) ? a : b);

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
  const made: NewDelivery[] = [];
  const absorbed = new Map<number, Absorbed>();
  const folded: number[] = [];
  const states = new Map<string, State>();

  const stateOf = (thread: string): State => {
    const before = states.get(thread);
    if (before !== undefined) return before;
    const stored = threads.get(thread);
    const waiting = stored?.waiting ?? null;
    const state: State = {
      lastSeq: stored?.lastSeq ?? 0,
      open: stored?.open ?? false,
      updates: stored?.updates ?? 0,
      lastAtMs: stored?.lastAtMs ?? Number.NEGATIVE_INFINITY,
      escalated: stored?.escalated ?? false,
      resolved: stored?.resolved ?? false,
      waiting: waiting && {
        existing: waiting.deliveryId,
        made: null,
        action: waiting.action,
        kind: waiting.kind as NotificationKind,
        severity: waiting.severity,
        nextAtMs: waiting.nextAtMs,
        last: 0,
      },
    };
    states.set(thread, state);
    return state;
  };

  const settle = (waiting: Waiting): void => {
    if (waiting.existing !== null) {
      absorbed.set(waiting.existing, {
        deliveryId: waiting.existing,
        kind: waiting.kind,
        severity: waiting.severity,
        notificationId: waiting.last,
        nextAtMs: waiting.nextAtMs,
      });
    } else if (waiting.made !== null) {
      const at = made.indexOf(waiting.made);
      const next = {
        ...waiting.made,
        kind: waiting.kind,
        severity: waiting.severity,
        notificationId: waiting.last,
        nextAtMs: waiting.nextAtMs,
      };
      made[at] = next;
      waiting.made = next;
    }
  };

  const make = (
    state: State,
    thread: string,
    action: Action,
    one: Notification,
    severity: Severity,
    incidentId: number | null,
    nextAtMs: number,
  ): void => {
    state.lastSeq += 1;
    const delivery: NewDelivery = {
      channelId: channel.channelId,
      thread,
      seq: state.lastSeq,
      action,
      kind: one.kind,
      severity,
      notificationId: one.id,
      firstNotificationId: one.id,
      incidentId,
      nextAtMs,
    };
    made.push(delivery);
    state.waiting = { existing: null, made: delivery, action, kind: one.kind, severity, nextAtMs, last: one.id };
    state.lastAtMs = nextAtMs;
    if (action === "trigger") [state.open, state.updates, state.escalated] = [true, 0, false];
    if (action === "update") state.updates += 1;
    if (action === "resolve") [state.open, state.resolved] = [false, true];
  };

  /** Puts the news into the message that waits. */
  const absorb = (waiting: Waiting, one: Notification, severity: Severity, nextAtMs: number): void => {
    // The worst of what it tells gives it its name; of as bad ones the newest.
    if (worse(severity, waiting.severity) === severity) [waiting.kind, waiting.severity] = [one.kind, severity];
    waiting.last = Math.max(waiting.last, one.id);
    waiting.nextAtMs = Math.min(waiting.nextAtMs, nextAtMs);
    settle(waiting);
  };

  const update = (state: State, thread: string, one: Notification, severity: Severity, incidentId: number | null): void => {
    const urgent = incidentId === null || (escalates(one.kind, severity) && !state.escalated);
    if (escalates(one.kind, severity)) state.escalated = true;
    const { waiting } = state;
    if (waiting !== null && (waiting.action === "trigger" || waiting.action === "update")) {
      return absorb(waiting, one, severity, urgent ? nowMs : waiting.nextAtMs);
    }
    make(
      state,
      thread,
      "update",
      one,
      severity,
      incidentId,
      urgent ? nowMs : Math.max(nowMs, state.lastAtMs + updateDelayMs(state.updates)),
    );
  };

  /** Never sent: its number stays unused, or is that of the message that takes its place. */
  const fold = (state: State, { existing, made: planned }: Waiting): void => {
    if (existing !== null) {
      folded.push(existing);
      absorbed.delete(existing);
    } else if (planned !== null) made.splice(made.indexOf(planned), 1);
    state.waiting = null;
  };

  const close = (state: State, thread: string, one: Notification, severity: Severity, incidentId: number | null): void => {
    if (state.waiting?.action === "update") fold(state, state.waiting);
    // What ended and was opened again may be so once more: its end waits until it no longer can, or has lasted.
    const againMs = incidentId !== null ? reopenedWithinMs : isOfAlert(one.kind) ? alertLastedMs : 0;
    make(state, thread, "resolve", one, severity, incidentId, state.resolved ? nowMs + againMs : nowMs);
  };

  /** What has not been told of as over goes on. */
  const reopen = (state: State, waiting: Waiting): void => {
    fold(state, waiting);
    state.open = true;
    state.lastAtMs = Math.min(state.lastAtMs, nowMs);
  };

  const event = (state: State, thread: string, one: Notification, severity: Severity): void => {
    const { waiting } = state;
    if (waiting?.action === "event" && waiting.kind === one.kind) return absorb(waiting, one, severity, waiting.nextAtMs);
    make(state, thread, "event", one, severity, null, Math.max(nowMs, state.lastAtMs + eventDelayMs));
  };

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
    if (effect === "open" && (incidentId !== null || isOfAlert(one.kind)) && state.waiting?.action === "resolve")
      return reopen(state, state.waiting);
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
  return { made, absorbed: [...absorbed.values()], folded };
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
