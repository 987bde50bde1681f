import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { DnsBudget, Gate } from "../adapters/ports/steering/dns.ts";
import type { Connections } from "./connection-slots.ts";
import { connectionOf, nobody } from "./connection-slots.ts";

/** An edge has to begin with its answer within 25 s (Vercel). */
const requestMs = 20_000;

/** Somebody asks for this very account, and wants to hear how it is. */
const open: Gate = { enter: async () => ({ leave: () => undefined }) };

/** What the DNS calls of one API request may cost, all together. */
export const requestBudget = (clock: Clock, connections: Connections): DnsBudget => ({
  untilMs: clock.nowMs() + requestMs,
  connection: connectionOf(connections, { lane: "change", key: nobody }),
  gate: open,
});
