import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { DnsBudget, Gate } from "../adapters/ports/steering/dns.ts";
import type { Connections } from "./connection-slots.ts";
import { connectionOf, nobody } from "./connection-slots.ts";

/** An edge function has to begin its answer within 25 s (Vercel). */
const requestMs = 20_000;

/** API requests bypass the circuit breaker: the caller wants the account's own answer. */
const open: Gate = { enter: async () => ({ leave: () => undefined }) };

/** The budget of all DNS calls of one API request. */
export const requestBudget = (clock: Clock, connections: Connections): DnsBudget => ({
  untilMs: clock.nowMs() + requestMs,
  connection: connectionOf(connections, { lane: "change", key: nobody }),
  gate: open,
});
