import type { Clock } from "../ports/platform/clock.ts";

/** The platform's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: async (ms, until) => {
    if (ms <= 0 || until?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        until?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      until?.addEventListener("abort", wake);
    });
  },
};
