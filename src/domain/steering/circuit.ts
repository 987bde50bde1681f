import type { Backoff } from "./backoff.ts";
import { backoffAfter } from "./backoff.ts";

/** A circuit breaker: after several failures in a row an account is paused for a while, longer each time. */
export type Circuit = {
  /** The weight of the failures since the last answer. */
  readonly strikes: number;
  /** How often in a row it was paused without an answer in between. */
  readonly pauses: number;
  /** Epoch milliseconds; null: it is not paused. */
  readonly pausedUntilMs: number | null;
};

/** The result of a call for this purpose: any answer counts, a refusal too. */
export type Outcome = "answered" | "throttled" | "unanswered";

export const closedCircuit: Circuit = { strikes: 0, pauses: 0, pausedUntilMs: null };

/** Six throttled calls in a row pause an account, or three without an answer, each of which costs a time-out. */
const weights = { throttled: 1, unanswered: 2 } as const;
const enough = 6;
const pause: Backoff = { firstMs: 10_000, mostMs: 300_000 };

/** @param key of the account: jitters its pauses */
export const afterCall = (circuit: Circuit, outcome: Outcome, nowMs: number, key: number): Circuit => {
  if (outcome === "answered") return closedCircuit;
  const { strikes, pauses, pausedUntilMs } = circuit;
  // Calls in flight when it was paused, or let through all the same, do not count.
  if (pausedUntilMs !== null && nowMs < pausedUntilMs) return circuit;
  const heavier = { ...circuit, strikes: strikes + weights[outcome] };
  if (pauses === 0 && heavier.strikes < enough) return heavier;
  return { ...heavier, pauses: pauses + 1, pausedUntilMs: nowMs + backoffAfter(pauses + 1, pause, key) };
};

/**
 * How an account may be called now. `freely`: closed; `once`: half-open, one call probes whether it answers again, while
 * the others wait; `not`: open.
 * @param urgent not deferrable: it is tried although paused
 */
export const mayBeAsked = ({ pauses, pausedUntilMs }: Circuit, urgent: boolean, nowMs: number): "freely" | "once" | "not" => {
  if (pauses === 0 || pausedUntilMs === null) return "freely";
  return urgent || nowMs >= pausedUntilMs ? "once" : "not";
};
