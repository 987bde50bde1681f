import { version } from "../../version.ts";
import type { ProbeAnswer, Prober } from "../ports/detection/probe.ts";
import { hasTooManyHeaders, isUnreadable } from "./unreadable-answer.ts";

/** The request is fixed by semantics §4: no redirects followed, no cookies, no cache, headers only. */
const request: RequestInit = {
  method: "GET",
  redirect: "manual",
  cache: "no-store",
  headers: { "user-agent": `tranche-probe/${version}`, accept: "*/*" },
};

/**
 * Probes by `fetch`. The time-out aborts the request, so that a hanging CDN frees its connection, and ends the probe whether
 * the platform honours that or not: the slot must be released. The body is cancelled unread, and not waited for. workerd does not
 * distinguish DNS, TLS and connection failures: all of them are `network`. What one runtime reads and another does not is
 * `unreadable` (unreadable-answer.ts).
 */
export const createProber = (send: typeof fetch, nowMs: () => number): Prober => ({
  probe: async ({ url, timeoutMs }) => {
    const controller = new AbortController();
    const startedAtMs = nowMs();
    const latencyMs = () => Math.max(0, Math.round(nowMs() - startedAtMs));
    const expired = Promise.withResolvers<null>();
    const timer = setTimeout(() => {
      controller.abort();
      expired.resolve(null);
    }, timeoutMs);
    // A late answer is discarded, and a failure then is ignored.
    const discard = (response: Response): void => void response.body?.cancel().catch(() => undefined);
    try {
      const answered = send(url, { ...request, signal: controller.signal });
      const response = await Promise.race([answered, expired.promise]);
      if (response === null) {
        answered.then(discard, () => undefined);
        return { kind: "timeout", latencyMs: latencyMs() };
      }
      const answer: ProbeAnswer = { kind: "answer", status: response.status, latencyMs: latencyMs() };
      discard(response);
      return hasTooManyHeaders(response.headers) ? { kind: "unreadable", latencyMs: answer.latencyMs } : answer;
    } catch (error) {
      const kind = controller.signal.aborted ? "timeout" : isUnreadable(error) ? "unreadable" : "network";
      return { kind, latencyMs: latencyMs() };
    } finally {
      clearTimeout(timer);
    }
  },
});
