import { setTimeout as sleep } from "node:timers/promises";

export const minuteMs = 60_000;

/** The jitter of a platform's cron: up to 8 s late at the real cadence. */
const latestMs = 800;

/**
 * A platform's cron: once a minute, at a fixed second with jitter, whatever the state of the previous run.
 * @param fromMs when it is to fire for the first time; where that is past, the next of its minutes is
 * @param fire with the minute that it stands for: its beginning, as the platforms say it
 * @returns how to stop it
 */
export const startCron = (fromMs: number, fire: (minuteMs: number) => Promise<unknown>): { readonly stop: () => void } => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async () => {
    for (let dueMs = fromMs; !signal.aborted; dueMs += minuteMs) {
      const waitMs = dueMs - Date.now();
      if (waitMs < -latestMs) continue;
      await sleep(Math.max(0, waitMs) + (dueMs === fromMs ? 0 : Math.random() * latestMs), undefined, { signal });
      void fire(Date.now() - (Date.now() % minuteMs)).catch(() => undefined);
    }
  };
  void loop().catch(() => undefined);
  return { stop: () => stopping.abort() };
};
