import type { Reading } from "./health.ts";

/** A storm that has not ended. Times are epoch milliseconds. */
export type ActiveStorm = {
  readonly state: "storm" | "recovering";
  readonly startedAtMs: number;
  /** T of semantics §5: since when the primary has been up, while recovering. */
  readonly recoveringSinceMs: number | null;
};

export type StormInput = {
  readonly active: ActiveStorm | null;
  /** When the previous storm of this service and kind ended: a new one can not begin before it. */
  readonly previousEndedAtMs: number | null;
  /** The service's primary, over all counted vantages. */
  readonly primary: Reading;
  /** The newest counted sample, however old; null where there has been none since the storm began. */
  readonly lastCountedAtMs: number | null;
  /** False where only a CDN's own vantage is heard: that may start a storm but never end one. */
  readonly mayEnd: boolean;
  readonly cooldownSeconds: number;
  readonly nowMs: number;
};

/** Transitions of a storm; ending as `credit_changed` is decided in `credit.ts`. */
export type StormTransition =
  | { readonly kind: "begin"; readonly startedAtMs: number }
  | { readonly kind: "recover"; readonly sinceMs: number }
  | { readonly kind: "restart"; readonly sinceMs: number }
  | { readonly kind: "relapse" }
  | { readonly kind: "end"; readonly endedAtMs: number; readonly reason: "recovered" | "no_evidence" | "credit_changed" };

/** A storm without any counted sample for this long ends at the last one. */
export const evidenceTimeoutMs = 15 * 60_000;

/**
 * The state machine of a storm, once per round and policy (semantics §5). Pure.
 * @returns null where nothing changes
 */
export const nextStorm = (input: StormInput): StormTransition | null => {
  const { active, primary, nowMs } = input;
  if (active === null) {
    if (primary.health !== "down") return null;
    return { kind: "begin", startedAtMs: Math.min(nowMs, Math.max(primary.firstFailedAtMs ?? nowMs, input.previousEndedAtMs ?? 0)) };
  }
  const health = primary.health === "up" && !input.mayEnd ? "unknown" : primary.health;
  const lastCountedAtMs = Math.max(input.lastCountedAtMs ?? 0, active.startedAtMs);
  if (active.state === "recovering" && primary.below) return { kind: "relapse" };
  if (nowMs - lastCountedAtMs >= evidenceTimeoutMs) {
    return { kind: "end", endedAtMs: lastCountedAtMs, reason: "no_evidence" };
  }
  if (active.state === "storm") return health === "up" ? { kind: "recover", sinceMs: nowMs } : null;
  const sinceMs = Math.max(active.recoveringSinceMs ?? nowMs, active.startedAtMs);
  // After a clock jump backwards T would lie in the future and the cooldown never end: T restarts.
  if (health !== "up" || sinceMs > nowMs) return { kind: "restart", sinceMs: Math.max(nowMs, active.startedAtMs) };
  return nowMs - sinceMs >= input.cooldownSeconds * 1_000 ? { kind: "end", endedAtMs: sinceMs, reason: "recovered" } : null;
};
