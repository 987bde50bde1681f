import type { Backoff } from "./backoff.ts";
import { backoffAfter } from "./backoff.ts";

/** Whether an account is asked: after several failures in a row it is left alone for a while, longer each time. */
export type Circuit = {
  /** What the failures since the last answer weigh. */
  readonly strikes: number;
  /** How often in a row it was paused without an answer in between. */
  readonly pauses: number;
  /** Epoch milliseconds; null: it is not paused. */
  readonly pausedUntilMs: number | null;
};

/** What a call came to, so far as this is concerned: an answer is an answer, a refusal too. */
export type Outcome = "answered" | "throttled" | "unanswered";

export const closedCircuit: Circuit = { strikes: 0, pauses: 0, pausedUntilMs: null };

/** Six throttled calls in a row pause an account, or three without an answer: each of those has cost a time-out. */
const weights = { throttled: 1, unanswered: 2 } as const;
const enough = 6;
const pause: Backoff = { firstMs: 10_000, mostMs: 300_000 };

/** @param key of the account: its pauses end at other moments than those of others */
export const afterCall = (circuit: Circuit, outcome: Outcome, nowMs: number, key: number): Circuit => {
  if (outcome === "answered") return closedCircuit;
  const { strikes, pauses, pausedUntilMs } = circuit;
  // Calls that were under way when it was paused, or that were let through all the same, say nothing new.
  if (pausedUntilMs !== null && nowMs < pausedUntilMs) return circuit;
  const heavier = { ...circuit, strikes: strikes + weights[outcome] };
  if (pauses === 0 && heavier.strikes < enough) return heavier;
  return { ...heavier, pauses: pauses + 1, pausedUntilMs: nowMs + backoffAfter(pauses + 1, pause, key) };
};

/**
 * How an account may be asked now. `freely`; `once`: a pause is over, and one call is to show whether it answers again, while
 * the others wait; `not`: it is paused.
 * @param urgent not to be put off: it is tried though it is paused
 */
export const mayBeAsked = ({ pauses, pausedUntilMs }: Circuit, urgent: boolean, nowMs: number): "freely" | "once" | "not" => {
  if (pauses === 0 || pausedUntilMs === null) return "freely";
  return urgent || nowMs >= pausedUntilMs ? "once" : "not";
};
