import type { Backoff } from "./backoff.ts";
import { backoffAfter } from "./backoff.ts";

/** Route 53 usually has a change on all its servers within a minute: during that time every round polls. */
const eagerChecks = 6;
const eagerMs = 8_000;
const later: Backoff = { firstMs: 20_000, mostMs: 300_000 };

/** The interval after the nth check (1-based) whether a change is on all servers. Milliseconds. */
export const nextCheckDelayMs = (checks: number, seed: number): number =>
  checks < eagerChecks ? eagerMs : backoffAfter(checks - eagerChecks + 1, later, seed);

/** After this polling ends: the outcome of the change is unknown then. */
export const unconfirmedAfterMs = 3_600_000;

/** The pause of polling for an account that refuses GetChange; one call then shows whether it is permitted now. */
const refused: Backoff = { firstMs: 600_000, mostMs: 3_600_000 };

export const refusedPollsDelayMs = (refusals: number, key: number): number => backoffAfter(refusals, refused, key);
