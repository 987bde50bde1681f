import { version } from "../version.ts";
import type { ProbeAnswer, Prober } from "./ports/probe.ts";

/** What goes over the wire is fixed by semantics §4: no redirects followed, no cookies, no cache, headers only. */
const request: RequestInit = {
  method: "GET",
  redirect: "manual",
  cache: "no-store",
  headers: { "user-agent": `tranche-probe/${version}`, accept: "*/*" },
};

/**
 * Probes by `fetch`. The time-out aborts the request, so that a hanging CDN frees its connection; the body is cancelled
 * unread. workerd does not tell DNS, TLS and connection failures apart: all of them are `network`.
 */
export const createProber = (send: typeof fetch, nowMs: () => number): Prober => ({
  probe: async ({ url, timeoutMs }) => {
    const controller = new AbortController();
    const startedAtMs = nowMs();
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    const latencyMs = () => Math.max(0, Math.round(nowMs() - startedAtMs));
    try {
      const response = await send(url, { ...request, signal: controller.signal });
      const answer: ProbeAnswer = { kind: "answer", status: response.status, latencyMs: latencyMs() };
      await response.body?.cancel().catch(() => undefined);
      return answer;
    } catch {
      return { kind: controller.signal.aborted ? "timeout" : "network", latencyMs: latencyMs() };
    } finally {
      clearTimeout(timer);
    }
  },
});
