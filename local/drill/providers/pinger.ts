import { setTimeout as sleep } from "node:timers/promises";

const minuteMs = 60_000;

/**
 * The fallback's cron: asks for its rounds now and at the start of every minute, over HTTP, whatever has become of those of
 * the minute before, and keeps each connection for as long as they take. @returns how to stop it
 */
export const startPinger = (url: string, cronSecret: string): { readonly stop: () => void } => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const ping = async () => {
    const answer = await fetch(`${url}/internal/cron/tick`, { headers: { authorization: `Bearer ${cronSecret}` }, signal });
    await answer.text();
  };
  const loop = async () => {
    while (!signal.aborted) {
      void ping().catch(() => undefined);
      await sleep(minuteMs - (Date.now() % minuteMs), undefined, { signal }).catch(() => undefined);
    }
  };
  void loop();
  return { stop: () => stopping.abort() };
};
