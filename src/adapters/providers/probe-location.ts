import type { Clock } from "../ports/platform/clock.ts";
import type { Place } from "../ports/detection/probe.ts";

/** Answers any request with Cloudflare's facts about it, such as `colo=FRA`; cron and alarms have no request with them. */
const traceUrl = "https://www.cloudflare.com/cdn-cgi/trace";
const answerTimeoutMs = 2_000;
/** An isolate does not move, but a Durable Object may be restarted elsewhere after a long time. */
const askAgainMs = 3_600_000;

/** The location of a platform that gives it in its environment, or not at all. */
export const fixedPlace = (place: string | null): Place => ({ known: () => place, look: async () => undefined });

/** The colo from which a Worker's requests go out, queried once an hour. */
export const createColo = (send: typeof fetch, clock: Clock): Place => {
  let colo: string | null = null;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return {
    known: () => colo,
    look: async () => {
      if (clock.nowMs() - askedAtMs < askAgainMs) return;
      askedAtMs = clock.nowMs();
      try {
        const response = await send(traceUrl, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(answerTimeoutMs) });
        colo = /^colo=([A-Z]{3})$/m.exec(await response.text())?.[1] ?? null;
      } catch {
        // Unknown then; probing does not depend on it.
      }
    },
  };
};
