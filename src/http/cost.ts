import type { Deps } from "../adapters/ports/deps.ts";
import type { AppMiddleware } from "./env.ts";
import { within } from "./rate-limit.ts";

/**
 * Costs of expensive requests, in requests; a customer's budget per minute is that of one credential
 * (RATE_LIMIT_PER_CREDENTIAL). By default that is 30 backtests and readiness checks together, or 120 look-ups.
 */
export const costs = {
  /** Up to some seconds of computing. */
  computing: 40,
  /** Probes, and a dozen requests to Route 53. */
  probing: 40,
  /** Reads everything of a customer. */
  reading: 10,
  /** Queries to public resolvers, or to STS with the operator's own credentials. */
  asking: 10,
  /** The same, for urgent ones: a hundred services can be switched with half a minute's budget. */
  ordering: 5,
  /** Sends a message while its sender waits, and looks up where it would go. */
  sending: 20,
} as const;

/**
 * Charges an expensive request to the customer, who may have many credentials. Mounted after a guard.
 * @param purse the budget; `order` is for manual overrides, which no other request of the customer may exhaust
 */
export const worth =
  (deps: Pick<Deps, "rateLimits">, cost: number, purse: "cost" | "order" = "cost"): AppMiddleware =>
  async (c, next) => {
    within(await deps.rateLimits.perCredential.take(`${purse}:${c.var.customerId}`, cost));
    await next();
  };
