import { startCron } from "../cron.ts";

/**
 * The fallback's cron: asks for its rounds over HTTP, and keeps each connection for as long as they take.
 * @param fromMs when it is to ask for the first time
 * @returns how to stop it
 */
export const startPinger = (url: string, cronSecret: string, fromMs: number): { readonly stop: () => void } => {
  const stopping = new AbortController();
  const cron = startCron(fromMs, async () => {
    const answer = await fetch(`${url}/internal/cron/tick`, {
      headers: { authorization: `Bearer ${cronSecret}` },
      signal: stopping.signal,
    });
    await answer.text();
  });
  return {
    stop: () => {
      cron.stop();
      stopping.abort();
    },
  };
};
