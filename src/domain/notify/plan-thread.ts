import type { Notification } from "./incident.ts";
import type { NotificationKind, Severity } from "./kinds.ts";
import { severities } from "./kinds.ts";
import type { Action } from "./message.ts";
import { eventDelayMs, updateDelayMs } from "./retry.ts";

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
};

const worse = (a: Severity, b: Severity): Severity => (severities.indexOf(a) >= severities.indexOf(b) ? a : b);

/**
 * The messages of one channel as they come about, thread by thread: each news is a message of its own, goes into the one that waits, or
 * takes its place. Which news belongs to which thread, and whether the channel wants it, is `plan.ts`.
 * @param threads of the channel as they are stored
 */
export const composing = (channelId: number, threads: ReadonlyMap<string, Thread>, nowMs: number) => {
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
      channelId,
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
    if (action === "resolve") state.open = false;
  };

  /** Puts the news into the message that waits. */
  const absorb = (waiting: Waiting, one: Notification, severity: Severity, nextAtMs: number): void => {
    // The worst of what it tells gives it its name; of as bad ones the newest.
    if (worse(severity, waiting.severity) === severity) [waiting.kind, waiting.severity] = [one.kind, severity];
    waiting.last = one.id;
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

  const close = (state: State, thread: string, one: Notification, severity: Severity, incidentId: number | null): void => {
    const { waiting } = state;
    if (waiting?.action === "update") {
      // Never sent: its number stays unused, or is that of the resolve that takes its place.
      if (waiting.existing !== null) {
        folded.push(waiting.existing);
        absorbed.delete(waiting.existing);
      } else if (waiting.made !== null) made.splice(made.indexOf(waiting.made), 1);
    }
    make(state, thread, "resolve", one, severity, incidentId, nowMs);
  };

  const event = (state: State, thread: string, one: Notification, severity: Severity): void => {
    const { waiting } = state;
    if (waiting?.action === "event" && waiting.kind === one.kind) return absorb(waiting, one, severity, waiting.nextAtMs);
    make(state, thread, "event", one, severity, null, Math.max(nowMs, state.lastAtMs + eventDelayMs));
  };

  return { stateOf, make, update, close, event, planned: (): Plan => ({ made, absorbed: [...absorbed.values()], folded }) };
};
