import type { OwnershipState } from "../domain/tenants/ownership.ts";
import type { Trouble } from "../domain/steering/trouble.ts";
import type { ObjectiveState } from "../domain/slo/status.ts";

/** How a state is drawn: a shape, a colour and a word, each of which says it alone. */
export type Tone = "ok" | "warn" | "bad" | "held" | "off";

export type Word = { readonly word: string; readonly tone: Tone };

export const troubleWords: Readonly<Record<Trouble, Word>> = {
  held: { word: "Held", tone: "bad" },
  failing: { word: "Failing", tone: "bad" },
  silent: { word: "Silent", tone: "bad" },
  contested: { word: "Contested", tone: "warn" },
  on_backup: { word: "On backup", tone: "warn" },
  recovering: { word: "Recovering", tone: "warn" },
  backup_down: { word: "Backup down", tone: "warn" },
  overridden: { word: "Ordered", tone: "held" },
  not_ready: { word: "Not ready", tone: "warn" },
  none: { word: "Well", tone: "ok" },
};

export const objectiveWords: Readonly<Record<ObjectiveState, Word>> = {
  breaching: { word: "Breached", tone: "bad" },
  degraded: { word: "Down now", tone: "bad" },
  at_risk: { word: "At risk", tone: "warn" },
  healthy: { word: "Healthy", tone: "ok" },
  insufficient_data: { word: "Too little data", tone: "off" },
};

/** The states of routing. An unknown one is shown as it is called. */
const routing: Readonly<Record<string, Word>> = {
  normal: { word: "Normal", tone: "ok" },
  failback: { word: "Going back", tone: "warn" },
  shifted: { word: "On backup", tone: "warn" },
  partial: { word: "Partly on backup", tone: "warn" },
  held: { word: "Held", tone: "bad" },
  frozen: { word: "Frozen", tone: "held" },
};

export const routingWord = (state: string): Word => routing[state] ?? { word: state, tone: "off" };

/** Why a service points where it points, and why a switch was made. */
const reasons: Readonly<Record<string, string>> = {
  calm: "nothing is wrong",
  storm: "a storm on the primary",
  override: "ordered by hand",
  bad_backup: "the backup was worse, so it went back to the primary",
  failback: "the primary is well again: going back in steps",
  frozen: "frozen by hand",
  panic: "panic is on: nothing is written to any outside system",
  global_freeze: "everything is frozen by an admin",
  backup_down: "the backup is down too: a switch would not help",
  backup_unknown: "nobody knows whether the backup is up",
  latched: "the backup failed in this storm: no second try",
  primary_not_known_up: "the primary is not known to be up",
};

/** @returns a sentence's part; a reason that is not known as it is called */
export const reasonText = (reason: string): string => reasons[reason] ?? reason.replaceAll("_", " ");

export const kindWords = { http_availability: "availability", http_latency: "latency" } as const;

export const stormWords: Readonly<Record<"storm" | "recovering" | "ended", Word>> = {
  storm: { word: "Storm", tone: "bad" },
  recovering: { word: "Recovering", tone: "warn" },
  ended: { word: "Ended", tone: "off" },
};

export const resultWords: Readonly<Record<string, Word>> = {
  intent: { word: "Under way", tone: "warn" },
  accepted: { word: "Accepted", tone: "warn" },
  insync: { word: "Done", tone: "ok" },
  unconfirmed: { word: "Unconfirmed", tone: "off" },
  failed: { word: "Failed", tone: "bad" },
  superseded: { word: "Superseded", tone: "off" },
  shadow: { word: "Shadow", tone: "off" },
};

export const readinessWords: Readonly<Record<"pass" | "warn" | "fail" | "unproven", Word>> = {
  pass: { word: "Ready", tone: "ok" },
  warn: { word: "Ready, with warnings", tone: "warn" },
  fail: { word: "Not ready", tone: "bad" },
  unproven: { word: "Unproven", tone: "off" },
};

/** A single finding of a readiness check. */
export const findingWords: typeof readinessWords = {
  pass: { word: "Pass", tone: "ok" },
  warn: { word: "Warning", tone: "warn" },
  fail: { word: "Fail", tone: "bad" },
  unproven: { word: "Unproven", tone: "off" },
};

export const ownershipWords: Readonly<Record<OwnershipState, Word>> = {
  unproven: { word: "Unproven", tone: "off" },
  proven: { word: "Proven", tone: "ok" },
  lapsing: { word: "Lapsing", tone: "warn" },
  held: { word: "Proof is gone", tone: "bad" },
  disputed: { word: "Disputed", tone: "warn" },
  lost: { word: "Lost", tone: "bad" },
};

export const tokenWord: Readonly<Record<"live" | "expired" | "revoked", Word>> = {
  live: { word: "Live", tone: "ok" },
  expired: { word: "Expired", tone: "off" },
  revoked: { word: "Revoked", tone: "off" },
};

export const linkWords: Readonly<Record<"open" | "expired" | "withdrawn", Word>> = {
  open: { word: "Open", tone: "ok" },
  expired: { word: "Expired", tone: "off" },
  withdrawn: { word: "Withdrawn", tone: "off" },
};

export const channelWords: Readonly<Record<"active" | "unconfirmed" | "paused" | "disabled", Word>> = {
  active: { word: "Active", tone: "ok" },
  unconfirmed: { word: "Unconfirmed", tone: "warn" },
  paused: { word: "Paused", tone: "bad" },
  disabled: { word: "Disabled", tone: "off" },
};

export const deliveryWords: Readonly<Record<"pending" | "sent" | "dead" | "folded" | "dropped", Word>> = {
  pending: { word: "Waiting", tone: "warn" },
  sent: { word: "Sent", tone: "ok" },
  dead: { word: "Dead", tone: "bad" },
  folded: { word: "Folded", tone: "off" },
  dropped: { word: "Dropped", tone: "off" },
};

/** What an order does, as its button says it. */
export const orderWords = {
  backup: "To backup",
  primary: "To primary",
  frozen: "Freeze",
} as const;

/** The order that is in force. */
export const orderedWords = {
  backup: "Held on its backup",
  primary: "Held at its normal weights",
  frozen: "Frozen as it is",
} as const;
