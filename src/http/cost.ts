import type { Deps } from "../adapters/ports/deps.ts";
import type { AppMiddleware } from "./env.ts";
import { within } from "./rate-limit.ts";

/**
 * What a request is worth that takes far more than most: in requests, of which a customer has in a minute what one credential
 * has (RATE_LIMIT_PER_CREDENTIAL). By default that is 30 backtests and readiness checks together, or 120 look-ups.
 */
export const costs = {
  /** Up to some seconds of computing. */
  computing: 40,
  /** Probes, and a dozen requests to Route 53. */
  probing: 40,
  /** A reading of all that a customer has. */
  reading: 10,
  /** Questions to public resolvers, or to STS with the operator's own credentials. */
  asking: 10,
  /** Questions likewise, for whom it is urgent: a hundred services are switched within half a minute of what there is. */
  ordering: 5,
  /** A message that is sent while its sender waits, and the questions where it would go. */
  sending: 20,
} as const;

/**
 * Counts what an expensive request is worth, by customer: of credentials a customer has many. Stands behind a guard.
 * @param purse what it is counted with; `order` is for manual overrides, which nothing else that a customer asks for may use up
 */
export const worth =
  (deps: Pick<Deps, "rateLimits">, cost: number, purse: "cost" | "order" = "cost"): AppMiddleware =>
  async (c, next) => {
    within(await deps.rateLimits.perCredential.take(`${purse}:${c.var.customerId}`, cost));
    await next();
  };
