import type { Backoff } from "./backoff.ts";
import { backoffAfter } from "./backoff.ts";
import type { PlannedChange } from "./steering.ts";
import { equalWeights } from "./steering.ts";

/** A failed switch that is to be retried. */
export type FailedAttempt = {
  readonly from: PlannedChange["from"];
  readonly to: PlannedChange["to"];
  readonly reason: string;
  readonly nextAttemptAtMs: number;
  /** Whether the records are still those of the last attempt. */
  readonly sameRecords: boolean;
};

/** Urgent reasons: visitors are on a dead CDN, or an operator has ordered it. */
const urgentReasons: readonly string[] = ["storm", "bad_backup", "override"];

export const isUrgent = (reason: string): boolean => urgentReasons.includes(reason);

const urgentBackoff: Backoff = { firstMs: 10_000, mostMs: 60_000 };
const patientBackoff: Backoff = { firstMs: 20_000, mostMs: 300_000 };

/** How long a switch waits after its nth failed attempt (1-based). @param seed the id of its domain */
export const retryDelayMs = (attempts: number, reason: string, seed: number): number =>
  backoffAfter(attempts, isUrgent(reason) ? urgentBackoff : patientBackoff, seed);

/** Whether this failed attempt was at the same switch for the same reason. */
export const isAttemptAt = (attempt: FailedAttempt, change: Pick<PlannedChange, "from" | "to">, reason: string): boolean =>
  attempt.reason === reason && equalWeights(attempt.from, change.from) && equalWeights(attempt.to, change.to);

/** Whether a switch is in its backoff. Where the records have changed it is retried at once. */
export const isHeldBack = (
  attempts: readonly FailedAttempt[],
  change: Pick<PlannedChange, "from" | "to">,
  reason: string,
  nowMs: number,
): boolean => attempts.some((attempt) => isAttemptAt(attempt, change, reason) && attempt.sameRecords && nowMs < attempt.nextAttemptAtMs);
