import type { Clock } from "./ports/clock.ts";

/** The platform's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms) => (ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))),
};
