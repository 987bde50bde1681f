import { systemClock } from "../../src/adapters/platform/clock.ts";
import type { Budget } from "../../src/adapters/ports/platform/budget.ts";
import { connectionOf, createConnections, nobody } from "../../src/pipeline/connection-slots.ts";

/** A real budget, connections counted, that ends so many milliseconds from now. */
export const budgetFor = (ms: number): Budget => ({
  untilMs: systemClock.nowMs() + ms,
  connection: connectionOf(createConnections(systemClock), { lane: "background", key: nobody }),
});
