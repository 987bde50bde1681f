const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** How long after each failed attempt the next one follows: about 24 hours in all (Standard Webhooks, "Delivery retries"). */
const delaysMs = [
  5 * secondMs,
  30 * secondMs,
  2 * minuteMs,
  10 * minuteMs,
  30 * minuteMs,
  hourMs,
  2 * hourMs,
  4 * hourMs,
  6 * hourMs,
  10 * hourMs,
] as const;

/** Attempts after which a message is dead. */
export const maxAttempts = delaysMs.length + 1;

/** The longest that a receiver may put a message off by Retry-After. */
const mostRetryAfterMs = 12 * hourMs;

/**
 * @param attempts failed so far, from 1
 * @param chance in [0, 1): spreads the attempts over ±20 %
 * @param retryAfterMs what the receiver asks for; null: nothing
 * @returns epoch milliseconds of the next attempt; null: there is none
 */
export const nextAttemptMs = (attempts: number, nowMs: number, chance: number, retryAfterMs: number | null): number | null => {
  const delayMs = delaysMs[attempts - 1];
  if (delayMs === undefined) return null;
  const spreadMs = Math.round(delayMs * (0.8 + 0.4 * chance));
  return nowMs + Math.max(spreadMs, Math.min(retryAfterMs ?? 0, mostRetryAfterMs));
};

/** Failures in a row after which a channel's circuit opens: people are told elsewhere, and one attempt at a time is made. */
export const failuresToOpen = 5;

const firstPauseMs = 30 * secondMs;
const longestPauseMs = 15 * minuteMs;

/** For how long nothing is sent to a channel after so many failures in a row; 0: its circuit is closed. */
export const pauseMs = (failures: number): number =>
  failures < failuresToOpen ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(20, failures - failuresToOpen));

/** After a message of an incident, how long until the first, second ... update of it is sent; the last one repeats. */
const updateDelaysMs = [minuteMs, 5 * minuteMs, 15 * minuteMs, 30 * minuteMs, hourMs] as const;

/** @param updates sent, or to be sent, since the incident was opened */
export const updateDelayMs = (updates: number): number => updateDelaysMs[Math.min(updates, updateDelaysMs.length - 1)] ?? hourMs;

/** An alert of a budget that was resolved within so long and fires again comes and goes: its next end is told once it has lasted. */
export const alertAgainMs = hourMs;
export const alertLastedMs = 10 * minuteMs;

/** How long events of one kind and subject are gathered after one was sent. */
export const eventDelayMs = minuteMs;
