import type { Backoff } from "./backoff.ts";
import { backoffAfter } from "./backoff.ts";

/** Route 53 has a change on all its servers within a minute as a rule: so long each round asks. */
const eagerChecks = 6;
const eagerMs = 8_000;
const later: Backoff = { firstMs: 20_000, mostMs: 300_000 };

/** How long after the nth check (1-based) whether a change is on all servers the next one comes. Milliseconds. */
export const nextCheckDelayMs = (checks: number, seed: number): number =>
  checks < eagerChecks ? eagerMs : backoffAfter(checks - eagerChecks + 1, later, seed);

/** Longer than this nobody asks: what became of the change is not known then. */
export const unconfirmedAfterMs = 3_600_000;

/** How long an account that does not let its changes be asked after is left alone; one question then shows whether it does now. */
const refused: Backoff = { firstMs: 600_000, mostMs: 3_600_000 };

export const refusedPollsDelayMs = (refusals: number, key: number): number => backoffAfter(refusals, refused, key);
